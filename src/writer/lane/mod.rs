//! Lanes: each gathers commands and runs them in batches on a connection of its own. A merchant
//! always has the same lane, so its commands meet in one batch and keep their order.
//!
//! Under too much load a command is refused at the door if the batches before it are expected to
//! take too long, and one that waited too long all the same, since the database stood still, takes
//! itself back. Either way nothing was done.

use super::{
    Job, Rejection, Reply, Submission, WriteError,
    batch::{self, Services},
    entrance::{BATCH_MAX, Entrance, Pace},
};
use crate::{
    base::{
        ambient::Ambient,
        db::{Db, DbError, Use, is_outage},
        ids::MerchantId,
    },
    domain::{callbacks::outbox::Handover, ledger, links::PageUrls},
    writer::RenderRejection,
};
use sqlx::PgConnection;
use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};
use tokio::{
    runtime::Builder,
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

/// How long a command may wait for its batch to begin.
const WAIT_MAX: Duration = Duration::from_secs(1);
/// How long a batch may take before its connection is given up.
const BATCH_DEADLINE: Duration = Duration::from_secs(30);
/// How long a lane rests before it connects again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// What one batch did, for metrics and for whoever waits for deliveries or events.
#[derive(Clone, Debug)]
pub struct BatchReport {
    /// Which lane ran it; 0 for the first.
    pub lane: usize,
    /// Commands in it.
    pub commands: usize,
    /// From its first statement to its commit.
    pub took: Duration,
    /// Deliveries that are now owed and wait to be claimed.
    pub deliveries: usize,
    /// Replays that are now ordered.
    pub replays: usize,
    /// Merchants who have new events, each once.
    pub told: Vec<MerchantId>,
    /// Commands that wait for the lane's next batch.
    pub queued: usize,
}

/// Called after each commit; must not block.
#[derive(Clone)]
pub struct Hooks(pub Arc<dyn Fn(BatchReport) + Send + Sync>);

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooks")
    }
}

/// What the writer is built from.
#[derive(Clone, Debug)]
pub struct WriterOptions {
    /// Where the database is.
    pub db: Db,
    /// How many lanes; as many as there are processors.
    pub lanes: usize,
    /// Time, ids and chance.
    pub ambient: Ambient,
    /// Addresses of pages.
    pub urls: PageUrls,
    /// How rejections are printed.
    pub render: RenderRejection,
    /// Where new deliveries are handed to the dispatcher.
    pub handover: Arc<Handover>,
    /// Who is told of each commit.
    pub hooks: Hooks,
}

