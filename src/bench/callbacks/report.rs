//! The figures for people, with what is wanted beside them, and for programs.

use super::{
    super::{point::hundredths, report::decimal},
    delays::Spread,
    latency::{Neighbors, Pace},
    memory::Memory,
    rate::{How, Rate},
};
use crate::program::ProgramError;
use crate::program::print;
use serde::Serialize;
use serde_json::{Value, json};

/// What is wanted.
const PER_SECOND: u64 = 2_400;
const PACE: u32 = 50;
const P50_US: u64 = 3_100;
const P99_US: u64 = 11_000;
const RATIO_PERCENT: u64 = 150;
const MEMORY_BYTES: u64 = 150_000_000;

/// All figures of a run.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    commits_per_second: Vec<u64>,
    rate: Vec<Rate>,
    latency: Vec<Pace>,
    neighbors: Option<Neighbors>,
    memory: Option<Memory>,
}

impl Report {
    /// Prints what the rates stand under, the machine's rate of commits first.
    pub fn begin_rates(&mut self, commits_per_second: u64) -> Result<(), ProgramError> {
        self.add_commits(commits_per_second)?;
        print::text(&format!(
            "{:<30}{:>10}{:>11}{:>10}  {:<16}{:>16}{:>17}",
            "rate",
            "endpoints",
            "deliveries",
            "a second",
            "wanted",
            "CPU us, service",
            "CPU us, Postgres"
        ))
    }

    fn add_commits(&mut self, per_second: u64) -> Result<(), ProgramError> {
        self.commits_per_second.push(per_second);
        print::text(&format!(
            "this machine's commits of one row, one after the other: {per_second} a second"
        ))
    }

    /// Takes a rate and prints it.
    pub fn add_rate(&mut self, rate: Rate) -> Result<(), ProgramError> {
        let (name, wanted) = match rate.how {
            How::Bare => ("bare client (the ceiling)", String::new()),
            How::Queued => ("queued, then sent", at_least(rate.per_second)),
            How::Together => ("asked for and sent together", at_least(rate.per_second)),
        };
        print::text(&format!(
            "{name:<30}{:>10}{:>11}{:>10}  {wanted:<16}{:>16}{:>17}",
            rate.endpoints,
            rate.deliveries,
            rate.per_second,
            rate.cpu.service_us,
            rate.cpu
                .postgres_us
                .map_or_else(|| "-".to_owned(), |us| us.to_string())
        ))?;
        self.rate.push(rate);
        Ok(())
    }

    /// Prints what the latencies stand under, the machine's rate of commits first.
    pub fn begin_latency(&mut self, commits_per_second: u64) -> Result<(), ProgramError> {
        print::text("")?;
        self.add_commits(commits_per_second)?;
        print_spread_head("latency, from the request to the callback")
    }

    /// Takes the latencies at one pace and prints them.
    pub fn add_latency(&mut self, pace: Pace) -> Result<(), ProgramError> {
        let name = format!("{} a second", pace.per_second);
        let wanted = if pace.per_second == PACE {
            let met = pace.spread.p50_us <= P50_US && pace.spread.p99_us <= P99_US;
            let (p50, p99) = (millis(P50_US), millis(P99_US));
            format!("p50 <= {p50}, p99 <= {p99}: {}", word(met))
        } else {
            String::new()
        };
        print_spread(&name, pace.spread, &wanted)?;
        self.latency.push(pace);
        Ok(())
    }

    /// Takes the delays among neighbors and prints them.
    pub fn add_neighbors(&mut self, neighbors: Neighbors) -> Result<(), ProgramError> {
        print::text("")?;
        print_spread_head("neighbors: delay at healthy endpoints")?;
        print_spread("all 20 healthy", neighbors.all_healthy, "")?;
        print_spread("one silent, one failing", neighbors.two_bad, "")?;
        let [p50, p99] = ratios(&neighbors);
        let met = p50 <= RATIO_PERCENT && p99 <= RATIO_PERCENT;
        print::text(&format!(
            "{:<54}{:>9}{:>9}{:>9}  <= {}: {}",
            "ratio",
            decimal(p50),
            decimal(p99),
            "",
            decimal(RATIO_PERCENT),
            word(met)
        ))?;
        self.neighbors = Some(neighbors);
        Ok(())
    }

    /// Takes the memory and prints it.
    pub fn add_memory(&mut self, memory: Memory) -> Result<(), ProgramError> {
        let megabytes = |bytes: Option<u64>| {
            bytes.map_or_else(|| "-".to_owned(), |bytes| decimal(bytes / 10_000))
        };
        let met = memory.peak_bytes.is_some_and(|peak| peak < MEMORY_BYTES);
        print::text(&format!(
            "\nmemory with {} deliveries queued, of which {} were sent meanwhile: {} MB before, at \
            most {} MB; wanted < {}: {}",
            memory.queued,
            memory.delivered,
            megabytes(memory.before_bytes),
            megabytes(memory.peak_bytes),
            MEMORY_BYTES / 1_000_000,
            word(met)
        ))?;
        self.memory = Some(memory);
        Ok(())
    }

    /// The same figures for programs, and what is wanted; ratios in hundredths.
    pub fn json(&self) -> Value {
        let ratio = self.neighbors.as_ref().map(ratios);
        json!({
            "scenario": "callbacks",
            "figures": self,
            "neighbors_ratio_percent": ratio.map(|[p50, p99]| json!({"p50": p50, "p99": p99})),
            "wanted": {
                "per_second_at_least": PER_SECOND,
                "latency_at_per_second": PACE,
                "p50_us_at_most": P50_US,
                "p99_us_at_most": P99_US,
                "neighbors_ratio_percent_at_most": RATIO_PERCENT,
                "memory_bytes_below": MEMORY_BYTES,
            },
        })
    }
}

/// The ratios of the median and of the 99th percentile, in hundredths.
fn ratios(neighbors: &Neighbors) -> [u64; 2] {
    let Neighbors {
        all_healthy,
        two_bad,
    } = neighbors;
    [
        hundredths(two_bad.p50_us, all_healthy.p50_us),
        hundredths(two_bad.p99_us, all_healthy.p99_us),
    ]
}

fn at_least(per_second: u64) -> String {
    format!(">= {PER_SECOND}: {}", word(per_second >= PER_SECOND))
}

fn word(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}

fn millis(micros: u64) -> String {
    decimal(micros / 10)
}

fn print_spread_head(name: &str) -> Result<(), ProgramError> {
    print::text(&format!(
        "{name:<43}{:>11}{:>9}{:>9}{:>9}  wanted",
        "deliveries", "p50 ms", "p99 ms", "max ms"
    ))
}

fn print_spread(name: &str, spread: Spread, wanted: &str) -> Result<(), ProgramError> {
    print::text(&format!(
        "{name:<43}{:>11}{:>9}{:>9}{:>9}  {wanted}",
        spread.deliveries,
        millis(spread.p50_us),
        millis(spread.p99_us),
        millis(spread.max_us)
    ))
}
