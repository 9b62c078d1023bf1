//! One measurement of one who did the work, and the middle of several.

use super::{
    cost::Share,
    sample::{Figures, median},
};
use serde::Serialize;

/// Who did the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Who {
    /// The service as it is.
    Service,
    /// The service at half of its rate, asked at a fixed pace.
    HalfLoad,
    /// One transaction per request, on sixteen connections.
    Plain,
    /// One transaction per request, one after the other.
    OneByOne,
    /// The statements that record a batch, and nothing else, on one connection.
    Unnest,
    /// A ledger in pure SQL.
    Pgledger,
    /// A route that answers with the same bytes, without looking at anything.
    Bare,
    /// The service's export as lines of JSON.
    Jsonl,
    /// Postgres alone, sending the same rows.
    Copy,
}

impl Who {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "threadpay",
            Self::HalfLoad => "threadpay at half load",
            Self::Plain => "plain, 16 connections",
            Self::OneByOne => "plain, one at a time",
            Self::Unnest => "bare UNNEST",
            Self::Pgledger => "pgledger",
            Self::Bare => "bare route",
            Self::Jsonl => "threadpay, as JSON lines",
            Self::Copy => "COPY of the same rows",
        }
    }
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Done {
    /// Its figures.
    pub figures: Figures,
    /// How many pieces of work it was in all, which its cost is shared among.
    pub count: usize,
    /// Callbacks that came in a second, where they are sent.
    pub callbacks_per_second: Option<u64>,
    /// Bytes a second, where it is about bytes.
    pub bytes_per_second: Option<u64>,
}

/// A run with what it cost.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Measured {
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
    /// Callbacks that came in a second, where they are sent.
    pub callbacks_per_second: Option<u64>,
    /// Bytes a second, where it is about bytes.
    pub bytes_per_second: Option<u64>,
    /// The processor time of each piece of work; the load's own is not in it.
    #[serde(flatten)]
    pub cpu: Share,
    /// The most memory that the process had, load and all.
    pub peak_bytes: Option<u64>,
    /// How much more that was than before.
    pub growth_bytes: Option<u64>,
}

impl Measured {
    /// Each figure's median; of those that are not always there, of where they are.
    pub fn median(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> u64| median(rounds.iter().map(figure).collect());
        let known = |figure: fn(&Self) -> Option<u64>| {
            let known: Vec<u64> = rounds.iter().filter_map(figure).collect();
            (!known.is_empty()).then(|| median(known))
        };
        Self {
            figures: Figures {
                per_second: of(|round| round.figures.per_second),
                p50_us: of(|round| round.figures.p50_us),
                p99_us: of(|round| round.figures.p99_us),
            },
            callbacks_per_second: known(|round| round.callbacks_per_second),
            bytes_per_second: known(|round| round.bytes_per_second),
            cpu: Share {
                service_us: of(|round| round.cpu.service_us),
                postgres_us: known(|round| round.cpu.postgres_us),
            },
            peak_bytes: known(|round| round.peak_bytes),
            growth_bytes: known(|round| round.growth_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_taken_of_each_figure_for_itself() {
        let round = |per_second, p50_us, bytes| Measured {
            figures: Figures {
                per_second,
                p50_us,
                p99_us: 0,
            },
            bytes_per_second: bytes,
            ..Measured::default()
        };
        let rounds = [
            round(10, 3, None),
            round(30, 1, Some(7)),
            round(20, 2, Some(5)),
        ];
        let middle = Measured::median(&rounds);
        assert_eq!((middle.figures.per_second, middle.figures.p50_us), (20, 2));
        assert_eq!(
            (middle.bytes_per_second, middle.callbacks_per_second),
            (Some(7), None)
        );
    }
}
