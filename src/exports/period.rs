//! The period of an export.

use crate::timestamp::{self, TimestampError};
use time::OffsetDateTime;

/// From a time to just before another, by when entries were booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub(super) from: OffsetDateTime,
    pub(super) to: OffsetDateTime,
}

/// The two texts are no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// `from` is not a time.
    #[error("from: {0}")]
    From(TimestampError),
    /// `to` is not a time.
    #[error("to: {0}")]
    To(TimestampError),
    /// The period ends before it begins, or as it begins.
    #[error("to must be later than from: the period is from {0}, inclusive, to {1}, exclusive")]
    Empty(String, String),
}

impl Period {
    /// From `from`, inclusive, to `to`, exclusive.
    pub fn new(from: OffsetDateTime, to: OffsetDateTime) -> Result<Self, PeriodError> {
        if from < to {
            Ok(Self { from, to })
        } else {
            let texts = (timestamp::format(from), timestamp::format(to));
            Err(PeriodError::Empty(texts.0, texts.1))
        }
    }

    /// Reads both ends: RFC 3339, or `YYYY-MM-DD` as midnight in UTC.
    pub fn parse(from: &str, to: &str) -> Result<Self, PeriodError> {
        let from = timestamp::parse(from).map_err(PeriodError::From)?;
        let to = timestamp::parse(to).map_err(PeriodError::To)?;
        Self::new(from, to)
    }

    pub(super) fn contains(self, time: OffsetDateTime) -> bool {
        self.from <= time && time < self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_half_open_and_not_empty() {
        let day = Period::parse("2026-11-22", "2026-11-23").unwrap();
        assert!(day.contains(day.from) && !day.contains(day.to));
        let offsets = Period::parse("2026-11-22T00:00:00+02:00", "2026-11-22T00:00:00Z");
        assert!(offsets.is_ok());
        for (from, to) in [("2026-11-22", "2026-11-22"), ("2026-11-23", "2026-11-22")] {
            assert!(matches!(
                Period::parse(from, to),
                Err(PeriodError::Empty(..))
            ));
        }
        assert!(matches!(
            Period::parse("x", "2026-11-22"),
            Err(PeriodError::From(_))
        ));
        assert!(matches!(
            Period::parse("2026-11-22", ""),
            Err(PeriodError::To(_))
        ));
    }
}
