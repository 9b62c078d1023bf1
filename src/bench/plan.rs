//! What can be chosen, and what it comes to.

use super::{point::Mode, scenario::Scenario};
use std::{path::PathBuf, time::Duration};

/// Journal entries of an export, for each second of a measurement.
const EXPORTED: usize = 5_000;

/// What can be chosen about what is measured.
#[derive(Debug, clap::Args)]
pub(super) struct Choices {
    /// What is measured; all of it, if nothing is named.
    #[arg(value_enum, value_name = "SCENARIO")]
    scenarios: Vec<Scenario>,
    /// Connections that each wait for one answer at a time; several are several points.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [1, 64, 256], value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: Vec<u16>,
    /// Merchants that the requests go to in turns: 1 is one hot merchant.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [1, 64], value_parser = clap::value_parser!(u16).range(1..=1024))]
    merchants: Vec<u16>,
    /// How long one measurement takes, after a warm-up of a third of it.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=3600))]
    seconds: u16,
    /// Measurements of each, in turns, at each point.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=99))]
    rounds: u16,
    /// Ask at a fixed pace, so many times a second, whether or not answers come, instead of as
    /// fast as they do; latency counts from when a request was due.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: Option<u32>,
    /// Fill the tables with so many payments before; several are measured one after the other,
    /// the fewest first.
    #[arg(long, value_name = "N,…", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    filled: Vec<u32>,
    /// Leave HTTP, authentication and parsing out: hand commands to the writers directly. Leaves
    /// out read, export and mixed as well.
    #[arg(long)]
    in_process: bool,
    /// For `post`: the SQL files of pgledger, in the order in which they are to be loaded.
    #[arg(long, value_name = "FILE,…", value_delimiter = ',')]
    pgledger: Vec<PathBuf>,
    /// A smoke test of a minute: 64 connections, one round of one second, short exports.
    #[arg(long, conflicts_with_all = ["connections", "merchants", "seconds", "rounds"])]
    quick: bool,
}

/// What is measured.
#[derive(Debug)]
pub(super) struct Plan {
    /// What is asked for.
    pub scenarios: Vec<Scenario>,
    /// How many connections.
    pub connections: Vec<u16>,
    /// How many merchants.
    pub merchants: Vec<u16>,
    /// How long the warm-up takes, and how long a measurement after it.
    pub span: (Duration, Duration),
    /// How many of each.
    pub rounds: u16,
    /// Requests a second, where they do not wait for answers.
    pub rate: Option<u32>,
    /// Payments that are in the tables before, the fewest first; 0 for none.
    pub filled: Vec<u32>,
    /// Whether HTTP is left out.
    pub in_process: bool,
    /// Journal entries of an export.
    pub exported: usize,
    /// The files of pgledger.
    pub pgledger: Vec<PathBuf>,
}

impl Plan {
    /// How all of it is asked.
    pub fn mode(&self) -> Mode {
        match (self.rate, self.in_process) {
            (Some(_), _) => Mode::Paced,
            (None, true) => Mode::InProcess,
            (None, false) => Mode::Http,
        }
    }
}

impl Choices {
    /// What they come to.
    pub fn plan(&self) -> Plan {
        let mut scenarios = self.scenarios.clone();
        if scenarios.is_empty() {
            scenarios.extend(Scenario::ALL);
        }
        scenarios.retain(|scenario| !self.in_process || scenario.is_in_process());
        let mut filled = self.filled.clone();
        filled.sort_unstable();
        if filled.is_empty() {
            filled.push(0);
        }
        let seconds = if self.quick { 1 } else { self.seconds };
        let time = Duration::from_secs(seconds.into());
        Plan {
            scenarios,
            connections: if self.quick {
                vec![64]
            } else {
                self.connections.clone()
            },
            merchants: self.merchants.clone(),
            span: (time / 3, time),
            rounds: if self.quick { 1 } else { self.rounds },
            rate: self.rate,
            filled,
            in_process: self.in_process,
            exported: EXPORTED * usize::from(seconds),
            pgledger: self.pgledger.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        choices: Choices,
    }

    fn plan(line: &str) -> Plan {
        let words = std::iter::once("bench").chain(line.split_whitespace());
        Line::try_parse_from(words).unwrap().choices.plan()
    }

    #[test]
    fn what_is_not_chosen_is_all_of_it() {
        assert_eq!(plan("").scenarios, Scenario::ALL);
        assert_eq!(plan("").filled, [0]);
        let in_process = plan("--in-process --quick");
        assert_eq!(
            in_process.scenarios,
            [Scenario::Create, Scenario::Pay, Scenario::Post]
        );
        assert_eq!((in_process.connections, in_process.rounds), (vec![64], 1));
    }

    #[test]
    fn tables_are_filled_from_the_fewest_on() {
        let plan = plan("pay read --filled 5000000,10000 --seconds 9");
        assert_eq!(plan.scenarios, [Scenario::Pay, Scenario::Read]);
        assert_eq!(plan.filled, [10_000, 5_000_000]);
        assert_eq!(plan.span, (Duration::from_secs(3), Duration::from_secs(9)));
    }
}
