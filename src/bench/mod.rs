//! `threadpay bench`: how fast payments are written and read, beside the same work done the usual
//! way.
//!
//! It measures the service as it is and others on the same database, in turns, so that what
//! disturbs the machine disturbs all; what counts is the ratio. `scenario` says what is asked,
//! `measured` who is compared, `runner` runs them, `services` and `environment` are what they stand on.

mod backlog_limit;
mod bare;
mod callbacks;
mod commits;
mod connection;
mod cost;
mod environment;
mod export;
mod failure;
mod fairness;
mod fill;
mod http_load;
mod in_process;
mod journal;
mod listeners;
mod measured;
mod pace;
mod pgledger;
mod plain;
mod plan;
mod point;
mod prepared;
mod receiver;
mod report;
mod runner;
mod sample;
mod scenario;
mod services;
mod side_runtime;
mod stage;
mod store;
mod transaction;
mod work;

use crate::app::config::settings::Settings;
use crate::embedded::Options;
use crate::program::{ProgramError, Signals, database::Database, print};
use environment::Environment;
use plan::{Choices, Plan};
use report::Report;
use services::Services;

/// The long help of the command.
pub(super) const ABOUT: &str = "Measure how fast payments are written and read, as ratios on this machine.

Each point of the matrix (scenario, merchants, connections) is measured in turns: the service as \
it is, then what it is compared with, and again. The table shows medians of the rounds: how many \
a second, the median latency and the 99th percentile, the ratio of the service's rate to this one's \
with its range, what is wanted of the ratio, and the processor time of each in the process (less \
the load's) and in Postgres. Beside each point is the machine's rate of one-row commits in the \
same minute.

create: ask for money. pay: confirm intents that were made before the clock starts; the callback \
is sent, and what counts is the slower of answers and callbacks. Both beside plain: the same work \
with one transaction per request, on 16 connections. post: book a journal entry of two postings, \
beside plain, plain one at a time, the statements that record a batch and nothing else (bare \
UNNEST; batches as large as the connections could fill), and pgledger where its files are given. \
read: one intent, beside a route that answers with the same bytes without looking, and plain, a \
statement for each. export: rows of \
a journal, beside a COPY of the same. mixed: 40 % create, 30 % confirm, 20 % read, 5 % list, 5 % \
refund, with callbacks.

At half load the service is asked for half of what it did, at a fixed pace, whether or not answers \
come; latency counts from when a request was due. What is wanted is a p99 under 4 times the p50.

Service, load and Postgres share this machine. The memory is the most that the process had, load \
and all. One change in 20 is asked for again, with its key. Where callbacks are sent, the load runs \
no more than 1,000 ahead of them.

It brings its own Postgres, with fsync on. If DATABASE_URL is set, that database is used instead: \
one that holds nothing else; its processor time is not known then.

`threadpay bench callbacks` measures how callbacks are sent, and `threadpay bench fairness` how long \
well-behaved merchants wait beside hostile ones.";

/// What is measured: scenarios, unless callbacks or fairness are named.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    subject: Option<Subject>,
    #[command(flatten)]
    choices: Choices,
    /// End with one line of JSON that holds the same figures.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Subject {
    /// Measure how callbacks are sent: rate, cost, latency, bad neighbors and memory.
    #[command(long_about = callbacks::ABOUT)]
    Callbacks(callbacks::Args),
    /// Measure how long well-behaved merchants wait beside a hostile tenant and a stranger.
    #[command(long_about = fairness::ABOUT)]
    Fairness(fairness::Args),
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), ProgramError> {
    let signals = Signals::listen()?;
    let options = Options {
        fsync: true,
        ..Options::temporary()
    };
    let database = Database::ready(settings, options, &signals).await?;
    let work = async {
        let environment = Environment::prepare(&database).await?;
        match &args.subject {
            None => scenarios(&args, &environment).await,
            Some(Subject::Callbacks(args)) => callbacks::run(args, &environment).await,
            Some(Subject::Fairness(args)) => fairness::run(args, &environment).await,
        }
    };
    let result = tokio::select! {
        result = work => result,
        () = signals.soft().cancelled() => Err(ProgramError::Interrupted),
    };
    database.close().await;
    result
}

async fn scenarios(args: &Args, environment: &Environment) -> Result<(), ProgramError> {
    let report = measure(&args.choices.plan(), environment).await?;
    if args.json {
        print::json(&report.json())?;
    }
    Ok(())
}

async fn measure(plan: &Plan, environment: &Environment) -> Result<Report, ProgramError> {
    let most = plan.merchants.iter().copied().max().unwrap_or(1);
    let services = Services::build(environment, &plan.scenarios, most).await?;
    let report = runner::measure(plan, &services).await;
    services.close().await;
    report
}
