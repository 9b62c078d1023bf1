//! One point of the matrix: what was measured there, and what the figures say of one another.

use super::{
    measured::{Measured, Who},
    sample::Middle,
    scenario::Scenario,
};
use serde::Serialize;
use serde_json::{Value, json};

/// How all of a run is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mode {
    /// Over HTTP, as fast as answers come.
    Http,
    /// Without HTTP, as fast as answers come.
    InProcess,
    /// At a fixed pace: rates say nothing then.
    Paced,
}

/// Where something was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// What was asked for.
    pub scenario: Scenario,
    /// Of how many merchants.
    pub merchants: u16,
    /// Over how many connections.
    pub connections: u16,
    /// Payments that were in the tables before.
    pub filled: u32,
}

/// What was measured there.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// Where.
    pub spot: Spot,
    /// One-row commits a second in the same minute.
    pub commits_per_second: u64,
    /// The rounds of the service, and of all that it is compared with.
    pub rivals: Vec<(Who, Vec<Measured>)>,
}

/// `a` divided by `b`, in hundredths.
pub(super) fn hundredths(a: u64, b: u64) -> u64 {
    a.saturating_mul(100).checked_div(b).unwrap_or(0)
}

impl Point {
    fn rounds(&self, who: Who) -> &[Measured] {
        let found = self.rivals.iter().find(|(other, _)| *other == who);
        found.map_or(&[], |(_, rounds)| rounds)
    }

    /// The service's figures.
    pub fn service(&self) -> Measured {
        Measured::median(self.rounds(Who::Service))
    }

    /// How many times as fast as this the service is; of half load, how many times as long as the
    /// median the 99th percentile is; in hundredths.
    pub fn ratio(&self, who: Who) -> Middle {
        let rounds = self.rounds(who).iter();
        let ratios: Vec<u64> = if who == Who::HalfLoad {
            let tail = |m: &Measured| hundredths(m.figures.p99_us, m.figures.p50_us);
            rounds.map(tail).collect()
        } else {
            let pairs = self.rounds(Who::Service).iter().zip(rounds);
            let ratio = |(a, b): (&Measured, &Measured)| {
                hundredths(a.figures.per_second, b.figures.per_second)
            };
            pairs.map(ratio).collect()
        };
        Middle::of(ratios)
    }

    /// What the ratio is to be at least, or, of half load, at most; in hundredths.
    pub fn wanted(&self, who: Who, mode: Mode) -> Option<u64> {
        let Spot {
            scenario,
            merchants,
            connections,
            ..
        } = self.spot;
        let is_payment = matches!(scenario, Scenario::Create | Scenario::Pay);
        match (mode, who) {
            (Mode::Http, Who::HalfLoad) => Some(400),
            (Mode::Http, Who::Bare) => Some(50),
            (Mode::Http, Who::OneByOne) => (merchants == 1 && connections == 256).then_some(1_200),
            (Mode::Http, Who::Plain) if is_payment => match (scenario, merchants, connections) {
                (_, _, 1) => Some(100),
                (Scenario::Create, 1, 64) => Some(600),
                (Scenario::Create, 1, 256) => Some(1_000),
                (Scenario::Pay, 1, 64) => Some(800),
                (_, 64, 64) => Some(400),
                _ => None,
            },
            (Mode::InProcess, Who::OneByOne) => {
                (merchants == 1 && connections >= 64).then_some(2_000)
            }
            (Mode::InProcess, Who::Unnest) => Some(60),
            _ => None,
        }
    }

    /// Whether the ratio is as wanted, where something is.
    pub fn is_met(&self, who: Who, mode: Mode) -> Option<bool> {
        let wanted = self.wanted(who, mode)?;
        let found = self.ratio(who).median;
        Some(if who == Who::HalfLoad {
            found <= wanted
        } else {
            found >= wanted
        })
    }

    /// The figures for programs; ratios in hundredths.
    pub fn json(&self, mode: Mode) -> Value {
        let rival = |(who, rounds): &(Who, Vec<Measured>)| {
            let (ratio, figures) = (self.ratio(*who), Measured::median(rounds));
            let name = if *who == Who::HalfLoad {
                "p99_to_p50_percent"
            } else {
                "ratio_percent"
            };
            json!({
                "who": who,
                "figures": figures,
                name: {"median": ratio.median, "least": ratio.least, "most": ratio.most},
                "wanted_percent": self.wanted(*who, mode),
                "is_met": self.is_met(*who, mode),
            })
        };
        json!({
            "scenario": self.spot.scenario.name(),
            "merchants": self.spot.merchants,
            "connections": self.spot.connections,
            "filled": self.spot.filled,
            "commits_per_second": self.commits_per_second,
            "rivals": self.rivals.iter().map(rival).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::sample::Figures;

    fn round(per_second: u64, p50_us: u64, p99_us: u64) -> Measured {
        Measured {
            figures: Figures {
                per_second,
                p50_us,
                p99_us,
            },
            ..Measured::default()
        }
    }

    fn point() -> Point {
        Point {
            spot: Spot {
                scenario: Scenario::Create,
                merchants: 1,
                connections: 64,
                filled: 0,
            },
            commits_per_second: 0,
            rivals: vec![
                (
                    Who::Service,
                    vec![round(600, 1, 1), round(900, 1, 1), round(500, 1, 1)],
                ),
                (Who::HalfLoad, vec![round(300, 10, 50)]),
                (
                    Who::Plain,
                    vec![round(100, 1, 1), round(100, 1, 1), round(100, 1, 1)],
                ),
            ],
        }
    }

    #[test]
    fn rounds_are_compared_with_the_one_beside_them() {
        let point = point();
        let expected = Middle {
            median: 600,
            least: 500,
            most: 900,
        };
        assert_eq!(point.ratio(Who::Plain), expected);
        assert_eq!(point.is_met(Who::Plain, Mode::Http), Some(true));
        assert_eq!(point.is_met(Who::Plain, Mode::InProcess), None);
    }

    #[test]
    fn half_load_is_about_the_tail() {
        let point = point();
        assert_eq!(point.ratio(Who::HalfLoad).median, 500);
        assert_eq!(point.is_met(Who::HalfLoad, Mode::Http), Some(false));
        let half = &point.json(Mode::Http)["rivals"][1];
        assert_eq!(half["p99_to_p50_percent"]["median"], 500);
        assert_eq!(half["figures"]["p99_us"], 50);
    }
}
