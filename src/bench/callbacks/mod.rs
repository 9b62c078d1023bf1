//! `threadpay bench callbacks`: how callbacks are sent, by the service as it is.
//!
//! Service, bots and receiver share a process; bots and receiver have a thread each, whose
//! processor time is taken off.

mod delays;
mod latency;
mod load;
mod memory;
mod rate;
mod report;

use super::{
    environment::Environment,
    receiver::{self, Manner},
    stage,
};
use crate::program::{ProgramError, print};
use report::Report;
use std::time::Duration;

/// The long help of the command.
pub(super) const ABOUT: &str =
    "Measure how callbacks are sent: rate, cost, latency, bad neighbors and memory.

The whole service runs: HTTP, writer and dispatcher. Bots ask for money over HTTP, and each payment \
intent's event is posted, signed, to a receiver on this machine, without TLS. What is wanted is \
printed beside the figures, and so is the machine's rate of one-row commits in the same minute.

rate: deliveries a second, and the processor time that each costs the service and Postgres. Bare \
client: the outgoing HTTP client alone, with 8 posts of the same body under way to each endpoint. \
Queued, then sent: all are queued while nobody sends, then a service is started; from the first \
arrival to the last. Asked for and sent together: 64 connections ask as fast as answers come; from \
the first request to the last arrival. Each with one merchant and its endpoint, and with 20 in turns.

latency: one merchant with one endpoint is asked for 20, 50 and 200 payments a second, whether or \
not answers come; from the time when the request was due until the receiver has read the callback.

neighbors: 1,000 deliveries to 20 endpoints of two merchants, in turns with all of them healthy, \
and with one that never answers and one that answers 500; the delays at the other 18, medians of \
five rounds.

memory: the most that the process takes, bots and receiver included, while it sends 100,000 queued \
deliveries (for at most a minute).

It brings its own Postgres, with fsync on. If DATABASE_URL is set, that database is used instead: \
one that holds nothing else; its processor time is not known then.";

/// Numbers of endpoints that rates are measured with.
const ENDPOINTS: [usize; 2] = [1, receiver::ENDPOINTS];
/// Requests a second that latency is measured at.
const PACES: [u32; 3] = [20, 50, 200];

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How long each rate and each latency is measured, after a warm-up of a second.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=600))]
    seconds: u16,
    /// A smoke test of half a minute: a second each, short queues, one round of neighbors.
    #[arg(long, conflicts_with = "seconds")]
    quick: bool,
    /// End with one line of JSON that holds the same figures.
    #[arg(long)]
    json: bool,
}

/// How much is measured.
#[derive(Debug)]
struct Plan {
    seconds: u16,
    /// Deliveries that are queued to measure a rate.
    backlog: u64,
    /// Deliveries that are queued to measure memory.
    queue: u64,
    /// Rounds of neighbors.
    rounds: u16,
}

impl Args {
    fn plan(&self) -> Plan {
        if self.quick {
            return Plan {
                seconds: 1,
                backlog: 2_000,
                queue: 5_000,
                rounds: 1,
            };
        }
        Plan {
            seconds: self.seconds,
            backlog: 20_000,
            queue: 100_000,
            rounds: 5,
        }
    }
}

/// Measures, prints each figure as it is known, and ends with the JSON if it is wanted.
pub(super) async fn run(args: &Args, environment: &Environment) -> Result<(), ProgramError> {
    let plan = args.plan();
    let mut report = Report::default();
    rates(&plan, environment, &mut report).await?;
    report.begin_latency(environment.commits().await?)?;
    for pace in PACES {
        let pace = latency::pace(environment, (pace, plan.seconds.into())).await?;
        report.add_latency(pace)?;
    }
    report.add_neighbors(latency::neighbors(environment, plan.rounds).await?)?;
    report.add_memory(memory::queue(environment, plan.queue).await?)?;
    if args.json {
        print::json(&report.json())?;
    }
    Ok(())
}

async fn rates(
    plan: &Plan,
    environment: &Environment,
    report: &mut Report,
) -> Result<(), ProgramError> {
    let time = Duration::from_secs(plan.seconds.into());
    report.begin_rates(environment.commits().await?)?;
    let stage = environment.serve(true).await?;
    rate::first(environment, &stage).await?;
    for endpoints in ENDPOINTS {
        report.add_rate(rate::bare(environment, &stage, (endpoints, time)).await?)?;
    }
    stage.service.stop().await;
    for endpoints in ENDPOINTS {
        report.add_rate(rate::queued(environment, (endpoints, plan.backlog)).await?)?;
    }
    for endpoints in ENDPOINTS {
        report.add_rate(rate::together(environment, (endpoints, time)).await?)?;
    }
    Ok(())
}
