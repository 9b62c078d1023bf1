//! When calls by an account have failed so often that payers are not led to it any more, and how long it
//! rests before its provider is tried again.

use time::{Duration, OffsetDateTime};

/// Failed calls in a row after which an account is failing: as many as of an endpoint, and few enough
/// that few payers meet them.
const PATIENCE: u32 = 5;
/// Failures further apart than that are not in a row: each is a trouble of its own.
const APART: Duration = Duration::minutes(15);
/// How long an account rests at first: it is not to come and go with every hiccup of its provider.
pub const FIRST_REST: Duration = Duration::seconds(30);
/// How long it rests at most: payers miss it while its provider is back.
const LONGEST_REST: Duration = Duration::minutes(10);

/// Failed calls in a row, by one account that is not failing yet. The first success ends the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    last_at: OffsetDateTime,
}

impl Breaker {
    /// The row after another failure.
    #[must_use]
    pub fn after_failure(before: Option<Self>, now: OffsetDateTime) -> Self {
        let row = before.filter(|before| now - before.last_at <= APART);
        Self {
            failures: row.map_or(1, |row| row.failures.saturating_add(1)),
            last_at: now,
        }
    }

    /// Whether the account is failing.
    pub fn is_open(self) -> bool {
        self.failures >= PATIENCE
    }
}

/// How long an account that has been failing for so long rests before its provider is tried again: as
/// long again.
pub fn rest(failing_for: Duration) -> Duration {
    failing_for.clamp(FIRST_REST, LONGEST_REST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    /// The row that failures make with such pauses before them.
    fn row(pauses: &[Duration]) -> Breaker {
        let mut now = datetime!(2026-11-22 06:00:00 UTC);
        let mut row = Breaker::after_failure(None, now);
        for pause in pauses {
            now += *pause;
            row = Breaker::after_failure(Some(row), now);
        }
        row
    }

    #[test]
    fn five_failures_in_a_row_open_it() {
        assert!(!row(&[Duration::SECOND; 3]).is_open());
        assert!(row(&[Duration::ZERO; 4]).is_open());
        assert!(row(&[APART; 4]).is_open());
    }

    #[test]
    fn failures_far_apart_are_no_row() {
        let long = APART + Duration::SECOND;
        assert!(!row(&[long; 9]).is_open());
        let mut pauses = [Duration::SECOND; 5];
        pauses[2] = long;
        assert!(!row(&pauses).is_open());
    }

    #[test]
    fn rests_double_up_to_ten_minutes() {
        let mut failing_for = Duration::ZERO;
        let rests = [30, 30, 60, 120, 240, 480, 600, 600].map(|seconds| {
            let rest = rest(failing_for);
            failing_for += rest;
            (rest, Duration::seconds(seconds))
        });
        assert!(rests.iter().all(|(is, wanted)| is == wanted), "{rests:?}");
        assert_eq!(rest(Duration::seconds(-9)), FIRST_REST);
    }
}
