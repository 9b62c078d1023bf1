//! How an endpoint bears what it is sent: how much at a time, and when it is left alone.
//!
//! A healthy endpoint starts with a few attempts at a time and gets more when it has used them up
//! and answers quickly; a time-out, an answer that took five seconds, or a wish to be spared halves
//! them. After five failures in a row it is left alone, for half a minute at first and up to ten
//! minutes, and then sent one delivery: meanwhile no delivery spends an attempt. After five days
//! without a success it is given up.

pub mod store;
mod view;

pub use view::{EndpointHealth, HealthStatus};

use crate::base::net::{Response, RetryAfter, SendError};
use std::time::Duration;
use time::OffsetDateTime;

/// Most attempts under way to one endpoint at a time, however well it answers.
const MOST_IN_FLIGHT: i32 = 64;
/// Failures in a row after which an endpoint is left alone.
const PATIENCE: i32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// However long it asks for, an endpoint is not spared longer than that.
const LONGEST_WISH: Duration = Duration::from_hours(1);
/// An answer as quick as that shows that the endpoint could do more.
const QUICK: Duration = Duration::from_secs(1);
/// An answer as slow as that shows that the endpoint has too much to do.
const SLOW: Duration = Duration::from_secs(5);
/// How long it may fail before it is given up.
const GIVEN_UP_AFTER: time::Duration = time::Duration::days(5);

/// How fast an endpoint took a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// In less than a second.
    Quick,
    /// In less than five.
    Fair,
    /// Slower than that.
    Slow,
}

impl Speed {
    fn of(took: Duration) -> Self {
        if took < QUICK {
            Self::Quick
        } else if took < SLOW {
            Self::Fair
        } else {
            Self::Slow
        }
    }
}

/// What an attempt tells about its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// It took the delivery.
    Took(Speed),
    /// It did not.
    Failed,
    /// It did not answer in time.
    TimedOut,
    /// It asks to be spared, perhaps until a certain time.
    Throttled(Option<OffsetDateTime>),
}

impl Signal {
    /// What an attempt tells that took so long and ended `now`.
    pub fn of(answer: Result<&Response, SendError>, took: Duration, now: OffsetDateTime) -> Self {
        match answer {
            Ok(answer) if (200..300).contains(&answer.status) => Self::Took(Speed::of(took)),
            Ok(answer) if matches!(answer.status, 429 | 502 | 503 | 504) => {
                Self::Throttled(answer.retry_after.map(|wish| match wish {
                    RetryAfter::Wait(wait) => now + wait.min(LONGEST_WISH),
                    RetryAfter::At(at) => at.min(now + LONGEST_WISH),
                }))
            }
            Err(SendError::Timeout) => Self::TimedOut,
            Ok(_) | Err(_) => Self::Failed,
        }
    }
}

/// The health of an endpoint, as far as its attempts have shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// Most attempts under way at a time.
    pub in_flight_limit: i32,
    /// Failed attempts since the last success.
    pub failures: i32,
    /// When the first of them ended.
    pub failing_since: Option<OffsetDateTime>,
    /// Nothing is sent before; the first attempt after it is alone.
    pub paused_until: Option<OffsetDateTime>,
    /// Pauses in a row.
    pub pauses: i32,
}

/// What an endpoint's owner is shown of its health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// When the first failure since its last success ended.
    pub failing_since: Option<OffsetDateTime>,
    /// Nothing is sent before.
    pub paused_until: Option<OffsetDateTime>,
    /// What came of its last failed attempt.
    pub last_error: Option<String>,
}

impl Health {
    /// An endpoint of which nothing bad is known, with so many attempts at a time.
    pub fn new(in_flight_limit: i32) -> Self {
        Self {
            in_flight_limit,
            failures: 0,
            failing_since: None,
            paused_until: None,
            pauses: 0,
        }
    }

    /// Its health after attempts that ended together. `start` is what a healthy endpoint starts
    /// with; `full` is whether it had all under way that it may; `jitter` spreads the pauses.
    #[must_use]
    pub fn after(
        self,
        signals: &[(OffsetDateTime, Signal)],
        (start, full): (i32, bool),
        jitter: impl Fn(Duration) -> Duration,
    ) -> Self {
        let mut health = self;
        for (now, signal) in signals {
            health = match signal {
                Signal::Took(Speed::Quick | Speed::Fair) => health.well(),
                Signal::Took(Speed::Slow) => health.well().halved(),
                Signal::Failed => health.failed(*now, &jitter),
                Signal::TimedOut => health.failed(*now, &jitter).halved(),
                Signal::Throttled(until) => health.failed(*now, &jitter).halved().spared(*until),
            };
        }
        let quick = |(_, signal): &(_, Signal)| *signal == Signal::Took(Speed::Quick);
        if full && health.failures == 0 && signals.iter().any(quick) {
            health.in_flight_limit = (health.in_flight_limit * 2).min(MOST_IN_FLIGHT.max(start));
        }
        health
    }

    /// Since when it has failed, if that is so long that it is given up.
    pub fn given_up(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        self.failing_since
            .filter(|since| *since + GIVEN_UP_AFTER <= now)
    }

    fn well(self) -> Self {
        Self::new(self.in_flight_limit)
    }

