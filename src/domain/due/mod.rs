//! What has to be done later, in one table: asking a rail again, going on with a replay, holding what
//! is due to a disabled endpoint, ending what nobody paid.
//!
//! Who takes a thing moves it on first, by a pause that doubles each time, and takes the row away
//! when it is done. So nothing has to be put off by hand: what fails, for whatever reason, comes
//! again after its pause, what is taken is nobody else's until then, and what cannot be done takes
//! nobody's place. Each merchant has a share of what is taken at once.

pub mod store;

use crate::base::ids::MerchantId;
use std::time::Duration;
use uuid::Uuid;

crate::names! {
    /// What is to be done.
    pub enum Kind {
        /// To ask the rail what became of an attempt.
        Attempt = "attempt",
        /// To bring a replay a step forward.
        Replay = "replay",
        /// To hold what is due to an endpoint, or to let it go.
        Hold = "hold",
        /// To end an intent that nobody paid in time.
        IntentExpiry = "intent_expiry",
        /// To end a link whose time is over.
        LinkExpiry = "link_expiry",
        /// To look at the lines of a statement that are left.
        Statement = "statement",
        /// To ask a provider about what it told.
        RailEvent = "rail_event",
        /// To tell what became of a charge that the sandbox plays.
        Scenario = "scenario",
        /// To try whether the provider of a failing account takes calls by it again.
        RailAccount = "rail_account",
    }
}

/// The pause after a thing was taken for the first time: longer than any single try lasts.
const FIRST_PAUSE: Duration = Duration::from_secs(8);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// How often a thing has been taken when it counts as stuck.
pub const STUCK: i32 = 5;

/// A thing that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id.
    pub subject: Uuid,
    /// How often it has been taken, this time included.
    pub tries: i32,
}

impl Taken {
    /// How long it rests if it is not finished now.
    pub fn pause(&self) -> Duration {
        pause(self.tries.saturating_sub(1))
    }
}

fn pause(tries: i32) -> Duration {
    let doubled = 2_u32.saturating_pow(u32::try_from(tries).unwrap_or_default());
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_an_hour() {
        let pauses = [0, 1, 2, 8, 9, i32::MAX].map(|tries| pause(tries).as_secs());
        assert_eq!(pauses, [8, 16, 32, 2048, 3600, 3600]);
    }
}
