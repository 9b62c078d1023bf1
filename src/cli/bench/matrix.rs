//! The points of the matrix, one after the other, each in turns of both variants.

use super::{
    CliError, commits,
    http_load::{self, Load},
    in_process,
    report::{Point, Report, Round},
    sample::Figures,
    site::{Caller, Site, Variant, failed, perform},
    work::{INTENT, Scenario, Stock, Work},
};
use crate::{
    http::{self, State},
    ids::IntentId,
    intents::{IntentRequest, Terms},
    writer::Command,
};
use serde::Deserialize;
use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Payments a second that one connection will not exceed.
const FASTEST: u64 = 1_500;
/// How many intents of the stock are made at a time.
const MADE_AT_ONCE: usize = 256;
/// How long a server may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// What is measured.
#[derive(Debug)]
pub(super) struct Plan {
    /// What is asked for.
    pub scenarios: &'static [Scenario],
    /// How many connections.
    pub connections: Vec<u16>,
    /// How many merchants.
    pub merchants: Vec<u16>,
    /// How long a measurement takes.
    pub time: Duration,
    /// How many of each variant.
    pub rounds: u16,
    /// Whether HTTP is left out.
    pub in_process: bool,
}

/// Measures every point of the plan, and prints each as it is done.
pub(super) async fn measure(plan: &Plan, site: &Site) -> Result<Report, CliError> {
    let mut bench = Bench {
        plan,
        site,
        batched: Door::open(site, Variant::Batched)?,
        plain: Door::open(site, Variant::Plain)?,
        stocks: HashMap::new(),
    };
    let mut report = Report::new(plan, bench.ceiling().await?);
    report.print_head()?;
    for scenario in plan.scenarios {
        for merchants in &plan.merchants {
            for connections in &plan.connections {
                let point = bench.point(*scenario, *merchants, *connections).await?;
                report.add(point)?;
            }
        }
    }
    report.print_end()?;
    bench.batched.running.stop(GRACE).await;
    bench.plain.running.stop(GRACE).await;
    Ok(report)
}

/// Where one variant answers.
struct Door {
    address: SocketAddr,
    running: http::server::Running,
}

impl Door {
    fn open(site: &Site, variant: Variant) -> Result<Self, CliError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(CliError::Runtime)?;
        let address = listener.local_addr().map_err(CliError::Runtime)?;
        let state = State::new(Arc::clone(site.app(variant)));
        let running = http::server::start(listener, state).map_err(CliError::Runtime)?;
        Ok(Self { address, running })
    }
}

struct Bench<'a> {
    plan: &'a Plan,
    site: &'a Site,
    batched: Door,
    plain: Door,
    /// What is left to pay, by the number of merchants.
    stocks: HashMap<u16, Vec<(usize, IntentId)>>,
}

impl Bench<'_> {
    /// Answers a second of a route that does nothing, over 64 connections.
    async fn ceiling(&self) -> Result<u64, CliError> {
        let time = Duration::from_secs(1);
        let samples = http_load::run(self.batched.address, Load::Health, (64, time)).await;
        Ok(Figures::of(&samples.map_err(failed)?, time / 4, time).per_second)
    }

    async fn point(
        &mut self,
        scenario: Scenario,
        merchants: u16,
        connections: u16,
    ) -> Result<Point, CliError> {
        let commits_per_second = commits::per_second(&self.site.db).await?;
        let mut rounds = Vec::new();
        for _ in 0..self.plan.rounds {
            rounds.push(Round {
                batched: self
                    .run(Variant::Batched, scenario, (merchants, connections))
                    .await?,
                plain: self
                    .run(Variant::Plain, scenario, (merchants, connections))
                    .await?,
            });
        }
        Ok(Point {
            scenario,
            merchants,
            connections,
            commits_per_second,
            rounds,
        })
    }

    async fn run(
        &mut self,
        variant: Variant,
        scenario: Scenario,
        (merchants, connections): (u16, u16),
    ) -> Result<Figures, CliError> {
        let callers = self.site.callers(merchants);
        let time = self.plan.time / 3 + self.plan.time;
        let stock = match scenario {
            Scenario::Create => Arc::default(),
            Scenario::Pay => {
                let wanted = wanted(variant, connections, time);
                Arc::new(Stock::new(self.stock(&callers, merchants, wanted).await?))
            }
        };
        let work = Work::new(scenario, callers, Arc::clone(&stock));
        let door = match variant {
            Variant::Batched => &self.batched,
            Variant::Plain => &self.plain,
        };
        let samples = if self.plan.in_process {
            in_process::run(self.site.app(variant), &work, (connections, time)).await?
        } else {
            let load = http_load::run(door.address, Load::Work(work), (connections, time));
            load.await.map_err(failed)?
        };
        if let Some(stock) = Arc::into_inner(stock) {
            self.stocks.insert(merchants, stock.rest());
        }
        Ok(Figures::of(&samples, self.plan.time / 3, time))
    }

    /// At least `wanted` intents to pay: what is left and, if need be, new ones.
    async fn stock(
        &mut self,
        callers: &[Caller],
        merchants: u16,
        wanted: usize,
    ) -> Result<Vec<(usize, IntentId)>, CliError> {
        let mut stock = self.stocks.remove(&merchants).unwrap_or_default();
        let app = self.site.app(Variant::Batched);
        let request: IntentRequest = serde_json::from_str(INTENT).map_err(failed)?;
        let terms = request.parse().map_err(failed)?;
        let mut turns = callers.iter().enumerate().cycle();
        while stock.len() < wanted {
            let mut tasks = JoinSet::new();
            for (index, caller) in turns.by_ref().take(MADE_AT_ONCE) {
                let (app, merchant) = (Arc::clone(app), caller.merchant);
                let reference = Some(app.ambient.id::<Uuid>().to_string());
                let terms = terms.clone();
                let command = Command::CreateIntent(Box::new(Terms { reference, ..terms }));
                tasks.spawn(async move { (index, perform(&app, merchant, command).await) });
            }
            while let Some(made) = tasks.join_next().await {
                let (index, made) = made.map_err(failed)?;
                let body = made.map_err(failed)?.answer.body;
                let intent: Made = serde_json::from_slice(&body).map_err(failed)?;
                stock.push((index, intent.id));
            }
        }
        Ok(stock)
    }
}

#[derive(Deserialize)]
struct Made {
    id: IntentId,
}

/// How many intents a measurement gets to pay. If they run out, it ends there.
fn wanted(variant: Variant, connections: u16, time: Duration) -> usize {
    let most = match variant {
        Variant::Batched => 8_000,
        Variant::Plain => 1_500,
    };
    let per_second = (u64::from(connections) * FASTEST).min(most);
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    usize::try_from(per_second * millis / 1000).unwrap_or(usize::MAX)
}
