//! The figures for people, a line for each of whom is compared, and for programs.

use super::{
    measured::{Measured, Who},
    plan::Plan,
    point::{Mode, Point, Spot, hundredths},
    scenario::Scenario,
};
use crate::program::{ProgramError, print};
use serde_json::{Value, json};

/// All figures of a run.
#[derive(Debug)]
pub(super) struct Report {
    mode: Mode,
    ceiling: u64,
    points: Vec<Point>,
}

/// Two points of which the first is held against the second.
struct Pair<'a> {
    point: &'a Point,
    other: &'a Point,
    /// How many times as fast it is, in hundredths.
    rate: u64,
    /// How many times the processor time a request costs, in hundredths.
    cost: u64,
}

impl<'a> Pair<'a> {
    fn new(point: &'a Point, other: &'a Point) -> Self {
        let (a, b) = (point.service(), other.service());
        let cost = |m: Measured| m.cpu.service_us + m.cpu.postgres_us.unwrap_or(0);
        Self {
            point,
            other,
            rate: hundredths(a.figures.per_second, b.figures.per_second),
            cost: hundredths(cost(a), cost(b)),
        }
    }
}

impl Report {
    /// A report without points yet; `ceiling` is what a route that does nothing reaches.
    pub fn new(plan: &Plan, ceiling: u64) -> Self {
        Self {
            mode: plan.mode(),
            ceiling,
            points: Vec::new(),
        }
    }

    /// Prints what the figures stand under.
    pub fn print_head(&self) -> Result<(), ProgramError> {
        let over = match self.mode {
            Mode::Http => "over HTTP",
            Mode::InProcess => "in process, without HTTP",
            Mode::Paced => "at a fixed pace",
        };
        print::text(&format!(
            "{over}; a route that does nothing (GET /healthz, 64 connections): {} a second",
            self.ceiling
        ))
    }

    /// Takes a point and prints it.
    pub fn add(&mut self, point: Point) -> Result<(), ProgramError> {
        let spot = point.spot;
        let filled = match spot.filled {
            0 => String::new(),
            filled => format!(", {filled} payments in the tables"),
        };
        print::text(&format!(
            "\n{}: {}, {}{filled}; {} commits of one row a second",
            spot.scenario.name(),
            count(spot.merchants, "merchant"),
            count(spot.connections, "connection"),
            point.commits_per_second
        ))?;
        print::text(&format!(
            "  {:<24}{:>9}{:>10}{:>10}  {:<20}{:<15}{:>8}{:>10}{:>7}",
            unit(spot.scenario),
            "a second",
            "p50 ms",
            "p99 ms",
            "threadpay/this",
            "wanted",
            "CPU us",
            "Postgres",
            "MB"
        ))?;
        for (who, rounds) in &point.rivals {
            self.print_rival(&point, *who, Measured::median(rounds))?;
        }
        self.points.push(point);
        Ok(())
    }

    fn print_rival(&self, point: &Point, who: Who, found: Measured) -> Result<(), ProgramError> {
        let ratio = point.ratio(who);
        let [middle, least, most] = [ratio.median, ratio.least, ratio.most].map(decimal);
        let compared = match who {
            Who::Service => String::new(),
            Who::HalfLoad => format!("p99/p50 {middle}"),
            Who::Plain
            | Who::OneByOne
            | Who::Unnest
            | Who::Pgledger
            | Who::Bare
            | Who::Jsonl
            | Who::Copy => format!("{middle} ({least}-{most})"),
        };
        let wanted = point.wanted(who, self.mode).map(|wanted| {
            let sign = if who == Who::HalfLoad { "<" } else { ">=" };
            let met = point.is_met(who, self.mode) == Some(true);
            let word = if met { "met" } else { "missed" };
            format!("{sign} {}: {word}", decimal(wanted))
        });
        let known = |figure: Option<u64>| figure.map_or_else(|| "-".to_owned(), |f| f.to_string());
        let callbacks = found.callbacks_per_second;
        let callbacks = callbacks.map(|found| format!("  {found} callbacks a second"));
        let bytes = found.bytes_per_second;
        let bytes = bytes.map(|found| format!("  {} MB a second", decimal(found / 10_000)));
        print::text(&format!(
            "  {:<24}{:>9}{:>10}{:>10}  {:<20}{:<15}{:>8}{:>10}{:>7}{}{}",
            who.name(),
            found.figures.per_second,
            decimal(found.figures.p50_us / 10),
            decimal(found.figures.p99_us / 10),
            compared,
            wanted.unwrap_or_default(),
            found.cpu.service_us,
            known(found.cpu.postgres_us),
            known(found.peak_bytes.map(|bytes| bytes / 1_000_000)),
            callbacks.unwrap_or_default(),
            bytes.unwrap_or_default()
        ))
    }

