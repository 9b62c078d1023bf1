//! What was measured, and the figures that it comes to.

use serde::Serialize;
use std::{ops::Range, time::Duration};

/// What one connection saw.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// When each request ended, since the start, and how long that was after it was due.
    pub requests: Vec<(Duration, Duration)>,
    /// Whether the work ran out before the time did.
    pub ran_out: bool,
}

/// The span that counts: `wanted`, or, if the work ran out, up to the moment when the first
/// connection had nothing left.
pub(super) fn window(samples: &[Sample], wanted: Range<Duration>) -> Range<Duration> {
    let out = samples.iter().filter(|sample| sample.ran_out);
    let ends = out.filter_map(|sample| sample.requests.last().map(|request| request.0));
    let end = ends.min().unwrap_or(wanted.end).min(wanted.end);
    wanted.start..end
}

/// The figures of one measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Figures {
    /// Answers a second.
    pub per_second: u64,
    /// The median of the latencies, in microseconds.
    pub p50_us: u64,
    /// Their 99th percentile, in microseconds.
    pub p99_us: u64,
}

impl Figures {
    /// The rate of the answers that came in the window, and the latencies of the requests that
    /// were due in it, however late their answers came.
    pub fn of(samples: &[Sample], window: &Range<Duration>) -> Self {
        let requests = || samples.iter().flat_map(|sample| &sample.requests);
        let answered = requests().filter(|(ended, _)| window.contains(ended));
        let due = requests().filter(|(ended, took)| window.contains(&ended.saturating_sub(*took)));
        let mut latencies: Vec<u64> = due.map(|(_, took)| micros(*took)).collect();
        latencies.sort_unstable();
        let span = window.end.saturating_sub(window.start);
        Self {
            per_second: per_second(answered.count(), span),
            p50_us: quantile(&latencies, 50),
            p99_us: quantile(&latencies, 99),
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

/// The median of what some rounds came to, the least and the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Middle {
    /// The middle.
    pub median: u64,
    /// Of the round with the least.
    pub least: u64,
    /// Of the round with the most.
    pub most: u64,
}

impl Middle {
    /// That of these values; zeros if there are none.
    pub fn of(values: Vec<u64>) -> Self {
        Self {
            least: values.iter().min().copied().unwrap_or(0),
            most: values.iter().max().copied().unwrap_or(0),
            median: median(values),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn only_what_ends_in_the_window_makes_the_rate() {
        let requests = (0..100).map(|n| (ms(n * 10 + 5), ms(1))).collect();
        let sample = Sample {
            requests,
            ran_out: false,
        };
        let expected = Figures {
            per_second: 100,
            p50_us: 1000,
            p99_us: 1000,
        };
        assert_eq!(Figures::of(&[sample], &(ms(500)..ms(1000))), expected);
    }

    #[test]
    fn who_was_due_in_the_window_counts_however_late_the_answer_came() {
        // Due every 10 ms; from 500 ms on the service stands still until 2,000 ms.
        let request = |n: u64| {
            let due = ms(n * 10);
            let ended = if n < 50 { due + ms(1) } else { ms(2000) };
            (ended, ended.saturating_sub(due))
        };
        let sample = Sample {
            requests: (0..100).map(request).collect(),
            ran_out: false,
        };
        let figures = Figures::of(&[sample], &(ms(0)..ms(1000)));
        assert_eq!(figures.per_second, 50);
        assert_eq!((figures.p50_us, figures.p99_us), (1_000, 1_490_000));
    }

    #[test]
    fn the_window_ends_where_the_work_runs_out() {
        let requests = (0..60).map(|n| (ms(n * 10), ms(1))).collect();
        let sample = Sample {
            requests,
            ran_out: true,
        };
        let samples = [sample];
        let window = window(&samples, ms(90)..ms(1000));
        assert_eq!(window, ms(90)..ms(590));
        assert_eq!(Figures::of(&samples, &window).per_second, 100);
    }

    #[test]
    fn the_middle_of_nothing_is_nothing() {
        assert_eq!((median(vec![]), median(vec![3, 1, 2])), (0, 2));
        assert_eq!(Figures::of(&[], &(ms(0)..ms(0))), Figures::default());
    }
}
