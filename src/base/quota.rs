//! So many at once, and as many again in a time: what was used is forgotten one by one. How much
//! is used is one moment, so that a row can keep it in one column.

use time::{Duration, OffsetDateTime};

/// How many there may be at once, and in which time as many are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many.
    pub most: i32,
    /// In which time.
    pub window: Duration,
}

impl Quota {
    /// How long it takes until one is forgotten.
    fn each(self) -> Duration {
        self.window / self.most
    }
}

/// How much of a quota is used, as the time until which it is used up. It lies further in the past
/// the more is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used(Option<OffsetDateTime>);

impl Used {
    /// As it is stored.
    pub fn stored(at: Option<OffsetDateTime>) -> Self {
        Self(at)
    }

    /// To be stored.
    pub fn store(self) -> Option<OffsetDateTime> {
        self.0
    }

    /// With one more. It is used up for no longer than the quota's time, however many there were.
    #[must_use]
    pub fn add(self, quota: Quota, now: OffsetDateTime) -> Self {
        let none = now - quota.each() * (quota.most - 1);
        let used = self.0.map_or(none, |at| at.max(none)) + quota.each();
        Self(Some(used.min(now + quota.window)))
    }

    /// With one less.
    #[must_use]
    pub fn take(self, quota: Quota) -> Self {
        Self(self.0.map(|at| at - quota.each()))
    }

    /// Until when it is used up, if it is now.
    pub fn up_until(self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        self.0.filter(|at| *at > now)
    }

    /// Whole seconds until there is one more, if it is used up.
    pub fn wait(self, now: OffsetDateTime) -> Option<u32> {
        let seconds = (self.up_until(now)? - now).whole_seconds();
        Some(u32::try_from(seconds).unwrap_or(u32::MAX).saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const FIVE: Quota = Quota {
        most: 5,
        window: Duration::HOUR,
    };

    /// How many more there may be at once.
    fn room(mut used: Used, now: OffsetDateTime) -> u32 {
        let mut count = 0;
        while used.wait(now).is_none() {
            used = used.add(FIVE, now);
            count += 1;
        }
        count
    }

    fn after(count: u32) -> Used {
        (0..count).fold(Used::default(), |used, _| used.add(FIVE, START))
    }

    #[test]
    fn so_many_at_once_and_as_many_in_a_time() {
        assert_eq!(room(Used::default(), START), 5);
        assert_eq!(room(after(4), START), 1);
        for (passed, more) in [
            (Duration::ZERO, 0),
            (Duration::minutes(12), 1),
            (Duration::minutes(24), 2),
            (Duration::HOUR, 5),
            (Duration::WEEK, 5),
        ] {
            assert_eq!(room(after(5), START + passed), more, "{passed}");
        }
    }

    #[test]
    fn tells_how_long_it_takes() {
        let full = after(5);
        assert_eq!(full.up_until(START), Some(START + Duration::minutes(12)));
        assert_eq!(full.wait(START + Duration::minutes(11)), Some(61));
        assert_eq!(after(1000).up_until(START), Some(START + Duration::HOUR));
    }

    #[test]
    fn one_less_makes_room() {
        assert_eq!(room(after(5).take(FIVE), START), 1);
        assert_eq!(Used::default().take(FIVE), Used::default());
    }
}
