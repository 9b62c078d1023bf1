//! What the dispatcher has done, for the metrics.

use crate::domain::callbacks::Outcome;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What the dispatcher has done since it began.
#[derive(Debug, Default)]
pub struct DispatcherStats {
    delivered: AtomicU64,
    failed: AtomicU64,
    exhausted: AtomicU64,
    in_flight: AtomicUsize,
}

impl DispatcherStats {
    /// Tries that the endpoint took.
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Tries that failed and will be made again.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Last attempts that failed.
    pub fn exhausted(&self) -> u64 {
        self.exhausted.load(Ordering::Relaxed)
    }

    /// Tries under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(super) fn count(&self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Delivered => &self.delivered,
            Outcome::Retry(_) => &self.failed,
            Outcome::Exhausted => &self.exhausted,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn show(&self, in_flight: usize) {
        self.in_flight.store(in_flight, Ordering::Relaxed);
    }
}
