//! Seeded chance, and clocks that only the simulation moves.
//!
//! Everything that chance decides is a function of the seed and of the name of what it is for, not
//! of what was decided before. So a history from which moves are taken away still does the same
//! with those that are left, and ids stay the same.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};
use threadpay::base::ambient::{Ambient, Clock, Entropy};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// When every simulation begins: 2026-01-01, in microseconds since 1970.
const BEGINNING: i64 = 1_767_225_600_000_000;

/// Numbers made one, with all bits in play.
pub fn mix(numbers: &[u64]) -> u64 {
    numbers
        .iter()
        .fold(0, |sum: u64, number| scatter(sum ^ *number))
}

/// The splitmix64 generator's step.
fn scatter(state: u64) -> u64 {
    let mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// What chance gave an id: the part that does not hang on the time.
pub fn random_part(id: Uuid) -> u64 {
    id.as_u64_pair().1
}

/// A row of numbers: the same seed gives the same row.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn roll(&mut self) -> u64 {
        let number = scatter(self.0);
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        number
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

    /// One of these: the same one as long as it is there, whatever else comes and goes.
    pub fn prefer<T>(
        &mut self,
        from: impl IntoIterator<Item = T>,
        name: impl Fn(&T) -> u64,
    ) -> Option<T> {
        let roll = self.roll();
        from.into_iter()
            .max_by_key(|thing| mix(&[roll, name(thing)]))
    }

    /// An amount of minor units: often small, so that limits are met.
    pub fn amount(&mut self, most: i64) -> i64 {
        let most = usize::try_from(most.max(1)).unwrap();
        let most = if self.percent(50) { most.min(5) } else { most };
        i64::try_from(1 + self.below(most)).unwrap()
    }
}

/// The clock of one process: the true time, which all share, and how far this one is off.
#[derive(Debug)]
pub struct HandClock {
    truth: Arc<AtomicI64>,
    off: AtomicI64,
}

impl HandClock {
    /// Sets how far it is off.
    pub fn set_off(&self, by: Duration) {
        self.off.store(micros(by), Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> OffsetDateTime {
        at(self.truth.load(Ordering::Relaxed) + self.off.load(Ordering::Relaxed))
    }
}

fn at(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).unwrap()
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.whole_microseconds()).unwrap()
}

/// Time and chance of all processes of a run.
#[derive(Clone, Debug)]
pub struct Nature {
    truth: Arc<AtomicI64>,
    chance: Arc<Mutex<Dice>>,
    seed: u64,
}

impl Nature {
    pub fn new(seed: u64) -> Self {
        Self {
            truth: Arc::new(AtomicI64::new(BEGINNING)),
            chance: Arc::new(Mutex::new(Dice::new(!seed))),
            seed,
        }
    }

    /// Lets time pass for all.
    pub fn pass(&self, by: Duration) {
        self.truth.fetch_add(micros(by), Ordering::Relaxed);
    }

    /// The true time.
    pub fn now(&self) -> OffsetDateTime {
        at(self.truth.load(Ordering::Relaxed))
    }

    /// What chance gives from here on is that of the thing of this name.
    pub fn turn_to(&self, name: &[u64]) {
        *self.chance.lock().unwrap() = Dice::new(mix(&[self.seed, mix(name)]));
    }

    /// A clock and what a process is built with on it.
    pub fn process(&self) -> (Arc<HandClock>, Ambient) {
        let clock = Arc::new(HandClock {
            truth: Arc::clone(&self.truth),
            off: AtomicI64::new(0),
        });
        let ambient = Ambient::new(clock.clone(), Arc::new(self.clone()));
        (clock, ambient)
    }
}

impl Entropy for Nature {
    fn fill(&self, buffer: &mut [u8]) {
        let mut dice = self.chance.lock().unwrap();
        for chunk in buffer.chunks_mut(8) {
            let bytes = dice.roll().to_be_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}
