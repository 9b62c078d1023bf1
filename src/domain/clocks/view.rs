//! A clock as its merchant sees it.

use super::{Advance, Clock};
use crate::base::timestamp;
use serde::Serialize;
use time::OffsetDateTime;

/// A test merchant's clock.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SandboxClock {
    /// Always `sandbox_clock`.
    object: &'static str,
    /// How far this call moved it; null where it is only read.
    advanced: Option<String>,
    /// What it shows.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    now: OffsetDateTime,
    /// How far it is ahead of everybody's time, in seconds.
    #[schema(minimum = 0)]
    offset_seconds: i64,
}

impl SandboxClock {
    /// What it shows at a time of everybody's.
    pub fn new(clock: Clock, outside: OffsetDateTime) -> Self {
        Self {
            object: "sandbox_clock",
            advanced: None,
            now: clock.now(outside),
            offset_seconds: clock.ahead.whole_seconds(),
        }
    }

    /// The same after it was moved so far.
    #[must_use]
    pub fn advanced(self, by: Advance) -> Self {
        Self {
            advanced: Some(by.to_string()),
            ..self
        }
    }
}
