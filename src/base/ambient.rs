//! The only source of time, ids and chance, so that a test can hold all three still.

use ring::rand::{SecureRandom, SystemRandom};
use std::{cell::RefCell, fmt, sync::Arc, time::Duration};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroize;

/// A source of the present time.
pub trait Clock: Send + Sync {
    /// The present time in UTC.
    fn now(&self) -> OffsetDateTime;
}

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `buffer` with bytes that nobody can guess.
    fn fill(&self, buffer: &mut [u8]);
}

/// A clock and a source of chance, handed to whoever needs either.
#[derive(Clone)]
pub struct Ambient {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
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
        Self::new(Arc::new(SystemClock), Arc::new(random))
    }

    /// The given clock and entropy, for tests and simulations.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy }
    }

    /// The present time in UTC, cut to the microseconds that Postgres keeps.
    pub fn now(&self) -> OffsetDateTime {
        let now = self.clock.now();
        now.replace_microsecond(now.microsecond()).unwrap_or(now)
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
        Id::from(uuid_v7(self.clock.now(), self.bytes()))
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

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that time comes from"
        )]
        OffsetDateTime::now_utc()
    }
}

thread_local! {
    static STOCK: RefCell<Stock> = const { RefCell::new(Stock { bytes: [0; 512], left: 0 }) };
}

/// Bytes of the operating system's that nobody was given yet. A call to it costs more than the
/// dozen bytes of an id, and a payment makes several ids.
struct Stock {
    bytes: [u8; 512],
    left: usize,
}

impl Stock {
    /// Fills `buffer` with bytes that are forgotten here; `system` fetches more.
    fn fill(&mut self, buffer: &mut [u8], system: impl Fn(&mut [u8])) {
        if self.left < buffer.len() {
            system(&mut self.bytes);
            self.left = self.bytes.len();
        }
        let rest = self.left.checked_sub(buffer.len());
        match rest.and_then(|rest| self.bytes.get_mut(rest..self.left)) {
            Some(fresh) => {
                buffer.copy_from_slice(fresh);
                fresh.zeroize();
                self.left -= buffer.len();
            }
            None => system(buffer),
        }
    }
}

impl Entropy for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        // The operating system's random numbers fail only where nothing safe can be done at all.
        #[expect(
            clippy::expect_used,
            reason = "going on with guessable ids and secrets would be worse"
        )]
        let system = |bytes: &mut [u8]| {
            SecureRandom::fill(self, bytes).expect("the operating system has random numbers");
        };
        STOCK.with_borrow_mut(|stock| stock.fill(buffer, system));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::Cell, collections::HashSet};

    #[test]
    fn ids_are_version_seven_and_sort_by_time() {
        let ambient = Ambient::system();
        let first: Uuid = ambient.id();
        assert_eq!(first.get_version_num(), 7);
        let start = OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000);
        let later = start + time::Duration::microseconds(2);
        assert!(uuid_v7(start, [255; 10]) < uuid_v7(later, [0; 10]));
    }

    #[test]
    fn no_byte_of_the_stock_is_given_twice() {
        let drawn = Cell::new(0_u64);
        let system = |bytes: &mut [u8]| {
            for chunk in bytes.chunks_mut(8) {
                drawn.set(drawn.get() + 1);
                chunk.copy_from_slice(&drawn.get().to_be_bytes()[..chunk.len()]);
            }
        };
        let mut stock = Stock {
            bytes: [0; 512],
            left: 0,
        };
        let mut seen = HashSet::new();
        for length in [8, 16, 512, 1024, 24].repeat(100) {
            let mut buffer = vec![0; length];
            stock.fill(&mut buffer, system);
            for number in buffer.chunks(8) {
                assert_ne!(number, [0; 8]);
                assert!(seen.insert(number.to_vec()), "{number:?} came twice");
            }
        }
    }
}
