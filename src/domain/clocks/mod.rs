//! The clock of a test merchant, which can be moved forward so that what takes days can be tried in
//! a second. Live merchants have none.
//!
//! What is the merchant's business plays in its time: payment intents, links, entries, events. What
//! meets the world outside stays in everybody's: when a callback is sent and signed, when a key
//! expires, how often somebody may ask. Workers look by everybody's time as well. So what they look
//! for is stored in that, and when the clock is moved on, what waits is brought forward
//! ([`store::advance`]).

mod request;
pub mod store;
mod view;

pub use request::{Advance, ClockRequest};
pub use view::SandboxClock;

use crate::base::{ids::MerchantId, invalid::Invalid};
use time::{Duration, OffsetDateTime};

/// How far a clock can be moved in all: ten years.
const LONGEST: Duration = Duration::days(3653);

/// A merchant's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Whose it is.
    pub merchant: MerchantId,
    /// How far it is ahead of everybody's time, in whole seconds.
    pub ahead: Duration,
    /// How far it was moved of late: what waits has yet to be brought forward by that.
    pub moved: Duration,
}

impl Clock {
    /// The clock as it is stored.
    pub fn stored(merchant: MerchantId, seconds_ahead: i64) -> Self {
        Self {
            merchant,
            ahead: Duration::seconds(seconds_ahead),
            moved: Duration::ZERO,
        }
    }

    /// Whether it was ever moved.
    pub fn is_ahead(self) -> bool {
        self.ahead > Duration::ZERO
    }

    /// What it shows at a time of everybody's.
    pub fn now(self, outside: OffsetDateTime) -> OffsetDateTime {
        outside.saturating_add(self.ahead)
    }

    /// When everybody's time is there where it shows `at`.
    pub fn outside(self, at: OffsetDateTime) -> OffsetDateTime {
        at.saturating_sub(self.ahead)
    }

    /// The clock so much later. There is no way back.
    pub fn advance(self, by: Advance) -> Result<Self, Invalid> {
        let ahead = self.ahead.saturating_add(by.span());
        if ahead > LONGEST {
            let left = (LONGEST - self.ahead).whole_seconds();
            let detail = format!(
                "a clock moves by ten years in all; of these {left}s are left: make another test merchant"
            );
            return Err(Invalid::field("/advance", detail));
        }
        Ok(Self {
            ahead,
            moved: self.moved.saturating_add(by.span()),
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_clock_goes_forward_and_not_for_ever() {
        let year: Advance = "366d".parse().unwrap();
        let mut clock = Clock::stored(MerchantId(Uuid::nil()), 0);
        assert!(!clock.is_ahead());
        for years in 1..=9 {
            clock = clock.advance(year).unwrap();
            assert_eq!(clock.ahead, Duration::days(366 * years));
            assert_eq!(clock.moved, clock.ahead);
        }
        let now = OffsetDateTime::UNIX_EPOCH;
        assert_eq!(clock.outside(clock.now(now)), now);
        let problem = clock.advance(year).unwrap_err();
        assert!(problem.detail.contains(" 31017600s "), "{problem}");
        assert!(clock.advance("359d".parse().unwrap()).is_ok());
    }
}
