//! `threadpay bench`: how fast the writer is, beside the same work done the usual way.
//!
//! It measures the service as it is (`batched`) and the same service over [`plain`], in turns
//! on one database, so that what disturbs the machine disturbs both; what counts is the ratio.
//! Everything is on but the dispatcher: each request is authenticated, validated, kept under its
//! idempotency key, booked, told to the feed and recorded as owed to one callback endpoint.

mod callbacks;
mod commits;
mod connection;
mod http_load;
mod in_process;
mod plain;
mod points;
mod report;
mod sample;
mod site;
mod store;
mod transaction;
mod work;

use super::{CliError, Signals, database::Database, print};
use crate::embedded::Options;
use points::Plan;
use report::Report;
use site::Site;
use std::time::Duration;
use work::Scenario;

/// The long help of the command.
pub(super) const ABOUT: &str = "Measure how fast payments are written, as ratios on this machine.

Each point of the matrix (scenario, merchants, connections) is measured in turns: the service as \
it is (batched), then the same service with one transaction per request on 16 connections (plain), \
and again. The table shows medians of the rounds: requests a second, the median latency and the \
99th percentile, and the ratio batched/plain with its range. Beside each point stands the machine's \
rate of one-row commits in the same minute.

The service, the load and Postgres share this machine. Callbacks are recorded and not sent, in \
both. One request in 20 is the repeat of the one before it, with its key. `pay` confirms intents \
that were made before the clock starts.

It brings its own Postgres, with fsync on. If DATABASE_URL is set, that database is used instead: \
one that holds nothing else.

`threadpay bench callbacks` measures how callbacks are sent.";

/// What is measured: the writer, unless something else is named.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    subject: Option<Subject>,
    #[command(flatten)]
    writer: WriterArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Subject {
    /// Measure how callbacks are sent: rate, cost, latency, bad neighbors and memory.
    #[command(long_about = callbacks::ABOUT)]
    Callbacks(callbacks::Args),
}

/// What can be chosen about the writer.
#[derive(Debug, clap::Args)]
struct WriterArgs {
    /// What is asked for.
    #[arg(long, value_enum, value_name = "SCENARIO", default_value = "all")]
    scenario: Choice,
    /// Connections that each wait for one answer at a time; several are several points.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [1, 16, 64, 256], value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: Vec<u16>,
    /// Merchants that the requests go to in turns: 1 is one hot merchant.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [1, 64], value_parser = clap::value_parser!(u16).range(1..=1024))]
    merchants: Vec<u16>,
    /// How long one measurement takes, after a warm-up of a third of it.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=600))]
    seconds: u16,
    /// Measurements of each variant at each point.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=99))]
    rounds: u16,
    /// Leave HTTP, authentication and parsing out: hand commands to the writers directly.
    #[arg(long)]
    in_process: bool,
    /// A smoke test of a minute: 1 and 64 connections, one round of one second.
    #[arg(long, conflicts_with_all = ["connections", "merchants", "seconds", "rounds"])]
    quick: bool,
    /// End with one line of JSON that holds the same figures.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Choice {
    /// Both, one after the other.
    All,
    /// Ask for money: an intent, its page's token, key, event and delivery.
    Create,
    /// Confirm an intent: attempt, journal entry, postings, balances, key, event and delivery.
    Pay,
}

impl Choice {
    fn scenarios(self) -> &'static [Scenario] {
        match self {
            Self::All => &[Scenario::Create, Scenario::Pay],
            Self::Create => &[Scenario::Create],
            Self::Pay => &[Scenario::Pay],
        }
    }
}

impl WriterArgs {
    fn plan(&self) -> Plan {
        let scenarios = self.scenario.scenarios();
        if self.quick {
            return Plan {
                scenarios,
                connections: vec![1, 64],
                merchants: vec![1, 64],
                time: Duration::from_secs(1),
                rounds: 1,
                in_process: self.in_process,
            };
        }
        Plan {
            scenarios,
            connections: self.connections.clone(),
            merchants: self.merchants.clone(),
            time: Duration::from_secs(self.seconds.into()),
            rounds: self.rounds,
            in_process: self.in_process,
        }
    }
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let signals = Signals::listen()?;
    let options = Options {
        fsync: true,
        ..Options::temporary()
    };
    let database = Database::ready(options, &signals).await?;
    let work = async {
        match &args.subject {
            None => writer(&args.writer, &database).await,
            Some(Subject::Callbacks(args)) => callbacks::run(args, &database).await,
        }
    };
    let result = tokio::select! {
        result = work => result,
        () = signals.soft().cancelled() => Err(CliError::Interrupted),
    };
    database.close().await;
    result
}

async fn writer(args: &WriterArgs, database: &Database) -> Result<(), CliError> {
    let report = measure(&args.plan(), database).await?;
    if args.json {
        print::line(&report.json().to_string())?;
    }
    Ok(())
}

async fn measure(plan: &Plan, database: &Database) -> Result<Report, CliError> {
    let most = plan.merchants.iter().copied().max().unwrap_or(1);
    let site = Site::build(&database.db, most).await?;
    let report = points::measure(plan, &site).await;
    site.close().await;
    report
}
