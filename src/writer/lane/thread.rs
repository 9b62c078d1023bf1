//! A lane at work: lock the books of those who wait, begin what can begin, answer.
//!
//! | books of the batch | what the lane does |
//! |---|---|
//! | of several merchants | takes those that are free (`SKIP LOCKED`) and puts the commands of the others back |
//! | of one merchant | waits for them, for a moment at most |
//! | of several, none free | waits for those whose turn it is |
//! | passed over for long | a batch of their own, so that it waits for them: another process that is busy with the same merchant could keep them from this one for ever |
//! | free, but other rows of the merchant are locked | a batch of their own, which waits for a moment (`apart`) |
//!
//! A command begins only once its merchant's books are held: until then its caller may take it back.

mod apart;
mod connect;
mod write;

use self::apart::Apart;
use super::{
    BatchReport, WriterOptions,
    entrance::{Entrance, Job, ReplyTo},
};
use crate::{
    base::{db::DbError, ids::MerchantId},
    domain::ledger::store::{self as books, Locked, Patience, ROW_WAIT},
    writer::{
        Submission, WriteError,
        batch::{BatchSummary, Services},
    },
};
use sqlx::PgConnection;
use std::{
    collections::{BTreeSet, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio::{runtime::Builder, sync::oneshot, time::timeout};
use tokio_util::{sync::CancellationToken, task::task_tracker::TaskTrackerToken};
use uuid::Uuid;

/// How long a batch may take before its connection is given up.
const BATCH_DEADLINE: Duration = Duration::from_secs(30);
/// How long a lane waits for books that are locked elsewhere, while others' commands may come:
/// longer than a batch takes.
const LOCK_WAIT: Duration = Duration::from_millis(50);
/// How long books are passed over before the lane waits for them, and how long it then serves
/// others before it waits so again: they have four fifths of its time.
const PASSED_OVER: Duration = Duration::from_millis(200);
/// How long a batch waits for its books that cannot be put back: it has begun and is run anew, or
/// the service stops.
const LAST_WAIT: Patience = Patience {
    books: Duration::from_secs(1),
    rows: ROW_WAIT,
};
/// How long a batch waits for rows that are known to be locked elsewhere.
const SHORT_WAIT: Duration = Duration::from_millis(50);

/// Commands that have begun, each with where its reply goes.
type Begun = Vec<(Submission, ReplyTo)>;

pub(super) struct Lane {
    number: usize,
    options: WriterOptions,
    connection: Option<PgConnection>,
    entrance: Arc<Entrance>,
    /// Whose books were locked elsewhere, and since when.
    passed_over: HashMap<MerchantId, Instant>,
    /// When the lane may wait again for books that were passed over.
    wait_at: Instant,
    apart: Apart,
}

impl Lane {
    pub(super) fn new(number: usize, options: WriterOptions, entrance: Arc<Entrance>) -> Self {
        Self {
            number,
            options,
            connection: None,
            entrance,
            passed_over: HashMap::new(),
            wait_at: Instant::now(),
            apart: Apart::default(),
        }
    }

    /// Connects, and runs on a thread of its own until it is stopped. A batch waits for the
    /// database several times: on a shared runtime each wake-up queues behind other tasks, or on a
    /// thread that has to be woken first.
    pub(super) async fn start(
        mut self,
        stop: CancellationToken,
        running: TaskTrackerToken,
    ) -> Result<(), DbError> {
        let (ready, started) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(sqlx::Error::Io)?;
        let thread = thread::Builder::new().name("lane".to_owned());
        let thread = thread.spawn(move || {
            match runtime.block_on(connect::connect(&self.options.db)) {
                Ok(connection) => self.connection = Some(connection),
                // The caller may have gone.
                Err(error) => return drop(ready.send(Err(error))),
            }
            if ready.send(Ok(())).is_err() {
                return;
            }
            // A panic costs the batch that it comes from, and never the lane.
            while catch_unwind(AssertUnwindSafe(|| runtime.block_on(self.run(&stop)))).is_err() {
                tracing::error!(lane = self.number, "a lane panicked; it goes on");
                self.connection = None;
                self.entrance.course.ends(false);
            }
            self.entrance.course.is_gone();
            drop(running);
        });
        thread.map_err(sqlx::Error::Io)?;
        let started = started.await;
        started.unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed.into()))
    }

    async fn run(&mut self, stop: &CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled(), if !self.entrance.is_closed() => self.entrance.close(),
                () = tokio::time::sleep(connect::LOOK), if self.entrance.course.is_failing() => self.look().await,
                has_jobs = self.entrance.has_jobs() => {
                    if !has_jobs {
                        return;
                    }
                    self.serve().await;
                }
            }
        }
    }

    /// Runs one batch.
    async fn serve(&mut self) {
        let jobs = self.gather();
        if jobs.is_empty() {
            return;
        }
        let started = Instant::now();
        self.entrance.course.begins(started);
        let locked = self.lock(&jobs).await;
        let found_database = locked.is_ok();
        match locked {
            Ok(Some(locked)) => {
                let (ours, others) = jobs
                    .into_iter()
                    .partition(|job| locked.merchants.contains(&job.merchant().0));
                self.pass_over(others);
                if let Some(begun) = self.begin(ours).await {
                    self.write(begun, locked.at).await;
                    self.entrance.pace.add(started.elapsed());
                }
            }
            Ok(None) => self.pass_over(jobs),
            Err(error) => {
                for (_, reply) in jobs.into_iter().filter_map(Job::begin) {
                    // The caller may have gone.
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
        self.entrance.course.ends(found_database);
    }

    /// The commands of the next batch: of all who wait, or of one who was passed over for long.
    fn gather(&mut self) -> Vec<Job> {
        let now = Instant::now();
        let is_due = |since: &Instant| now.duration_since(*since) >= PASSED_OVER;
        let longest = self.passed_over.iter().min_by_key(|(_, since)| **since);
        match longest {
            Some((merchant, since)) if now >= self.wait_at && is_due(since) => {
                let merchant = *merchant;
                self.passed_over.remove(&merchant);
                self.wait_at = now + PASSED_OVER;
                self.entrance.take_of(merchant)
            }
            Some(_) | None => self.entrance.take(),
        }
    }

    /// Puts commands back whose books are locked elsewhere.
    fn pass_over(&mut self, jobs: Vec<Job>) {
        if self.entrance.is_closed() {
            // The service stops, and has waited for them: the callers ask another process.
            return drop(jobs);
        }
        let now = Instant::now();
        for job in &jobs {
            self.passed_over.entry(job.merchant()).or_insert(now);
        }
        self.entrance.put_back(jobs);
    }

    /// Begins the commands whose books are held. If all were taken back, the books are let go.
    async fn begin(&mut self, jobs: Vec<Job>) -> Option<Begun> {
        for job in &jobs {
            self.passed_over.remove(&job.merchant());
        }
        let begun: Begun = jobs.into_iter().filter_map(Job::begin).collect();
        if begun.is_empty() {
            self.roll_back().await;
            return None;
        }
        Some(begun)
    }

    /// Locks books for a batch: those that are free, or one merchant's. Begins a transaction if it
    /// gets any.
    async fn lock(&mut self, jobs: &[Job]) -> Result<Option<Locked>, WriteError> {
        if self.entrance.is_closed() {
            let all = ids(jobs.iter().map(Job::merchant));
            return self.lock_books(&all, Some(LAST_WAIT)).await;
        }
        let now = Instant::now();
        let is_apart = |merchant: &MerchantId| self.apart.holds(*merchant, now);
        let together = || jobs.iter().map(Job::merchant).filter(|m| !is_apart(m));
        let merchants = ids(together());
        let first = together().next().or(jobs.first().map(Job::merchant));
        let wait = Patience {
            books: LOCK_WAIT,
            rows: if merchants.is_empty() {
                SHORT_WAIT
            } else {
                ROW_WAIT
            },
        };
        if merchants.len() > 1 {
            let free = self.lock_books(&merchants, None).await?;
            if free.is_some() {
                return Ok(free);
            }
        }
        self.lock_books(&ids(first), Some(wait)).await
    }

    /// The same on a new connection where the one at hand was lost: nothing has begun yet.
    async fn lock_books(
        &mut self,
        merchants: &[Uuid],
        wait: Option<Patience>,
    ) -> Result<Option<Locked>, WriteError> {
        let was_connected = self.connection.is_some();
        match self.try_lock(merchants, wait).await {
            Err(_) if was_connected => self.try_lock(merchants, wait).await,
            locked => locked,
        }
    }

    async fn try_lock(
        &mut self,
        merchants: &[Uuid],
        wait: Option<Patience>,
    ) -> Result<Option<Locked>, WriteError> {
        let mut connection = self.connected().await?;
        let lock = books::begin_locked(&mut connection, merchants, wait);
        match timeout(BATCH_DEADLINE, lock).await {
            Ok(Ok(locked)) => {
                self.connection = Some(connection);
                Ok(locked)
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the writer cannot lock books; it connects again");
                Err(WriteError::Unavailable)
            }
            Err(_) => {
                tracing::warn!("a lock took too long; the writer connects again");
                Err(WriteError::Unavailable)
            }
        }
    }

    fn services(&self) -> Services<'_> {
        Services {
            ambient: &self.options.ambient,
            urls: &self.options.urls,
            render: self.options.render,
            handover: &self.options.handover,
        }
    }

    fn report(&self, took: Duration, commands: usize, written: BatchSummary) {
        (self.options.hooks.0)(BatchReport {
            lane: self.number,
            commands,
            took,
            deliveries: written.deliveries,
            replays: written.replays,
            notified: written.notified,
            queued: self.entrance.len(),
        });
    }

    /// Looks for the database: a caller who asks whether the lane works sends no commands meanwhile.
    async fn look(&mut self) {
        self.entrance.course.begins(Instant::now());
        self.connection = self.connected().await.ok();
        self.entrance.course.ends(self.connection.is_some());
    }

    async fn connected(&mut self) -> Result<PgConnection, WriteError> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => connect::find(&self.options.db).await,
        }
    }

    /// Lets the books go at once; where that cannot be done, the server does it when the
    /// connection is closed.
    async fn roll_back(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            match timeout(BATCH_DEADLINE, books::roll_back(&mut connection)).await {
                Ok(Ok(())) => self.connection = Some(connection),
                Ok(Err(error)) => tracing::warn!(%error, "a batch could not be rolled back"),
                Err(_) => tracing::warn!("a roll-back took too long; the writer connects again"),
            }
        }
    }
}

/// Each merchant once, in the order in which their books are locked.
fn ids(merchants: impl IntoIterator<Item = MerchantId>) -> Vec<Uuid> {
    let ids: BTreeSet<Uuid> = merchants.into_iter().map(|merchant| merchant.0).collect();
    ids.into_iter().collect()
}
