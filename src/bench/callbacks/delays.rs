//! How long it took from the time when money should have been asked for until the callback had
//! come.

use super::{
    super::sample::{median, micros, quantile},
    load::Asked,
    receiver::Arrivals,
};
use serde::Serialize;
use std::{collections::HashMap, time::Instant};

/// What the delays come to, in microseconds.
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

impl Spread {
    /// Of what was asked for since `from`, at the endpoints that `counts` names.
    pub fn of(
        (asked, from): (&[Asked], Instant),
        arrivals: &Arrivals,
        counts: impl Fn(usize) -> bool,
    ) -> Self {
        let asked = asked.iter().filter(|asked| asked.at >= from);
        let times: HashMap<_, _> = asked.map(|asked| (asked.intent, asked.at)).collect();
        let delays = arrivals
            .iter()
            .filter(|((endpoint, _), _)| counts(*endpoint))
            .filter_map(|((_, intent), come)| Some(come.duration_since(*times.get(intent)?)));
        let mut delays: Vec<u64> = delays.map(micros).collect();
        delays.sort_unstable();
        Self {
            deliveries: delays.len(),
            p50_us: quantile(&delays, 50),
            p99_us: quantile(&delays, 99),
            max_us: quantile(&delays, 100),
        }
    }

    /// All rounds in one: the median of each quantile, and the longest delay of all.
    pub fn median(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> u64| median(rounds.iter().map(figure).collect());
        Self {
            deliveries: rounds.iter().map(|round| round.deliveries).sum(),
            p50_us: of(|round| round.p50_us),
            p99_us: of(|round| round.p99_us),
            max_us: rounds.iter().map(|round| round.max_us).max().unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::IntentId;
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
        let spread = Spread::of((&asked, at(10)), &arrivals.into(), |endpoint| endpoint == 0);
        let expected = Spread {
            deliveries: 2,
            p50_us: 2000,
            p99_us: 2000,
            max_us: 3000,
        };
        assert_eq!(spread, expected);
    }
}
