//! A clock that runs and can be put forward.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use threadpay::base::ambient::{Ambient, Clock, Entropy};
use time::{Duration, OffsetDateTime};

/// The system's clock, ahead by what a test says.
pub struct TestClock {
    system: Ambient,
    ahead: AtomicI64,
}

impl TestClock {
    /// Puts the clock forward.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.whole_microseconds()).unwrap();
        self.ahead.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> OffsetDateTime {
        self.system.now() + Duration::microseconds(self.ahead.load(Ordering::Relaxed))
    }
}

struct SystemEntropy(Ambient);

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            chunk.copy_from_slice(&self.0.bytes::<32>()[..chunk.len()]);
        }
    }
}

/// The clock, and an ambient that goes by it.
pub fn ambient() -> (Arc<TestClock>, Ambient) {
    let system = Ambient::system();
    let clock = Arc::new(TestClock {
        system: system.clone(),
        ahead: AtomicI64::new(0),
    });
    let ambient = Ambient::new(clock.clone(), Arc::new(SystemEntropy(system)));
    (clock, ambient)
}
