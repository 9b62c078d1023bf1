//! Which parts of this process work in the background, and whether each of them still does.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How much longer than its period a part may take for what it does at a time.
const PATIENCE: Duration = Duration::from_mins(2);

#[derive(Debug)]
struct Part {
    name: &'static str,
    /// How long it may give no sign.
    patience: Duration,
    /// When it last gave one; none once it has stopped.
    beat_at: Option<Instant>,
}

#[derive(Debug, Default)]
struct Parts {
    next: u64,
    parts: BTreeMap<u64, Part>,
}

/// The parts of this process that must go on.
#[derive(Debug, Default)]
pub struct Pulse(Mutex<Parts>);

/// A part's own end of the pulse. One that is dropped without [`Beat::end`] has stopped, by a panic,
/// say.
#[derive(Debug)]
pub struct Beat {
    pulse: Arc<Pulse>,
    number: u64,
}

impl Pulse {
    /// Ignores poisoning: each change is whole.
    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A part begins that gives a sign after each period.
    pub fn enter(self: &Arc<Self>, name: &'static str, period: Duration) -> Beat {
        let mut parts = self.parts();
        let number = parts.next;
        parts.next = number.saturating_add(1);
        let part = Part {
            name,
            patience: period + PATIENCE,
            beat_at: Some(Instant::now()),
        };
        parts.parts.insert(number, part);
        drop(parts);
        let pulse = Arc::clone(self);
        Beat { pulse, number }
    }

    /// Which part does not go on, and why, if there is one.
    pub fn fault(&self, now: Instant) -> Option<String> {
        let parts = self.parts();
        parts.parts.values().find_map(|part| {
            let name = part.name;
            let Some(beat_at) = part.beat_at else {
                return Some(format!(
                    "the worker `{name}` has stopped: start this process again"
                ));
            };
            let silent = now.saturating_duration_since(beat_at);
            let seconds = silent.as_secs();
            (silent > part.patience)
                .then(|| format!("the worker `{name}` has done nothing for {seconds} s"))
        })
    }
}

impl Beat {
    /// The part goes on.
    pub fn beat(&self) {
        if let Some(part) = self.pulse.parts().parts.get_mut(&self.number) {
            part.beat_at = Some(Instant::now());
        }
    }

    /// The part ends as it should.
    pub fn end(self) {
        self.pulse.parts().parts.remove(&self.number);
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        if let Some(part) = self.pulse.parts().parts.get_mut(&self.number) {
            part.beat_at = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_silent_or_gone_is_a_fault() {
        let pulse = Arc::new(Pulse::default());
        let (deliver, forget) = (
            pulse.enter("deliver", Duration::from_secs(1)),
            pulse.enter("forget", Duration::from_mins(1)),
        );
        let after = |seconds| pulse.fault(Instant::now() + Duration::from_secs(seconds));
        assert_eq!(after(110), None);
        assert!(
            after(130)
                .unwrap()
                .contains("`deliver` has done nothing for 1")
        );
        deliver.beat();
        assert_eq!(after(110), None);
        drop(forget);
        assert!(after(0).unwrap().contains("`forget` has stopped"));
        deliver.end();
        assert!(after(0).unwrap().contains("`forget`"));
    }
}
