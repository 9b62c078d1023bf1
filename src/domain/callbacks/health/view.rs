//! An endpoint's health as the API gives it.

use super::Report;
use crate::base::timestamp;
use serde::Serialize;
use time::OffsetDateTime;

crate::names! {
    /// How an endpoint takes what it is sent.
    pub enum HealthStatus {
        /// Its last attempt succeeded, or it has had none since it was last changed.
        Healthy = "healthy",
        /// Its last attempts failed; it is still sent to.
        Failing = "failing",
        /// It failed so often that nothing is sent to it until `paused_until`.
        Paused = "paused",
    }
}

/// How an endpoint takes what it is sent. Changing the endpoint makes it `healthy` again.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct EndpointHealth {
    /// Whether it is sent to now.
    status: HealthStatus,
    /// When the first of the failures since its last success ended.
    #[schema(format = "date-time")]
    failing_since: Option<String>,
    /// When it is sent to again, if it is paused.
    #[schema(format = "date-time")]
    paused_until: Option<String>,
    /// What came of its last failed attempt.
    #[schema(example = "HTTP status 500")]
    last_error: Option<String>,
}

impl EndpointHealth {
    /// Nothing bad is known.
    pub const HEALTHY: Self = Self {
        status: HealthStatus::Healthy,
        failing_since: None,
        paused_until: None,
        last_error: None,
    };

    /// What is known of it at this time.
    pub fn new(report: Report, now: OffsetDateTime) -> Self {
        let paused_until = report.paused_until.filter(|until| now < *until);
        let status = match (paused_until, report.failing_since) {
            (Some(_), _) => HealthStatus::Paused,
            (None, Some(_)) => HealthStatus::Failing,
            (None, None) => HealthStatus::Healthy,
        };
        Self {
            status,
            failing_since: report.failing_since.map(timestamp::format),
            paused_until: paused_until.map(timestamp::format),
            last_error: report.last_error,
        }
    }
}
