//! Seeded chance and a clock that only the simulation moves.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};
use threadpay::ambient::{Ambient, Clock, Entropy};
use time::{Duration, OffsetDateTime};

/// When every simulation begins: 2026-01-01, in microseconds since 1970.
const BEGINNING: i64 = 1_767_225_600_000_000;

/// The splitmix64 generator: the same seed gives the same run.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `end`, without it.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap();
        usize::try_from(self.roll() % end).unwrap()
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.below(from.len())).cloned()
    }

    /// An amount of minor units: often small, so that limits are met.
    pub fn amount(&mut self, most: i64) -> i64 {
        let most = usize::try_from(most.max(1)).unwrap();
        let most = if self.percent(50) { most.min(5) } else { most };
        i64::try_from(1 + self.below(most)).unwrap()
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.whole_microseconds()).unwrap();
        self.0.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> OffsetDateTime {
        let nanos = i128::from(self.0.load(Ordering::Relaxed)) * 1000;
        OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap()
    }
}

struct SeededEntropy(Mutex<Dice>);

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let mut dice = self.0.lock().unwrap();
        for chunk in buffer.chunks_mut(8) {
            let bytes = dice.roll().to_be_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

/// Time and chance of one run.
pub fn ambient(seed: u64) -> (Arc<HandClock>, Ambient) {
    let clock = Arc::new(HandClock(AtomicI64::new(BEGINNING)));
    let entropy = SeededEntropy(Mutex::new(Dice::new(!seed)));
    let ambient = Ambient::new(clock.clone(), Arc::new(entropy));
    (clock, ambient)
}
