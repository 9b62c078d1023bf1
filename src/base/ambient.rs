//! The only source of time, ids and chance, so that a test can hold all three still.
//!
//! There is one time, and it is Postgres': what is stored by one process is compared by another.
//! [`Ambient::now`] is Postgres' time as it was heard last, carried on by a steady clock, so that
//! it does not matter when somebody sets this machine's clock. [`Ambient::set`] hears it.

use ring::rand::{SecureRandom, SystemRandom};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use time::{Duration as Span, OffsetDateTime};
use uuid::Uuid;

/// A source of the present time.
pub trait Clock: Send + Sync {
    /// The present time in UTC by a clock that nobody sets anew.
    fn now(&self) -> OffsetDateTime;

    /// What this machine's clock shows.
    fn shown(&self) -> OffsetDateTime {
        self.now()
    }

    /// How far a test has moved time on, beyond that of Postgres.
    fn moved(&self) -> Span {
        Span::ZERO
    }
}

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `buffer` with bytes that nobody can guess.
    fn fill(&self, buffer: &mut [u8]);
}

/// A clock and a source of chance, handed to all that need either.
#[derive(Clone)]
pub struct Ambient {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// What [`Clock::now`] lacks to be Postgres' time, in microseconds.
    offset: Arc<AtomicI64>,
    /// How far it is ahead of that.
    ahead: Span,
}

impl fmt::Debug for Ambient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ambient")
    }
}

impl Ambient {
    /// The operating system's clock and its cryptographic random numbers.
    pub fn system() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that chance comes from"
        )]
        let random = SystemRandom::new();
        Self::new(Arc::new(SystemClock::start()), Arc::new(random))
    }

    /// The given clock and entropy, for tests and simulations.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        let offset = Arc::default();
        Self {
            clock,
            entropy,
            offset,
            ahead: Span::ZERO,
        }
    }

    /// The same with a time so far ahead: that of a merchant whose clock was moved on.
    #[must_use]
    pub fn ahead_by(&self, ahead: Span) -> Self {
        Self {
            ahead,
            ..self.clone()
        }
    }

    /// The present time in UTC, cut to the microseconds that Postgres keeps. Once it was set it is
    /// not behind Postgres', and ahead of it by no more than it takes to ask.
    pub fn now(&self) -> OffsetDateTime {
        cut(self.precise())
    }

    /// The time that goes with a reading of Postgres' clock.
    pub fn at(&self, postgres: OffsetDateTime) -> OffsetDateTime {
        cut(later(self.heard(postgres), self.ahead))
    }

    fn heard(&self, postgres: OffsetDateTime) -> OffsetDateTime {
        later(postgres, self.clock.moved())
    }

    /// Sets the time by what Postgres says when it is asked, and gives how far this machine's clock
    /// is off: above zero where it is fast. What the asking took is not held against the clock.
    pub async fn set<E>(
        &self,
        ask: impl Future<Output = Result<OffsetDateTime, E>>,
    ) -> Result<Span, E> {
        let (asked, shown_then) = (self.clock.now(), self.clock.shown());
        let postgres = ask.await?;
        let (heard, shown_now) = (self.clock.now(), self.clock.shown());
        let postgres = cut(self.heard(postgres));
        // Postgres looked at its clock some time between the two.
        let (least, most) = (micros(postgres - heard), micros(postgres - asked));
        let offset = self.offset.load(Ordering::Relaxed);
        // Before it is set for the first time it is 0.
        if offset == 0 || offset < least || offset > most {
            self.offset.store(most, Ordering::Relaxed);
        }
        let fast = (shown_then - postgres).max(Span::ZERO);
        let slow = (postgres - shown_now).max(Span::ZERO);
        Ok(fast - slow)
    }

    fn precise(&self) -> OffsetDateTime {
        let offset = Span::microseconds(self.offset.load(Ordering::Relaxed));
        later(later(self.clock.now(), offset), self.ahead)
    }

    /// `N` unpredictable bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut buffer = [0; N];
        self.entropy.fill(&mut buffer);
        buffer
    }

    /// A new id: a UUIDv7 of the present time. The twelve bits after the milliseconds hold the
    /// fraction of the millisecond (RFC 9562, 6.2, method 3), so ids sort finer than it.
    pub fn id<Id: From<Uuid>>(&self) -> Id {
        Id::from(uuid_v7(self.precise(), self.bytes()))
    }

    /// A duration between 0.8 and 1.2 times `base`, so that waiters do not march in step.
    pub fn jitter(&self, base: Duration) -> Duration {
        let share = u32::from(u16::from_be_bytes(self.bytes()) % 401);
        base.saturating_mul(800 + share) / 1000
    }
}

