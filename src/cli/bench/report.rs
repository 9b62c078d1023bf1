//! The figures for people, a line a point, and for programs.

use super::{
    CliError,
    points::Plan,
    print,
    sample::{Figures, median},
    work::Scenario,
};
use serde_json::{Value, json};

/// Both variants, one right after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    /// The service as it is.
    pub batched: Figures,
    /// One transaction per request.
    pub plain: Figures,
}

impl Round {
    /// How many times as fast batched is, in hundredths.
    fn ratio(&self) -> u64 {
        hundredths(self.batched.per_second, self.plain.per_second)
    }
}

/// `a` divided by `b`, in hundredths.
pub(super) fn hundredths(a: u64, b: u64) -> u64 {
    a.saturating_mul(100).checked_div(b).unwrap_or(0)
}

/// One point of the matrix.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// What was asked for.
    pub scenario: Scenario,
    /// Of how many merchants.
    pub merchants: u16,
    /// Over how many connections.
    pub connections: u16,
    /// One-row commits a second in the same minute.
    pub commits_per_second: u64,
    /// What was measured.
    pub rounds: Vec<Round>,
}

impl Point {
    fn batched(&self) -> Figures {
        Figures::median(
            &self
                .rounds
                .iter()
                .map(|round| round.batched)
                .collect::<Vec<_>>(),
        )
    }

    fn plain(&self) -> Figures {
        Figures::median(
            &self
                .rounds
                .iter()
                .map(|round| round.plain)
                .collect::<Vec<_>>(),
        )
    }

    /// The ratio's median, least and most, in hundredths.
    fn ratios(&self) -> [u64; 3] {
        let ratios: Vec<u64> = self.rounds.iter().map(Round::ratio).collect();
        let least = ratios.iter().min().copied().unwrap_or(0);
        let most = ratios.iter().max().copied().unwrap_or(0);
        [median(ratios), least, most]
    }
}

/// All figures of a run.
#[derive(Debug)]
pub(super) struct Report {
    in_process: bool,
    ceiling: u64,
    points: Vec<Point>,
}

impl Report {
    /// A report without points yet; `ceiling` is what a route that does nothing reaches.
    pub fn new(plan: &Plan, ceiling: u64) -> Self {
        Self {
            in_process: plan.in_process,
            ceiling,
            points: Vec::new(),
        }
    }

    /// Prints what the figures stand under.
    pub fn print_head(&self) -> Result<(), CliError> {
        let over = if self.in_process {
            "in process, without HTTP"
        } else {
            "over HTTP"
        };
        print::line(&format!(
            "{over}; a route that does nothing (GET /healthz, 64 connections): {} a second",
            self.ceiling
        ))?;
        print::line(&format!(
            "{:<9}{:>9}{:>6} |{:>9}{:>8}{:>8} |{:>9}{:>8}{:>8} | {:<19}|{:>10}",
            "scenario",
            "merchants",
            "conns",
            "batched/s",
            "p50 ms",
            "p99 ms",
            "plain/s",
            "p50 ms",
            "p99 ms",
            "batched/plain",
            "commits/s"
        ))
    }

    /// Takes a point and prints it.
    pub fn add(&mut self, point: Point) -> Result<(), CliError> {
        let (batched, plain) = (point.batched(), point.plain());
        let [middle, least, most] = point.ratios().map(decimal);
        print::line(&format!(
            "{:<9}{:>9}{:>6} |{:>9}{:>8}{:>8} |{:>9}{:>8}{:>8} | {:<19}|{:>10}",
            point.scenario.to_string(),
            point.merchants,
            point.connections,
            batched.per_second,
            decimal(batched.p50_us / 10),
            decimal(batched.p99_us / 10),
            plain.per_second,
            decimal(plain.p50_us / 10),
            decimal(plain.p99_us / 10),
            format!("{middle} ({least}-{most})"),
            point.commits_per_second
        ))?;
        self.points.push(point);
        Ok(())
    }

    /// How one hot merchant does beside many, batched.
    fn hot_to_spread(&self) -> Vec<(&Point, &Point, u64)> {
        let hot = self.points.iter().filter(|point| point.merchants == 1);
        let spread = |hot: &&Point| {
            self.points.iter().find(|point| {
                point.merchants > 1
                    && (point.scenario, point.connections) == (hot.scenario, hot.connections)
            })
        };
        hot.filter_map(|hot| Some((hot, spread(&hot)?)))
            .map(|(hot, spread)| {
                let rates = (hot.batched().per_second, spread.batched().per_second);
                (hot, spread, hundredths(rates.0, rates.1))
            })
            .collect()
    }

    /// Prints what several points say together.
    pub fn print_end(&self) -> Result<(), CliError> {
        for (hot, spread, ratio) in self.hot_to_spread() {
            print::line(&format!(
                "{} over {} connections, batched: one merchant is {} times as fast as {}",
                hot.scenario,
                hot.connections,
                decimal(ratio),
                spread.merchants
            ))?;
        }
        Ok(())
    }

    /// The same figures for programs; ratios in hundredths.
    pub fn json(&self) -> Value {
        let point = |point: &Point| {
            let [ratio, least, most] = point.ratios();
            json!({
                "scenario": point.scenario.to_string(),
                "merchants": point.merchants,
                "connections": point.connections,
                "batched": point.batched(),
                "plain": point.plain(),
                "ratio_percent": {"median": ratio, "least": least, "most": most},
                "commits_per_second": point.commits_per_second,
            })
        };
        let hot_to_spread = |(hot, spread, ratio): (&Point, &Point, u64)| {
            json!({
                "scenario": hot.scenario.to_string(),
                "connections": hot.connections,
                "merchants": spread.merchants,
                "ratio_percent": ratio,
            })
        };
        json!({
            "http": !self.in_process,
            "ceiling_per_second": self.ceiling,
            "points": self.points.iter().map(point).collect::<Vec<_>>(),
            "hot_to_spread": self.hot_to_spread().into_iter().map(hot_to_spread).collect::<Vec<_>>(),
        })
    }
}

/// Hundredths as a decimal number.
pub(super) fn decimal(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
