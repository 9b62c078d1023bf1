//! What was measured, and the figures that it comes to.

use serde::Serialize;
use std::time::Duration;

/// When each request of one connection ended, since the start, and how long it took.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// One pair a request.
    pub requests: Vec<(Duration, Duration)>,
    /// Whether the work ran out before the time did.
    pub ran_out: bool,
}

/// The figures of one measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Figures {
    /// Answers a second.
    pub per_second: u64,
    /// The median of the latencies, in microseconds.
    pub p50_us: u64,
    /// Their 99th percentile, in microseconds.
    pub p99_us: u64,
}

impl Figures {
    /// The figures of all requests that ended between `from` and `to`, or, if the work ran out,
    /// the moment when the first connection had nothing left.
    pub fn of(samples: &[Sample], from: Duration, to: Duration) -> Self {
        let end_of = |sample: &Sample| sample.requests.last().map(|request| request.0);
        let ends = samples
            .iter()
            .filter(|sample| sample.ran_out)
            .filter_map(end_of);
        let to = ends.min().unwrap_or(to).min(to);
        let inside = |request: &&(Duration, Duration)| (from..to).contains(&request.0);
        let requests = samples.iter().flat_map(|sample| &sample.requests);
        let mut latencies: Vec<u64> = requests
            .filter(inside)
            .map(|request| micros(request.1))
            .collect();
        latencies.sort_unstable();
        Self {
            per_second: per_second(latencies.len(), to.saturating_sub(from)),
            p50_us: quantile(&latencies, 50),
            p99_us: quantile(&latencies, 99),
        }
    }

    /// Each figure's median.
    pub fn median(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> u64| median(rounds.iter().map(figure).collect());
        Self {
            per_second: of(|f| f.per_second),
            p50_us: of(|f| f.p50_us),
            p99_us: of(|f| f.p99_us),
        }
    }
}

/// So many in `span` are how many a second.
pub(super) fn per_second(count: usize, span: Duration) -> u64 {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    let per_second = count.saturating_mul(1_000_000).checked_div(micros(span));
    per_second.unwrap_or(0)
}

/// Whole microseconds.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The value that `percent` of the sorted `values` do not exceed; 0 if there are none.
pub(super) fn quantile(values: &[u64], percent: usize) -> u64 {
    let index = values.len().saturating_sub(1) * percent / 100;
    values.get(index).copied().unwrap_or(0)
}

/// The middle value; the upper one of two.
pub(super) fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn only_what_ends_in_the_window_counts() {
        let requests = (0..100).map(|n| (ms(n * 10 + 5), ms(n))).collect();
        let sample = Sample {
            requests,
            ran_out: false,
        };
        let figures = Figures::of(&[sample], ms(500), ms(1000));
        assert_eq!(
            figures,
            Figures {
                per_second: 100,
                p50_us: 74_000,
                p99_us: 98_000
            }
        );
    }

    #[test]
    fn the_window_ends_where_the_work_runs_out() {
        let requests = (0..60).map(|n| (ms(n * 10), ms(1))).collect();
        let sample = Sample {
            requests,
            ran_out: true,
        };
        assert_eq!(Figures::of(&[sample], ms(90), ms(1000)).per_second, 100);
    }

    #[test]
    fn the_middle_of_nothing_is_nothing() {
        assert_eq!((median(vec![]), median(vec![3, 1, 2])), (0, 2));
        assert_eq!(Figures::of(&[], ms(0), ms(0)).per_second, 0);
    }
}
