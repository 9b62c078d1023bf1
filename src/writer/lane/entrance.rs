//! Where commands wait for a lane: a queue a merchant, taken in turn, and who is let in.
//!
//! A merchant may hold as much of a lane's room as is still free (a *dynamic threshold*, as
//! switches that share memory use it): one that floods ends at half of it, two at a third each,
//! and a merchant who sends little finds room always. Room is counted in commands and in bytes.

use super::course::Course;
use crate::{
    base::ids::MerchantId,
    writer::{Reply, Submission, WriteError},
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, oneshot};

/// Most commands in a batch: nearly all of the gain, and a bound on how long one waits.
pub(super) const BATCH_MAX: usize = 256;
/// Commands that a merchant has in a batch before the next one's turn comes.
pub(super) const TURN: usize = 8;
/// Most commands that wait for a lane; more are refused at once.
pub(super) const QUEUE_MAX: usize = 4096;
/// Places in the queue beyond that, for what ends a payment that has begun.
pub(super) const QUEUE_RESERVE: usize = 1024;
/// Most bytes of requests that wait for a lane.
pub(super) const BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long the batches before a command may be expected to take, for it to be let in.
pub(super) const EXPECTED_MAX: Duration = Duration::from_millis(500);

/// Where the reply to a command goes.
pub type ReplyTo = oneshot::Sender<Result<Reply, WriteError>>;

/// A command that waits.
#[derive(Debug)]
pub struct Job {
    submission: Submission,
    reply: ReplyTo,
    /// Set by the first of the two who may: the lane begins it, or its caller takes it back.
    claimed: Arc<AtomicBool>,
}

impl Job {
    /// The merchant whose books it needs.
    pub(super) fn merchant(&self) -> MerchantId {
        self.submission.merchant
    }

    /// The command and where its reply goes, to be run now; nothing if it was taken back.
    pub fn begin(self) -> Option<(Submission, ReplyTo)> {
        let taken_back = self.claimed.swap(true, Ordering::AcqRel);
        (!taken_back).then_some((self.submission, self.reply))
    }

    fn is_taken_back(&self) -> bool {
        self.claimed.load(Ordering::Acquire)
    }
}

/// What a batch took of late, in microseconds; known to the lane and to its entrance.
#[derive(Debug, Default)]
pub(super) struct Pace(AtomicU32);

impl Pace {
    fn get(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed).into())
    }

    /// A mean in which the last batch counts for a quarter.
    pub(super) fn add(&self, took: Duration) {
        let mean = self.get().saturating_mul(3).saturating_add(took) / 4;
        let micros = u32::try_from(mean.as_micros()).unwrap_or(u32::MAX);
        self.0.store(micros, Ordering::Relaxed);
    }
}

/// A queue, or all queues of a lane together.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    commands: usize,
    bytes: usize,
}

impl Load {
    fn add(&mut self, job: &Job) {
        self.commands += 1;
        self.bytes += job.submission.bytes;
    }

    fn remove(&mut self, job: &Job) {
        self.commands = self.commands.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(job.submission.bytes);
    }
}

#[derive(Debug, Default)]
struct MerchantQueue {
    jobs: VecDeque<Job>,
    load: Load,
}

#[derive(Debug, Default)]
struct Queues {
    merchants: HashMap<MerchantId, MerchantQueue>,
    /// Whose turn is next. Each merchant of whom something waits is in it once.
    turns: VecDeque<MerchantId>,
    total: Load,
    is_closed: bool,
}

impl Queues {
    fn push(&mut self, job: Job) {
        let merchant = job.merchant();
        let queue = self.queue(merchant);
        queue.load.add(&job);
        self.total.add(&job);
        self.queue(merchant).jobs.push_back(job);
    }

    fn queue(&mut self, merchant: MerchantId) -> &mut MerchantQueue {
        self.merchants.entry(merchant).or_insert_with(|| {
            self.turns.push_back(merchant);
            MerchantQueue::default()
        })
    }

    /// Moves up to `most` commands of a merchant to `taken`; what was taken back goes for good.
    fn take_of(&mut self, merchant: MerchantId, most: usize, taken: &mut Vec<Job>) {
        let Some(queue) = self.merchants.get_mut(&merchant) else {
            return;
        };
        let enough = taken.len() + most;
        while taken.len() < enough
            && let Some(job) = queue.jobs.pop_front()
        {
            queue.load.remove(&job);
            self.total.remove(&job);
            if !job.is_taken_back() {
                taken.push(job);
            }
        }
        if queue.jobs.is_empty() {
            self.merchants.remove(&merchant);
        }
    }
}

