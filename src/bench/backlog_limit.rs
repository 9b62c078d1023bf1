//! How far a load may run ahead of the callbacks that it causes. Without a bound the rate of the
//! answers would say nothing: what is due would pile up and be paid for later.

use super::receiver::Meter;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::{sync::Mutex, time::sleep};

/// Most callbacks that are due at a time.
const MOST: usize = 1_000;
const LOOK: Duration = Duration::from_millis(1);

/// What was asked for, beside what has come.
#[derive(Debug)]
pub(super) struct BacklogLimit {
    asked: AtomicUsize,
    come: Meter,
    before: usize,
    /// One looks for all who wait.
    turn: Mutex<()>,
}

impl BacklogLimit {
    /// Nothing is due yet.
    pub fn new(come: Meter) -> Self {
        Self {
            asked: AtomicUsize::new(0),
            before: come.posts(),
            come,
            turn: Mutex::new(()),
        }
    }

    /// One callback more will be due.
    pub fn count(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits while too many are due.
    pub async fn wait(&self) {
        if !self.is_too_far() {
            return;
        }
        let _turn = self.turn.lock().await;
        while self.is_too_far() {
            sleep(LOOK).await;
        }
    }

    fn is_too_far(&self) -> bool {
        let come = self.come.posts().saturating_sub(self.before);
        self.asked.load(Ordering::Relaxed) > come + MOST
    }
}