    fn failed(self, now: OffsetDateTime, jitter: &impl Fn(Duration) -> Duration) -> Self {
        let failures = self.failures.saturating_add(1);
        let failed = Self {
            failures,
            failing_since: self.failing_since.or(Some(now)),
            ..self
        };
        // Tries that were under way together are one failure of the endpoint, not several.
        let paused = self.paused_until.is_some_and(|until| now < until);
        if failures < PATIENCE || paused {
            return failed;
        }
        let doubled = 2_u32.saturating_pow(u32::try_from(self.pauses).unwrap_or(0));
        let pause = FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE);
        Self {
            paused_until: Some(now + jitter(pause)),
            pauses: self.pauses.saturating_add(1),
            ..failed
        }
    }

    fn halved(self) -> Self {
        Self {
            in_flight_limit: (self.in_flight_limit / 2).max(1),
            ..self
        }
    }

    fn spared(self, until: Option<OffsetDateTime>) -> Self {
        Self {
            paused_until: self.paused_until.max(until),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-22 06:00:00 UTC);
    const QUICKLY: Signal = Signal::Took(Speed::Quick);

    fn after(health: Health, signals: &[Signal], now: OffsetDateTime) -> Health {
        let signals: Vec<_> = signals.iter().map(|signal| (now, *signal)).collect();
        health.after(&signals, (8, false), |pause| pause)
    }

    #[test]
    fn five_failures_in_a_row_pause_it_and_ever_longer() {
        let mut health = after(Health::new(8), &[Signal::Failed; 4], NOW);
        assert_eq!(health.paused_until, None);
        let mut now = NOW;
        for minutes in [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0] {
            // All that were under way fail together: that is one pause.
            health = after(health, &[Signal::Failed; 3], now);
            let until = health.paused_until.unwrap();
            assert_eq!(until - now, time::Duration::seconds_f64(minutes * 60.0));
            now = until;
        }
        assert_eq!(health.failing_since, Some(NOW));
        let well = after(health, &[QUICKLY], now);
        assert_eq!(well, Health::new(8), "one success and all is forgotten");
    }

    #[test]
    fn a_success_between_failures_starts_the_count_again() {
        let signals = [&[Signal::Failed; 4][..], &[QUICKLY], &[Signal::Failed; 4]].concat();
        assert_eq!(after(Health::new(8), &signals, NOW).paused_until, None);
    }

    #[test]
    fn time_outs_halve_and_quick_answers_double_what_is_under_way() {
        let limit = |health: Health, signals: &[Signal]| {
            let signals: Vec<_> = signals.iter().map(|signal| (NOW, *signal)).collect();
            let after = health.after(&signals, (8, true), |pause| pause);
            after.in_flight_limit
        };
        assert_eq!(limit(Health::new(8), &[Signal::TimedOut]), 4);
        assert_eq!(limit(Health::new(8), &[Signal::TimedOut; 9]), 1);
        assert_eq!(limit(Health::new(8), &[Signal::Throttled(None)]), 4);
        assert_eq!(limit(Health::new(8), &[Signal::Failed]), 8);
        let not_full = after(Health::new(8), &[QUICKLY; 9], NOW);
        assert_eq!(not_full.in_flight_limit, 8, "it has enough");
        assert_eq!(limit(Health::new(8), &[QUICKLY; 4]), 16);
        assert_eq!(limit(Health::new(8), &[QUICKLY, Signal::Failed]), 8);
        assert_eq!(limit(Health::new(1), &[QUICKLY]), 2);
        assert_eq!(limit(Health::new(64), &[QUICKLY; 64]), 64);
        assert_eq!(limit(Health::new(8), &[Signal::Took(Speed::Fair); 8]), 8);
    }

    #[test]
    fn slow_answers_halve_what_is_under_way_though_they_are_successes() {
        let answer = Response {
            status: 200,
            head: String::new(),
            retry_after: None,
        };
        let slow = Signal::of(Ok(&answer), Duration::from_millis(14_300), NOW);
        let health = after(Health::new(64), &[slow; 2], NOW);
        assert_eq!(health, Health::new(16), "it is well, and gets less");
        assert_eq!(after(Health::new(64), &[slow; 9], NOW), Health::new(1));
    }

    #[test]
    fn a_wish_to_be_spared_is_granted_within_bounds() {
        let answer = |status, seconds| {
            let answer = Response {
                status,
                head: String::new(),
                retry_after: Some(RetryAfter::Wait(Duration::from_secs(seconds))),
            };
            Signal::of(Ok(&answer), Duration::ZERO, NOW)
        };
        let spared = after(Health::new(8), &[answer(429, 120)], NOW);
        assert_eq!(spared.paused_until, Some(NOW + time::Duration::minutes(2)));
        let long = after(Health::new(8), &[answer(503, 999_999)], NOW);
        assert_eq!(long.paused_until, Some(NOW + time::Duration::HOUR));
        assert_eq!(answer(500, 120), Signal::Failed, "500 is no wish");
    }

    #[test]
    fn is_given_up_after_five_days_of_failures() {
        let health = after(Health::new(8), &[Signal::Failed], NOW);
        let nearly = NOW + time::Duration::days(5) - time::Duration::SECOND;
        assert_eq!(health.given_up(nearly), None);
        assert_eq!(health.given_up(NOW + time::Duration::days(5)), Some(NOW));
    }
}
