//! Whether a lane works: it may be at a batch for ever, find no way to the database, or be gone.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a batch, or the way back to the database, may take before the lane counts as not
/// working: longer than the server's own start.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
struct State {
    /// When the batch at hand began.
    began_at: Option<Instant>,
    /// Since when no batch found the database.
    failing_since: Option<Instant>,
    is_gone: bool,
}

/// What is known of a lane, for callers who ask whether it works.
#[derive(Debug, Default)]
pub(super) struct Course(Mutex<State>);

impl Course {
    /// Ignores poisoning: each change is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A batch begins.
    pub(super) fn begins(&self, now: Instant) {
        self.state().began_at = Some(now);
    }

    /// It has ended, whatever became of its commands.
    pub(super) fn ends(&self, found_database: bool) {
        let mut state = self.state();
        let began_at = state.began_at.take();
        state.failing_since = if found_database {
            None
        } else {
            state.failing_since.or(began_at)
        };
    }

    /// The lane is no more.
    pub(super) fn is_gone(&self) {
        self.state().is_gone = true;
    }

    /// Whether no batch found the database of late.
    pub(super) fn is_failing(&self) -> bool {
        self.state().failing_since.is_some()
    }

    /// Why the lane does not work, if it does not.
    pub(super) fn fault(&self, now: Instant) -> Option<&'static str> {
        let state = self.state();
        let long = |since: Option<Instant>| {
            since.is_some_and(|since| now.saturating_duration_since(since) > PATIENCE)
        };
        if state.is_gone {
            Some("has ended: start this process again")
        } else if long(state.began_at) {
            Some("does not come back from a batch")
        } else if long(state.failing_since) {
            Some("finds no way to the database")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_works_until_it_is_at_something_for_long() {
        let (course, start) = (Course::default(), Instant::now());
        let after = |seconds| course.fault(start + Duration::from_secs(seconds)).is_none();
        assert!(after(3600), "it has nothing to do");
        course.begins(start);
        assert!(after(9) && !after(11), "it does not come back");
        course.ends(false);
        assert!(course.is_failing() && after(9) && !after(11));
        course.begins(start + Duration::from_mins(1));
        course.ends(true);
        assert!(!course.is_failing() && after(3600));
        course.is_gone();
        assert!(!after(0));
    }
}
