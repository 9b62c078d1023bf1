//! Lanes: each gathers commands and runs them in batches on a connection of its own. A merchant
//! always has the same lane, so its commands meet in one batch and keep their order.
//!
//! Under too much load a command is refused at the door if its merchant has taken its share of the
//! lane or the batches before it are expected to take too long. One that waited too long all the
//! same, since its books were locked elsewhere or the database stood still, is withdrawn. Either
//! way nothing was done.

mod course;
mod entrance;
mod thread;

pub use entrance::{Job, Jobs, ReplyTo};

use self::{entrance::Entrance, thread::Lane};
use super::{Reply, Submission, WriteError};
use crate::{
    base::{
        ambient::Ambient,
        db::{Db, DbError},
        ids::MerchantId,
    },
    domain::{callbacks::outbox::Handover, links::PageUrls},
    writer::RenderRejection,
};
use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::{sync::oneshot, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a command may wait for its batch to begin.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// What one batch did, for metrics and for those who wait for deliveries or events.
#[derive(Clone, Debug)]
pub struct BatchReport {
    /// Which lane ran it; 0 for the first.
    pub lane: usize,
    /// Commands in it.
    pub commands: usize,
    /// From its first statement to its commit.
    pub took: Duration,
    /// Deliveries that are now due and wait to be claimed.
    pub deliveries: usize,
    /// Replays that are now ordered.
    pub replays: usize,
    /// Merchants who have new events, each once.
    pub notified: Vec<MerchantId>,
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
    /// Who hears of each commit.
    pub hooks: Hooks,
}

/// The handle that everyone submits commands to. Clones share the lanes.
#[derive(Clone, Debug)]
pub struct Writer {
    lanes: Arc<[Arc<Entrance>]>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Writer {
    /// Connects the lanes and starts them.
    pub async fn start(options: WriterOptions) -> Result<Self, DbError> {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let mut lanes = Vec::new();
        for number in 0..options.lanes.max(1) {
            let entrance = Arc::new(Entrance::default());
            let lane = Lane::new(number, options.clone(), Arc::clone(&entrance));
            lane.start(stop.clone(), tasks.token()).await?;
            lanes.push(entrance);
        }
        Ok(Self {
            lanes: lanes.into(),
            tasks,
            stop,
        })
    }

    /// A writer whose commands are served by the owner of the other end of its one queue: how
    /// `threadpay bench` puts another way of writing under the same doors.
    pub fn queue() -> (Self, Jobs) {
        let entrance = Arc::new(Entrance::default());
        let writer = Self {
            lanes: Arc::new([Arc::clone(&entrance)]),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        (writer, Jobs::new(entrance))
    }

    /// Submits a command and waits until its change is durable, or is known to be none.
    pub async fn submit(&self, submission: Submission) -> Result<Reply, WriteError> {
        let lane = self.lane(submission.merchant)?;
        // The rail has been asked: to refuse its answer would leave a payment open.
        let ends_a_call = submission.command.ends_a_call();
        if !ends_a_call && !lane.is_open(submission.merchant) {
            return Err(WriteError::Overloaded);
        }
        let (reply, mut answer) = oneshot::channel();
        let claimed = lane.send(submission, reply)?;
        let answered = match timeout(WAIT_MAX, &mut answer).await {
            Ok(answered) => answered,
            // From here on the lane cannot begin it, unless it has.
            Err(_) if !ends_a_call && !claimed.swap(true, Ordering::AcqRel) => {
                return Err(WriteError::Overloaded);
            }
            Err(_) => answer.await,
        };
        answered.unwrap_or(Err(WriteError::Unavailable))
    }

    /// Refuses already what [`Self::submit`] would refuse for want of room.
    pub fn admits(&self, merchant: MerchantId) -> Result<(), WriteError> {
        if self.lane(merchant)?.is_open(merchant) {
            Ok(())
        } else {
            Err(WriteError::Overloaded)
        }
    }

    /// Which lane does not work, and why, if there is one.
    pub fn fault(&self, now: Instant) -> Option<String> {
        let mut lanes = self.lanes.iter().enumerate();
        lanes.find_map(|(number, lane)| {
            let fault = lane.course.fault(now)?;
            Some(format!("lane {number} of the writer {fault}"))
        })
    }

    fn lane(&self, merchant: MerchantId) -> Result<&Arc<Entrance>, WriteError> {
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

#[cfg(test)]
mod tests;