/// The handle that everyone submits commands to. Clones share the lanes.
#[derive(Clone, Debug)]
pub struct Writer {
    lanes: Arc<[Entrance]>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Writer {
    /// Connects the lanes and starts them.
    pub async fn start(options: WriterOptions) -> Result<Self, DbError> {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let mut lanes = Vec::new();
        for number in 0..options.lanes.max(1) {
            let (entrance, receiver) = Entrance::new();
            let lane = Lane {
                number,
                options: options.clone(),
                connection: None,
                receiver,
                pace: entrance.pace.clone(),
            };
            lane.start(stop.clone(), tasks.token()).await?;
            lanes.push(entrance);
        }
        Ok(Self {
            lanes: lanes.into(),
            tasks,
            stop,
        })
    }

    /// A writer whose commands are served by whoever holds the other end of its one queue: how
    /// `threadpay bench` puts another way of writing under the same doors.
    pub fn queue() -> (Self, mpsc::Receiver<Job>) {
        let (entrance, receiver) = Entrance::new();
        let writer = Self {
            lanes: Arc::new([entrance]),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        (writer, receiver)
    }

    /// Submits a command and waits until its change is durable, or is known to be none.
    pub async fn submit(&self, submission: Submission) -> Result<Reply, WriteError> {
        let lane = self.lane(submission.merchant)?;
        // The rail has been asked: to refuse its answer would leave a payment open.
        let ends_a_call = submission.command.ends_a_call();
        if !ends_a_call && !lane.is_open() {
            return Err(WriteError::Overloaded);
        }
        let (reply, mut answer) = oneshot::channel();
        let settled = lane.send(submission, reply)?;
        let answered = match timeout(WAIT_MAX, &mut answer).await {
            Ok(answered) => answered,
            // From here on the lane cannot begin it, unless it has.
            Err(_) if !ends_a_call && !settled.swap(true, Ordering::AcqRel) => {
                return Err(WriteError::Overloaded);
            }
            Err(_) => answer.await,
        };
        answered.unwrap_or(Err(WriteError::Unavailable))
    }

    /// Refuses already what [`Self::submit`] would refuse for want of room.
    pub fn admits(&self, merchant: MerchantId) -> Result<(), WriteError> {
        if self.lane(merchant)?.is_open() {
            Ok(())
        } else {
            Err(WriteError::Overloaded)
        }
    }

    fn lane(&self, merchant: MerchantId) -> Result<&Entrance, WriteError> {
        let count = u128::try_from(self.lanes.len()).unwrap_or(1);
        let index = usize::try_from(merchant.0.as_u128() % count).ok();
        let lane = index.and_then(|index| self.lanes.get(index));
        lane.ok_or(WriteError::Overloaded)
    }

    /// Finishes what is queued, takes nothing more, and returns when all is done.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

struct Lane {
    number: usize,
    options: WriterOptions,
    connection: Option<PgConnection>,
    receiver: mpsc::Receiver<Job>,
    pace: Pace,
}

impl Lane {
    /// Connects, and runs on a thread of its own until it is stopped. A batch waits for the
    /// database several times, and among other tasks each of these waits may end behind them, or
    /// on a thread that has to be woken first.
    async fn start(
        mut self,
        stop: CancellationToken,
        running: TaskTrackerToken,
    ) -> Result<(), DbError> {
        let (ready, started) = oneshot::channel();
        let run = async move {
            match self.connect().await {
                Ok(connection) => {
                    self.connection = Some(connection);
                    if ready.send(Ok(())).is_ok() {
                        self.run(stop).await;
                    }
                }
                // Whoever waits for it may have gone.
                Err(error) => drop(ready.send(Err(error))),
            }
        };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(sqlx::Error::Io)?;
        let thread = thread::Builder::new().name("lane".to_owned());
        let thread = thread.spawn(move || {
            runtime.block_on(run);
            drop(running);
        });
        thread.map_err(sqlx::Error::Io)?;
        let started = started.await;
        started.unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed.into()))
    }

    async fn run(mut self, stop: CancellationToken) {
        let mut jobs = Vec::with_capacity(BATCH_MAX);
        loop {
            let received = tokio::select! {
                biased;
                received = self.receiver.recv_many(&mut jobs, BATCH_MAX) => received,
                () = stop.cancelled(), if !self.receiver.is_closed() => {
                    self.receiver.close();
                    continue;
                }
            };
            if received == 0 {
                return;
            }
            self.serve(&mut jobs).await;
        }
    }

    async fn serve(&mut self, jobs: &mut Vec<Job>) {
        let (mut batch, mut waiting): (Vec<_>, Vec<_>) =
            jobs.drain(..).filter_map(Job::begin).unzip();
        // What was taken back leaves room for others.
        while batch.len() < BATCH_MAX
            && let Ok(job) = self.receiver.try_recv()
        {
            if let Some((submission, reply)) = job.begin() {
                batch.push(submission);
                waiting.push(reply);
            }
        }
        if batch.is_empty() {
            return;
        }
        let begun = Instant::now();
        let results = self.write(&batch).await;
        for (result, reply) in results.into_iter().zip(waiting) {
            // Whoever asked may have gone; the change stands all the same.
            let _ = reply.send(result);
        }
        self.pace.add(begun.elapsed());
    }

    async fn write(&mut self, batch: &[Submission]) -> Vec<Result<Reply, WriteError>> {
        match self.try_batch(batch).await {
            Ok(replies) => replies
                .into_iter()
                .map(|reply| reply.map_err(WriteError::Rejected))
                .collect(),
            Err(WriteError::Broken) if batch.len() > 1 => self.write_one_by_one(batch).await,
            Err(error) => batch.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// A batch that breaks a rule of the database is run again, command by command, so that the
    /// one at fault fails alone.
    async fn write_one_by_one(&mut self, batch: &[Submission]) -> Vec<Result<Reply, WriteError>> {
        let mut results = Vec::with_capacity(batch.len());
        for submission in batch {
            let alone = self.try_batch(std::slice::from_ref(submission)).await;
            let reply = alone.and_then(|mut replies| match replies.pop() {
                Some(reply) => reply.map_err(WriteError::Rejected),
                None => Err(WriteError::Broken),
            });
            results.push(reply);
        }
        results
    }

    async fn try_batch(
        &mut self,
        batch: &[Submission],
    ) -> Result<Vec<Result<Reply, Rejection>>, WriteError> {
        let mut connection = self.connected().await?;
        let services = Services {
            ambient: &self.options.ambient,
            urls: &self.options.urls,
            render: self.options.render,
            handover: &self.options.handover,
        };
        let begun = Instant::now();
        match timeout(BATCH_DEADLINE, batch::run(&mut connection, batch, services)).await {
            Ok(Ok((replies, written))) => {
                self.connection = Some(connection);
                (self.options.hooks.0)(BatchReport {
                    lane: self.number,
                    commands: batch.len(),
                    took: begun.elapsed(),
                    deliveries: written.deliveries,
                    replays: written.replays,
                    told: written.told,
                    queued: self.receiver.len(),
                });
                Ok(replies)
            }
            Ok(Err(error)) if !is_outage(&error) => {
                self.connection = Some(connection);
                tracing::error!(%error, commands = batch.len(), "a batch was refused by the database");
                Err(WriteError::Broken)
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the writer lost its connection");
                Err(WriteError::Unavailable)
            }
            Err(_) => {
                tracing::warn!("a batch took too long; the writer connects again");
                Err(WriteError::Unavailable)
            }
        }
    }

    async fn connect(&self) -> Result<PgConnection, DbError> {
        let mut connection = self.options.db.connect(Use::Writer).await?;
        ledger::store::prepare_lock(&mut connection).await?;
        Ok(connection)
    }

    async fn connected(&mut self) -> Result<PgConnection, WriteError> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        match self.connect().await {
            Ok(connection) => Ok(connection),
            Err(error) => {
                tracing::warn!(%error, "the writer cannot reach the database");
                tokio::time::sleep(RECONNECT_PAUSE).await;
                Err(WriteError::Unavailable)
            }
        }
    }
}

#[cfg(test)]
mod tests;
