//! How many attempts may be declined before no more are taken for a while. A caller who has a page can
//! try stolen cards on it; a bound on declines makes that useless.

use crate::base::quota::{Quota, Used};
use time::{Duration, OffsetDateTime};

/// Declines of what is paid once.
pub const DECLINES_OF_ONE: Quota = Quota {
    most: 5,
    window: Duration::HOUR,
};

/// Declines of what many pay.
pub const DECLINES_OF_MANY: Quota = Quota {
    most: 20,
    window: Duration::HOUR,
};

/// Too many attempts were declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "too many attempts to pay were declined: nothing was charged, and no attempt is taken for {wait} seconds"
)]
pub struct TooManyDeclines {
    /// Whole seconds after which an attempt is taken again.
    pub wait: u32,
}

impl TooManyDeclines {
    /// Refuses an attempt if there were too many declines.
    pub fn check(declines: Used, now: OffsetDateTime) -> Result<(), Self> {
        let wait = declines.wait(now);
        wait.map_or(Ok(()), |wait| Err(Self { wait }))
    }
}