    /// One hot merchant beside many, with all else equal.
    fn hot_to_spread(&self) -> Vec<Pair<'_>> {
        let is_spread = |hot: &Point, point: &Point| {
            let there = point.spot.merchants > 1 && hot.spot.merchants == 1;
            let merchants = hot.spot.merchants;
            there
                && Spot {
                    merchants,
                    ..point.spot
                } == hot.spot
        };
        self.pairs(is_spread)
    }

    /// Fuller tables beside the emptiest.
    fn full_to_empty(&self) -> Vec<Pair<'_>> {
        let least = self.points.iter().map(|point| point.spot.filled).min();
        let is_emptiest = |full: &Point, point: &Point| {
            let filled = full.spot.filled;
            let there = Some(point.spot.filled) == least && point.spot.filled < filled;
            there
                && Spot {
                    filled,
                    ..point.spot
                } == full.spot
        };
        self.pairs(is_emptiest)
    }

    fn pairs(&self, belongs: impl Fn(&Point, &Point) -> bool) -> Vec<Pair<'_>> {
        let find = |point| self.points.iter().find(|other| belongs(point, other));
        let points = self.points.iter();
        let pairs = points.filter_map(|point| Some(Pair::new(point, find(point)?)));
        pairs.collect()
    }

    /// Prints what several points say together.
    pub fn print_end(&self) -> Result<(), ProgramError> {
        print::text("")?;
        for pair in self.hot_to_spread() {
            print::text(&format!(
                "{} over {}: one merchant is {} times as fast as {}",
                pair.point.spot.scenario.name(),
                count(pair.point.spot.connections, "connection"),
                decimal(pair.rate),
                pair.other.spot.merchants
            ))?;
        }
        for pair in self.full_to_empty() {
            print::text(&format!(
                "{} of {} over {}: with {} payments in the tables {} times as fast as with {}, for {} times the processor time",
                pair.point.spot.scenario.name(),
                count(pair.point.spot.merchants, "merchant"),
                count(pair.point.spot.connections, "connection"),
                pair.point.spot.filled,
                decimal(pair.rate),
                pair.other.spot.filled,
                decimal(pair.cost)
            ))?;
        }
        Ok(())
    }

    /// The same figures for programs; ratios in hundredths.
    pub fn json(&self) -> Value {
        let pair = |pair: Pair| {
            let spot = pair.point.spot;
            json!({
                "scenario": spot.scenario.name(),
                "connections": spot.connections,
                "merchants": [spot.merchants, pair.other.spot.merchants],
                "filled": [spot.filled, pair.other.spot.filled],
                "rate_percent": pair.rate,
                "cpu_percent": pair.cost,
            })
        };
        let points = self.points.iter().map(|point| point.json(self.mode));
        json!({
            "mode": self.mode,
            "ceiling_per_second": self.ceiling,
            "points": points.collect::<Vec<_>>(),
            "hot_to_spread": self.hot_to_spread().into_iter().map(pair).collect::<Vec<_>>(),
            "full_to_empty": self.full_to_empty().into_iter().map(pair).collect::<Vec<_>>(),
        })
    }
}

/// What there are so many of a second.
fn unit(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::Export => "rows",
        Scenario::Pay => "payments",
        Scenario::Create | Scenario::Post | Scenario::Read | Scenario::Mixed => "answers",
    }
}

fn count(count: u16, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// Hundredths as a decimal number.
pub(super) fn decimal(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