/// Where commands enter a lane, and where the lane takes them.
#[derive(Debug, Default)]
pub(super) struct Entrance {
    queues: Mutex<Queues>,
    arrived: Notify,
    pub(super) pace: Pace,
    pub(super) course: Course,
}

impl Entrance {
    /// Ignores poisoning: a panic leaves no queue half changed that others could not go on with.
    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a command of `merchant` that begins something should wait here.
    pub(super) fn is_open(&self, merchant: MerchantId) -> bool {
        let queues = self.queues();
        let own = queues.merchants.get(&merchant).map(|queue| queue.load);
        let (own, total) = (own.unwrap_or_default(), queues.total);
        let has_room = own.commands < QUEUE_MAX.saturating_sub(total.commands)
            && own.bytes < BYTES_MAX.saturating_sub(total.bytes);
        // Each merchant who waits has as many turns before it as it has itself.
        let turns = (own.commands / TURN + 1) * TURN;
        let before = total.commands.min(turns * queues.merchants.len());
        let batches = u32::try_from(before / BATCH_MAX).unwrap_or(u32::MAX);
        has_room && self.pace.get().saturating_mul(batches) <= EXPECTED_MAX
    }

    /// Puts a command into its merchant's queue, and gives what its caller sets to take it back.
    pub(super) fn send(
        &self,
        submission: Submission,
        reply: ReplyTo,
    ) -> Result<Arc<AtomicBool>, WriteError> {
        let claimed = Arc::new(AtomicBool::new(false));
        let job = Job {
            submission,
            reply,
            claimed: Arc::clone(&claimed),
        };
        let mut queues = self.queues();
        if queues.is_closed || queues.total.commands >= QUEUE_MAX + QUEUE_RESERVE {
            return Err(WriteError::Overloaded);
        }
        queues.push(job);
        drop(queues);
        self.arrived.notify_one();
        Ok(claimed)
    }

    /// How many commands wait.
    pub(super) fn len(&self) -> usize {
        self.queues().total.commands
    }

    /// Waits until there is something to take; false once nothing will come any more.
    pub(super) async fn has_jobs(&self) -> bool {
        loop {
            let arrived = self.arrived.notified();
            let (is_empty, is_closed) = {
                let queues = self.queues();
                (queues.merchants.is_empty(), queues.is_closed)
            };
            if !is_empty || is_closed {
                return !is_empty;
            }
            arrived.await;
        }
    }

    /// Takes the commands of the next batch: a few of each merchant in turn, and again, until the
    /// batch is full or nothing waits.
    pub(super) fn take(&self) -> Vec<Job> {
        let mut queues = self.queues();
        let mut taken = Vec::with_capacity(queues.total.commands.min(BATCH_MAX));
        while taken.len() < BATCH_MAX
            && let Some(merchant) = queues.turns.pop_front()
        {
            let most = TURN.min(BATCH_MAX - taken.len());
            queues.take_of(merchant, most, &mut taken);
            if queues.merchants.contains_key(&merchant) {
                queues.turns.push_back(merchant);
            }
        }
        taken
    }

    /// Takes as many commands of one merchant as a batch holds.
    pub(super) fn take_of(&self, merchant: MerchantId) -> Vec<Job> {
        let mut queues = self.queues();
        let mut taken = Vec::new();
        queues.take_of(merchant, BATCH_MAX, &mut taken);
        if !queues.merchants.contains_key(&merchant) {
            queues.turns.retain(|other| *other != merchant);
        }
        taken
    }

    /// Puts commands back that could not begin, each before what came after it.
    pub(super) fn put_back(&self, jobs: Vec<Job>) {
        let mut queues = self.queues();
        for job in jobs.into_iter().rev() {
            queues.total.add(&job);
            let queue = queues.queue(job.merchant());
            queue.load.add(&job);
            queue.jobs.push_front(job);
        }
    }

    /// Lets nothing more in.
    pub(super) fn close(&self) {
        self.queues().is_closed = true;
        self.arrived.notify_one();
    }

    /// Whether nothing more is let in.
    pub(super) fn is_closed(&self) -> bool {
        self.queues().is_closed
    }
}

/// Gives commands one by one, to be served by something else than a lane.
#[derive(Debug)]
pub struct Jobs {
    entrance: Arc<Entrance>,
    taken: VecDeque<Job>,
}

impl Jobs {
    pub(super) fn new(entrance: Arc<Entrance>) -> Self {
        let taken = VecDeque::new();
        Self { entrance, taken }
    }

    /// The next command.
    pub async fn recv(&mut self) -> Option<Job> {
        while self.taken.is_empty() && self.entrance.has_jobs().await {
            self.taken.extend(self.entrance.take());
        }
        self.taken.pop_front()
    }
}
