//! How long it took from the time when money should have been asked for until the callback had
//! come.

use super::{
    super::sample::{micros, quantile},
    load::Asked,
    receiver::Arrivals,
};
use serde::Serialize;
use std::{collections::HashMap, time::Instant};

/// Delays that were measured, in microseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Delays(Vec<u64>);

/// What they come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Spread {
    /// How many there are.
    pub deliveries: usize,
    /// The median.
    pub p50_us: u64,
    /// The 99th percentile.
    pub p99_us: u64,
    /// The longest.
    pub max_us: u64,
}

impl Delays {
    /// Adds the delays of what was asked for after `from`, at the endpoints that `counts` names.
    pub fn add(
        &mut self,
        (asked, from): (&[Asked], Instant),
        arrivals: &Arrivals,
        counts: impl Fn(usize) -> bool,
    ) {
        let asked = asked.iter().filter(|asked| asked.at >= from);
        let times: HashMap<_, _> = asked.map(|asked| (asked.intent, asked.at)).collect();
        let delays = arrivals
            .iter()
            .filter(|((endpoint, _), _)| counts(*endpoint))
            .filter_map(|((_, intent), come)| Some(come.duration_since(*times.get(intent)?)));
        self.0.extend(delays.map(micros));
    }

    /// What they come to.
    pub fn spread(mut self) -> Spread {
        self.0.sort_unstable();
        Spread {
            deliveries: self.0.len(),
            p50_us: quantile(&self.0, 50),
            p99_us: quantile(&self.0, 99),
            max_us: quantile(&self.0, 100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::IntentId;
    use std::time::Duration;
    use uuid::Uuid;

    #[test]
    fn only_what_is_asked_in_time_and_comes_where_it_should_counts() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let intent = |number| IntentId(Uuid::from_u128(number));
        let asked = [(1, 0), (2, 10), (3, 20)].map(|(number, ms)| Asked {
            at: at(ms),
            intent: intent(number),
        });
        let arrivals = [(0, 1, 5), (0, 2, 13), (0, 3, 22), (1, 3, 70)]
            .map(|(endpoint, number, ms)| ((endpoint, intent(number)), at(ms)));
        let mut delays = Delays::default();
        delays.add((&asked, at(10)), &arrivals.into(), |endpoint| endpoint == 0);
        let expected = Spread {
            deliveries: 2,
            p50_us: 2000,
            p99_us: 2000,
            max_us: 3000,
        };
        assert_eq!(delays.spread(), expected);
    }
}
