//! A clock that runs and can be put forward.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use threadpay::base::ambient::{Ambient, Clock, Entropy};
use time::{Duration, OffsetDateTime};

/// The system's clock, moved on together with Postgres' by what a test says. The machine's own may
/// show something else.
pub struct TestClock {
    system: Ambient,
    ahead: AtomicI64,
    wrong: AtomicI64,
}

impl TestClock {
    /// Lets so much time pass.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(micros(by), Ordering::Relaxed);
    }

    /// Sets this machine's clock wrong by so much.
    pub fn set_wrong(&self, by: Duration) {
        self.wrong.store(micros(by), Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> OffsetDateTime {
        self.system.now() + self.moved()
    }

    fn shown(&self) -> OffsetDateTime {
        self.now() + Duration::microseconds(self.wrong.load(Ordering::Relaxed))
    }

    fn moved(&self) -> Duration {
        Duration::microseconds(self.ahead.load(Ordering::Relaxed))
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.whole_microseconds()).unwrap()
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
        wrong: AtomicI64::new(0),
    });
    let ambient = Ambient::new(clock.clone(), Arc::new(SystemEntropy(system)));
    (clock, ambient)
}