fn uuid_v7(now: OffsetDateTime, random: [u8; 10]) -> Uuid {
    let nanos = now.unix_timestamp_nanos();
    let millis = u64::try_from(nanos / 1_000_000).unwrap_or(0);
    let fraction = u16::try_from((nanos % 1_000_000) * 4096 / 1_000_000).unwrap_or(0);
    let mut bytes = random;
    let (head, _) = bytes.split_at_mut(2);
    head.copy_from_slice(&fraction.to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

fn cut(time: OffsetDateTime) -> OffsetDateTime {
    time.replace_microsecond(time.microsecond()).unwrap_or(time)
}

/// The time so much later; the time itself where there is none so late.
fn later(time: OffsetDateTime, by: Span) -> OffsetDateTime {
    time.checked_add(by).unwrap_or(time)
}

fn micros(span: Span) -> i64 {
    i64::try_from(span.whole_microseconds()).unwrap_or_default()
}

/// The machine's clock as it was at the start, carried on by its steady one.
struct SystemClock {
    start: OffsetDateTime,
    since: Instant,
}

impl SystemClock {
    fn start() -> Self {
        let (start, since) = (machine_time(), Instant::now());
        Self { start, since }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        self.start + self.since.elapsed()
    }

    fn shown(&self) -> OffsetDateTime {
        machine_time()
    }
}

fn machine_time() -> OffsetDateTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that time comes from"
    )]
    OffsetDateTime::now_utc()
}

impl Entropy for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        // The operating system's random numbers fail only where nothing safe can be done at all.
        #[expect(
            clippy::expect_used,
            reason = "going on with guessable ids and secrets would be worse"
        )]
        SecureRandom::fill(self, buffer).expect("the operating system has random numbers");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_seven_and_sort_by_time() {
        let ambient = Ambient::system();
        let first: Uuid = ambient.id();
        assert_eq!(first.get_version_num(), 7);
        let start = OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000);
        let later = start + time::Duration::microseconds(2);
        assert!(uuid_v7(start, [255; 10]) < uuid_v7(later, [0; 10]));
    }

    /// A clock that a test sets, and one that shows something else.
    struct Hands {
        steady: AtomicI64,
        wrong_by: Span,
    }

    impl Clock for Hands {
        fn now(&self) -> OffsetDateTime {
            start() + Span::seconds(self.steady.load(Ordering::Relaxed))
        }

        fn shown(&self) -> OffsetDateTime {
            self.now() + self.wrong_by
        }
    }

    struct NoChance;

    impl Entropy for NoChance {
        fn fill(&self, _: &mut [u8]) {}
    }

    fn start() -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Span::days(20_000)
    }

    /// What an ambient says after it asked Postgres, which took two seconds: of its own clock, and
    /// how far its time is then from Postgres'.
    async fn asked(ambient: &Ambient, hands: &Hands, postgres: Span) -> (Span, Span) {
        let off = ambient.set(async {
            hands.steady.fetch_add(1, Ordering::Relaxed);
            let read = hands.now() + postgres;
            hands.steady.fetch_add(1, Ordering::Relaxed);
            Ok::<_, ()>(read)
        });
        let off = off.await.unwrap();
        (off, ambient.now() - hands.now() - postgres)
    }

    #[tokio::test]
    async fn time_is_that_of_postgres_whatever_the_machine_shows() {
        let day = Span::days(1);
        for (wrong_by, said) in [
            (Span::ZERO, Span::ZERO),
            (Span::SECOND, Span::ZERO),
            (day, day - Span::SECOND),
            (-day, Span::SECOND - day),
        ] {
            let steady = AtomicI64::new(0);
            let hands = Arc::new(Hands { steady, wrong_by });
            let ambient = Ambient::new(hands.clone(), Arc::new(NoChance));
            let found = asked(&ambient, &hands, Span::ZERO).await;
            assert_eq!(found, (said, Span::SECOND), "wrong by {wrong_by}");
        }
    }

    #[tokio::test]
    async fn time_follows_postgres_and_is_never_behind_it() {
        let (steady, wrong_by) = (AtomicI64::new(0), Span::ZERO);
        let hands = Arc::new(Hands { steady, wrong_by });
        let ambient = Ambient::new(hands.clone(), Arc::new(NoChance));
        let almost = |span: Span| span - Span::SECOND;
        for (postgres, said) in [
            (Span::ZERO, Span::ZERO),
            (Span::HOUR, -almost(Span::HOUR)),
            (Span::SECOND, Span::ZERO),
            (-Span::DAY, almost(Span::DAY)),
        ] {
            let (off, ahead) = asked(&ambient, &hands, postgres).await;
            assert_eq!(off, said);
            assert!(!ahead.is_negative() && ahead <= Span::SECOND * 2, "{ahead}");
        }
    }
}
