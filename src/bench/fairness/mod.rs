//! `threadpay bench fairness`: how long well-behaved merchants wait while nobody disturbs them, and
//! beside a hostile tenant and a hostile stranger.
//!
//! Service, merchants and attackers share a process; merchants, receiver and attackers have a
//! thread each, so that nobody waits for an answer that came already.

mod attacker;
mod attacks;
mod report;
mod shop;
mod tenant;
mod waits;

use super::{
    environment::Environment, failure::failed, receiver::ENDPOINTS, services::Caller,
    side_runtime::SideRuntime, stage::Stage,
};
use crate::program::{ProgramError, print};
use attacker::Attacker;
use attacks::{Attack, Count, Counted};
use report::Report;
use shop::Shop;
use std::{collections::BTreeMap, sync::Arc, thread::available_parallelism, time::Duration};
use tenant::Tenant;
use tokio::{task::JoinSet, time::sleep};
use waits::{Diary, Wait};

/// The long help of the command.
pub(super) const ABOUT: &str =
    "Measure how long well-behaved merchants wait beside a hostile tenant and a hostile stranger.

The whole service runs, with the limits that it has if nothing is set. In each of its lanes a \
merchant sells ten times a second, whether or not answers come: its bot asks for money, a payer \
opens the page and pays, the bot reads the payment and lists the newest, and a callback comes. In \
turns nobody disturbs them, and all of these do at once:

A tenant with seven keys and 16 endpoints, which hang or answer after 14 seconds, makes payments over \
32 connections, reads long lists and such that find nothing, reads exports slowly, leaves polls of \
the feed, and is declined again and again. A stranger guesses keys, secrets and pages, and sends \
half of a form over each of 200 connections.

The table shows medians of the rounds with their ranges: what a merchant waited for, quiet and \
attacked, and how many times as long the 99th percentile of each attacked round was as that of the \
quiet one before it. A short round of each warms up and does not count. No request of theirs may \
fail, and no callback stay away: the command fails then. Requests of attackers count as refused if \
they are answered with an error, or not at all.

Attackers have the same processors as the service. It brings its own Postgres, with fsync on. If \
DATABASE_URL is set, that database is used instead: one that holds nothing else.";

/// How long a round of either kind takes before the first that counts: connections are opened then.
const WARM_UP: Duration = Duration::from_secs(2);
/// How long attackers attack before a round begins, and what they began may end after it.
const SETTLE: Duration = Duration::from_secs(1);

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How long one round takes.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=600))]
    seconds: u16,
    /// Rounds of each kind, in turns.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=99))]
    rounds: u16,
    /// A smoke test of half a minute: one round of two seconds, and an eighth of the attackers.
    #[arg(long, conflicts_with_all = ["seconds", "rounds"])]
    quick: bool,
    /// End with one line of JSON that holds the same figures.
    #[arg(long)]
    json: bool,
}

/// Measures, prints the figures, and fails if a merchant's request did.
pub(super) async fn run(args: &Args, environment: &Environment) -> Result<(), ProgramError> {
    let (seconds, rounds, fewer) = if args.quick {
        (2, 1, 8)
    } else {
        (args.seconds, args.rounds, 1)
    };
    let street = Street::build(environment, fewer).await?;
    let report = street
        .measure(Duration::from_secs(seconds.into()), rounds)
        .await;
    street.stage.service.stop().await;
    let report = report?;
    report.print()?;
    if args.json {
        print::json(&report.json())?;
    }
    let mut failures = report.failures();
    let Some(first) = failures.next() else {
        return Ok(());
    };
    let others = failures.count();
    Err(failed(format!(
        "a merchant's request failed, and {others} others: {first}"
    )))
}

/// A service with a shop in each lane, and a thread for those who attack.
struct Street<'a> {
    environment: &'a Environment,
    stage: Stage,
    shops: Vec<Shop>,
    attackers: SideRuntime,
    /// How many times fewer attackers there are than there would be.
    fewer: usize,
}

impl<'a> Street<'a> {
    async fn build(environment: &'a Environment, fewer: usize) -> Result<Self, ProgramError> {
        let stage = environment.serve_limited().await?;
        let mut shops = Vec::new();
        for (endpoint, caller) in one_a_lane(environment).await?.into_iter().enumerate() {
            shops.push(Shop::open(environment, &stage, (caller, endpoint)).await?);
        }
        Ok(Self {
            environment,
            stage,
            shops,
            attackers: SideRuntime::start("attackers").map_err(ProgramError::Runtime)?,
            fewer,
        })
    }

    async fn measure(&self, time: Duration, rounds: u16) -> Result<Report, ProgramError> {
        let mut report = Report {
            commits_per_second: self.environment.commits().await?,
            merchants: self.shops.len(),
            ..Report::default()
        };
        self.sell(WARM_UP).await?;
        self.sell_attacked(WARM_UP).await?;
        for _ in 0..rounds {
            report.quiet.push(self.sell(time).await?);
            let (diary, attacks) = self.sell_attacked(time).await?;
            report.attacked.push(diary);
            report.attacks.push(attacks);
        }
        Ok(report)
    }

    /// Lets all shops sell, and waits for their callbacks.
    async fn sell(&self, time: Duration) -> Result<Diary, ProgramError> {
        let receiver = &self.environment.receiver;
        receiver.forget();
        let day = shop::sell(self.shops.clone(), time);
        let day = self.environment.bots.run(day).await?;
        let arrivals = receiver.take(day.paid.len()).await?;
        let mut diary = day.diary;
        for (callback, since) in day.paid {
            match arrivals.get(&callback) {
                Some(at) => diary.waits.push((Wait::Callback, at.duration_since(since))),
                None => diary.failures.push("a callback did not come".to_owned()),
            }
        }
        Ok(diary)
    }

    async fn sell_attacked(&self, time: Duration) -> Result<(Diary, Vec<Counted>), ProgramError> {
        let tenant = Arc::new(Tenant::enter(self.environment, &self.stage).await?);
        let mut attackers = JoinSet::new();
        let counts = Attack::ALL.map(|attack| (attack, Arc::<Count>::default()));
        for (attack, count) in &counts {
            for number in 0..attack.attackers().div_ceil(self.fewer) {
                let attacker = Attacker {
                    service: self.stage.address,
                    tenant: Arc::clone(&tenant),
                    attack: *attack,
                    count: Arc::clone(count),
                };
                attackers.spawn_on(attacker.run(number), self.attackers.handle());
            }
        }
        sleep(SETTLE).await;
        let diary = self.sell(time).await;
        attackers.shutdown().await;
        tenant.leave(&self.stage).await?;
        sleep(SETTLE).await;
        let counted = counts.iter().map(|(attack, count)| count.end(*attack));
        Ok((diary?, counted.collect()))
    }
}

/// Merchants go to lanes by their ids: makes them until there is one in each, or as many as can be
/// called back; the last endpoint is the attackers'.
async fn one_a_lane(environment: &Environment) -> Result<Vec<Caller>, ProgramError> {
    let lanes = available_parallelism().map_or(1, usize::from);
    let modulus = u128::try_from(lanes).map_err(failed)?;
    let mut callers = BTreeMap::new();
    while callers.len() < lanes.min(ENDPOINTS - 1) {
        let caller = environment.merchant().await?;
        let lane = caller.merchant.0.as_u128().checked_rem(modulus);
        callers.insert(lane, caller);
    }
    Ok(callers.into_values().collect())
}
