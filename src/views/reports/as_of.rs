//! The moment that a balance is asked for.

use time::{Duration, OffsetDateTime, macros::datetime};

const FAR: OffsetDateTime = datetime!(9999-12-31 0:00 UTC);

/// A moment that takes in everything booked up to it.
///
/// Times are printed with milliseconds while books are kept to the microsecond, so a moment is
/// its whole millisecond: asked with the printed `booked_at` of an entry, that entry counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    at: OffsetDateTime,
    end: OffsetDateTime,
}

impl AsOf {
    /// Everything booked up to `at`.
    pub fn time(at: OffsetDateTime) -> Self {
        let start = at.replace_millisecond(at.millisecond()).unwrap_or(at);
        let end = start.saturating_add(Duration::milliseconds(1));
        Self { at, end }
    }

    /// Everything that is booked, printed as the balance of `now`. Another machine's clock may
    /// be ahead of ours, so this is not [`AsOf::time`] of the same moment.
    pub fn latest(now: OffsetDateTime) -> Self {
        Self { at: now, end: FAR }
    }

    /// Whether what is booked from now on may count.
    pub fn is_latest(self) -> bool {
        self.end == FAR
    }

    /// The moment to print.
    pub fn at(self) -> OffsetDateTime {
        self.at
    }

    /// The first time that no longer counts.
    pub fn end(self) -> OffsetDateTime {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::timestamp;

    #[test]
    fn a_printed_time_takes_in_what_was_booked_in_its_millisecond() {
        let booked = datetime!(2026-11-22 6:00:00.123_999 UTC);
        let asked = timestamp::parse(&timestamp::format(booked)).unwrap();
        assert!(booked < AsOf::time(asked).end());
        assert!(booked < AsOf::time(booked).end());
        assert!(booked >= AsOf::time(datetime!(2026-11-22 6:00:00.122_999 UTC)).end());
    }
}
