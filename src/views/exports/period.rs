//! The period of an export.

use super::Format;
use crate::base::timestamp::{self, TimestampError};
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

    /// A good name for a file that holds the journal of this period:
    /// `journal_2026-11-01_2026-12-01.csv`, with times of day only where they are not midnight.
    pub fn file_name(self, format: Format) -> String {
        let [from, to] = [self.from, self.to].map(|at| {
            let text = timestamp::format(at);
            // Some file systems do not take colons.
            let day = text.strip_suffix("T00:00:00.000Z").map(str::to_owned);
            day.unwrap_or_else(|| text.replace(':', ""))
        });
        format!("journal_{from}_{to}.{format}")
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
    #[test]
    fn a_file_is_named_by_its_period() {
        let name = |from, to| Period::parse(from, to).unwrap().file_name(Format::Csv);
        let month = name("2026-11-01", "2026-12-01T00:00:00Z");
        assert_eq!(month, "journal_2026-11-01_2026-12-01.csv");
        let hour = name("2026-11-01T07:30:00+01:00", "2026-11-01T07:00:00.5Z");
        assert_eq!(
            hour,
            "journal_2026-11-01T063000.000Z_2026-11-01T070000.500Z.csv"
        );
    }
}
