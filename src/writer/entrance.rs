//! Where commands enter a lane, and who is let in.

use super::{Reply, Submission, WriteError};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// Most commands in a batch: nearly all of the gain, and a bound on how long one waits.
pub(super) const BATCH_MAX: usize = 256;
/// Most commands that wait for a lane; more are refused at once.
pub(super) const QUEUE_MAX: usize = 4096;
/// Places in the queue beyond that, for what ends a payment that has begun.
pub(super) const QUEUE_RESERVE: usize = 1024;
/// How long the batches before a command may be expected to take, for it to be let in.
pub(super) const EXPECTED_MAX: Duration = Duration::from_millis(500);

/// Where the reply to a command goes.
pub type ReplyTo = oneshot::Sender<Result<Reply, WriteError>>;

/// A command that waits.
#[derive(Debug)]
pub struct Job {
    submission: Submission,
    reply: ReplyTo,
    /// Set by the first of the two who may: the lane begins it, or whoever waits takes it back.
    settled: Arc<AtomicBool>,
}

impl Job {
    /// The command and where its reply goes, to be run now; nothing if it was taken back.
    pub fn begin(self) -> Option<(Submission, ReplyTo)> {
        let taken_back = self.settled.swap(true, Ordering::AcqRel);
        (!taken_back).then_some((self.submission, self.reply))
    }
}

/// What a batch took of late, in microseconds; known to the lane and to its entrance.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace(Arc<AtomicU32>);

impl Pace {
    fn get(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed).into())
    }

    /// A mean in which the last batch counts for a quarter.
    pub(super) fn add(&self, took: Duration) {
        let mean = (self.get() * 3 + took) / 4;
        let micros = u32::try_from(mean.as_micros()).unwrap_or(u32::MAX);
        self.0.store(micros, Ordering::Relaxed);
    }
}

/// Where commands enter a lane.
#[derive(Clone, Debug)]
pub(super) struct Entrance {
    pub(super) queue: mpsc::Sender<Job>,
    pub(super) pace: Pace,
}

impl Entrance {
    pub(super) fn new() -> (Self, mpsc::Receiver<Job>) {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX + QUEUE_RESERVE);
        let pace = Pace::default();
        (Self { queue, pace }, jobs)
    }

    /// Whether a command that begins something should wait here.
    pub(super) fn is_open(&self) -> bool {
        let waiting = self.queue.max_capacity() - self.queue.capacity();
        let batches = u32::try_from(waiting / BATCH_MAX).unwrap_or(u32::MAX);
        waiting < QUEUE_MAX && self.pace.get().saturating_mul(batches) <= EXPECTED_MAX
    }

    /// Puts a command into the queue, and gives what whoever takes it back sets.
    pub(super) fn send(
        &self,
        submission: Submission,
        reply: ReplyTo,
    ) -> Result<Arc<AtomicBool>, WriteError> {
        let settled = Arc::new(AtomicBool::new(false));
        let job = Job {
            submission,
            reply,
            settled: Arc::clone(&settled),
        };
        let sent = self.queue.try_send(job);
        sent.map_err(|_| WriteError::Overloaded).map(|()| settled)
    }
}
