//! What a merchant waits for, and how long it did.

use super::super::sample::{Middle, micros, quantile};
use serde::Serialize;
use std::time::Duration;

/// Something that a merchant, its bot or its payer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wait {
    /// The answer to a request for money.
    Ask,
    /// The pay page.
    Open,
    /// The payment on the page.
    Pay,
    /// The payment's status.
    Read,
    /// The newest payments.
    List,
    /// The callback of the payment, from when it was sent off.
    Callback,
}

impl Wait {
    /// All of them, in the order in which they come.
    pub const ALL: [Self; 6] = [
        Self::Ask,
        Self::Open,
        Self::Pay,
        Self::Read,
        Self::List,
        Self::Callback,
    ];

    /// What is done, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ask => "ask for money",
            Self::Open => "open the page",
            Self::Pay => "pay",
            Self::Read => "read the payment",
            Self::List => "list payments",
            Self::Callback => "pay, until the callback",
        }
    }
}

/// What the merchants saw in one round.
#[derive(Debug, Default)]
pub(super) struct Diary {
    /// How long they waited for what was done.
    pub waits: Vec<(Wait, Duration)>,
    /// What was not done, and why.
    pub failures: Vec<String>,
}

impl Diary {
    /// Adds what another saw.
    pub fn extend(&mut self, other: Self) {
        self.waits.extend(other.waits);
        self.failures.extend(other.failures);
    }

    /// The value that so many percent of the waits for this do not exceed, in microseconds.
    fn quantile(&self, wait: Wait, percent: usize) -> u64 {
        let these = self.waits.iter().filter(|(of, _)| *of == wait);
        let mut these: Vec<u64> = these.map(|(_, took)| micros(*took)).collect();
        these.sort_unstable();
        quantile(&these, percent)
    }
}

/// How long one thing takes, over all rounds, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Delay {
    /// The medians of the rounds.
    pub p50_us: Middle,
    /// Their 99th percentiles.
    pub p99_us: Middle,
}

impl Delay {
    /// The delay of `wait` in these rounds.
    pub fn of(wait: Wait, rounds: &[Diary]) -> Self {
        Self {
            p50_us: Middle::of(quantiles(wait, 50, rounds)),
            p99_us: Middle::of(quantiles(wait, 99, rounds)),
        }
    }
}

/// This quantile of each round.
pub(super) fn quantiles(wait: Wait, percent: usize, rounds: &[Diary]) -> Vec<u64> {
    let rounds = rounds.iter();
    rounds.map(|round| round.quantile(wait, percent)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_has_figures_of_its_own() {
        let round = |ms: u64| Diary {
            waits: vec![
                (Wait::Ask, Duration::from_millis(ms)),
                (Wait::Pay, Duration::from_millis(7)),
                (Wait::Ask, Duration::from_millis(ms + 2)),
            ],
            failures: Vec::new(),
        };
        let rounds = [round(5), round(1), round(3)];
        assert_eq!(quantiles(Wait::Ask, 100, &rounds), [7_000, 3_000, 5_000]);
        let delay = Delay::of(Wait::Ask, &rounds);
        let expected = Middle {
            median: 3_000,
            least: 1_000,
            most: 5_000,
        };
        assert_eq!(delay.p50_us, expected);
        assert_eq!(Delay::of(Wait::Pay, &rounds).p99_us.most, 7_000);
    }
}
