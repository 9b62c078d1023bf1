//! The points of the matrix, one after the other, each in turns of all that are compared.

use super::{
    export,
    failure::failed,
    fill,
    http_load::{self, Crowd, Load},
    in_process,
    journal::{self, Journal},
    listeners::Listeners,
    measured::{Done, Measured, Who},
    pace::Pace,
    pgledger,
    plan::Plan,
    point::{Mode, Point, Spot},
    prepared::{Demand, PreparedSets},
    report::Report,
    sample::{self, Figures},
    scenario::Scenario,
    services::{Services, Variant},
    work::Work,
};
use crate::program::ProgramError;
use crate::{base::db::Use, views::exports::Format};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Measures every point of the plan, and prints each as it is done.
pub(super) async fn measure(plan: &Plan, services: &Services<'_>) -> Result<Report, ProgramError> {
    let mut bench = Bench {
        plan,
        services,
        listeners: Listeners::open(services)?,
        prepared: PreparedSets::default(),
        pairs: None,
    };
    let mut report = Report::new(plan, bench.ceiling().await?);
    report.print_head()?;
    let mut there = 0;
    for filled in &plan.filled {
        if *filled > there {
            fill::run(
                &services.environment.db,
                &services.writers(),
                filled - there,
            )
            .await?;
            there = *filled;
        }
        for spot in spots(plan, *filled) {
            let point = bench.point(spot).await?;
            report.add(point)?;
        }
    }
    report.print_end()?;
    bench.listeners.close().await;
    Ok(report)
}

/// The points with so many payments in the tables. What many merchants or connections would not
/// change has one.
fn spots(plan: &Plan, filled: u32) -> Vec<Spot> {
    let mut spots = Vec::new();
    for &scenario in &plan.scenarios {
        for &merchants in &plan.merchants {
            for &connections in &plan.connections {
                let spot = Spot {
                    scenario,
                    merchants: if scenario.is_spread() { merchants } else { 1 },
                    connections: if scenario == Scenario::Export {
                        1
                    } else {
                        connections
                    },
                    filled,
                };
                if !spots.contains(&spot) {
                    spots.push(spot);
                }
            }
        }
    }
    spots
}

struct Bench<'a> {
    plan: &'a Plan,
    services: &'a Services<'a>,
    listeners: Listeners,
    prepared: PreparedSets,
    /// Accounts of pgledger, once it is loaded.
    pairs: Option<pgledger::Pairs>,
}

impl Bench<'_> {
    /// Answers a second of a route that does nothing, over 64 connections.
    async fn ceiling(&self) -> Result<u64, ProgramError> {
        let (start, time) = (Instant::now(), Duration::from_secs(1));
        let crowd = Crowd {
            connections: 64,
            start,
            pace: Pace::Closed(start + time),
        };
        let load = (self.listeners.address(Variant::Batched), Load::Health);
        let samples = http_load::run(&self.services.environment.bots, load, crowd).await?;
        Ok(Figures::of(&samples, &(time / 4..time)).per_second)
    }

    async fn point(&mut self, spot: Spot) -> Result<Point, ProgramError> {
        let commits_per_second = self.services.environment.commits().await?;
        let mut rivals: Vec<_> = self.rivals(spot).map(|who| (who, Vec::new())).collect();
        for _ in 0..self.plan.rounds {
            for (who, rounds) in &mut rivals {
                rounds.push(self.run(*who, spot).await?);
            }
        }
        if let Some((Who::Service, rounds)) = rivals.first()
            && self.plan.mode() == Mode::Http
            && spot.scenario != Scenario::Export
        {
            let full = Measured::median(rounds).figures.per_second;
            let half = u32::try_from(full / 2).map_err(failed)?;
            let mut rounds = Vec::new();
            for _ in 0..self.plan.rounds {
                rounds.push(
                    self.load((Variant::Batched, false), spot, Some(half))
                        .await?,
                );
            }
            rivals.insert(1, (Who::HalfLoad, rounds));
        }
        Ok(Point {
            spot,
            commits_per_second,
            rivals,
        })
    }

    /// Who is measured at a point, the service first.
    fn rivals(&self, spot: Spot) -> impl Iterator<Item = Who> {
        let others: &[Who] = match spot.scenario {
            Scenario::Create | Scenario::Pay | Scenario::Mixed => &[Who::Plain],
            Scenario::Post => &[Who::OneByOne, Who::Plain, Who::Unnest, Who::Pgledger],
            Scenario::Read => &[Who::Bare, Who::Plain],
            Scenario::Export => &[Who::Jsonl, Who::Copy],
        };
        let has_pgledger = !self.plan.pgledger.is_empty();
        let is_there = move |who: &Who| match who {
            Who::Pgledger => has_pgledger,
            // One connection writes one merchant's books.
            Who::Unnest => spot.merchants == 1,
            Who::Service
            | Who::HalfLoad
            | Who::Plain
            | Who::OneByOne
            | Who::Bare
            | Who::Jsonl
            | Who::Copy => true,
        };
        let others = others.iter().copied().filter(is_there);
        std::iter::once(Who::Service).chain(others)
    }

    async fn run(&mut self, who: Who, spot: Spot) -> Result<Measured, ProgramError> {
        let rate = self.plan.rate;
        match (who, spot.scenario) {
            (Who::Service | Who::HalfLoad, Scenario::Export) => {
                self.export(Some(Format::Csv)).await
            }
            (Who::Jsonl, _) => self.export(Some(Format::Jsonl)).await,
            (Who::Copy, _) => self.export(None).await,
            (Who::Service | Who::HalfLoad, _) => {
                self.load((Variant::Batched, false), spot, rate).await
            }
            (Who::Plain, _) => self.load((Variant::Plain, false), spot, rate).await,
            (Who::OneByOne, _) => self.load((Variant::OneByOne, false), spot, rate).await,
            (Who::Bare, _) => self.load((Variant::Batched, true), spot, rate).await,
            (Who::Unnest, _) => self.unnest(spot).await,
            (Who::Pgledger, _) => self.pgledger(spot).await,
        }
    }

    /// Asks one variant, or its bare route, as fast as it answers or at a fixed rate.
    async fn load(
        &mut self,
        (variant, bare): (Variant, bool),
        spot: Spot,
        rate: Option<u32>,
    ) -> Result<Measured, ProgramError> {
        let services = self.services;
        let (warm_up, time) = self.plan.span;
        let end = warm_up + time;
        let demand = Demand {
            variant,
            spot,
            time: end,
            rate,
        };
        let prepared = self.prepared.take(services, demand).await?;
        let prepared = Arc::new(prepared);
        let callers = services.callers(spot.scenario, spot.merchants);
        let mut work = Work::new(spot.scenario, callers, Arc::clone(&prepared));
        let sending = if spot.scenario.is_delivered() {
            let sending = services.send(variant).await?;
            work.backlog = rate.is_none().then(|| services.backlog());
            Some(sending)
        } else {
            None
        };
        let address = if bare {
            self.listeners.bare(&work).await?
        } else {
            self.listeners.address(variant)
        };
        let run = async {
            let start = Instant::now();
            let crowd = Crowd {
                connections: spot.connections,
                start,
                pace: match rate {
                    None => Pace::Closed(start + end),
                    Some(rate) => Pace::open(rate, end).map_err(failed)?,
                },
            };
            let samples = if self.plan.in_process {
                in_process::run(services.app(variant), &work, &crowd).await?
            } else {
                let load = (address, Load::Work(work.clone()));
                http_load::run(&services.environment.bots, load, crowd).await?
            };
            let window = sample::window(&samples, warm_up..end);
            let callbacks = sending.is_some().then(|| {
                let span = start + window.start..start + window.end;
                let posts = services.environment.receiver.posts_in(&span);
                sample::per_second(posts, window.end.saturating_sub(window.start))
            });
            Ok(Done {
                figures: settled(spot.scenario, Figures::of(&samples, &window), callbacks),
                count: samples.iter().map(|sample| sample.requests.len()).sum(),
                callbacks_per_second: callbacks,
                bytes_per_second: None,
            })
        };
        let measured = services.environment.watch(run).await?;
        if let Some(sending) = sending {
            sending.stop().await?;
        }
        drop(work);
        if let Some(prepared) = Arc::into_inner(prepared) {
            self.prepared.give_back(spot, prepared);
        }
        Ok(measured)
    }

    /// Records prebuilt batches of the size that the connections could fill.
    async fn unnest(&self, spot: Spot) -> Result<Measured, ProgramError> {
        let merchant = self.services.merchant(Scenario::Post)?;
        let mut journal = Journal::open(&self.services.environment.db, merchant).await?;
        let size = spot.connections.min(BATCH_MAX);
        let run = journal::unnest(&mut journal, size, self.plan.span);
        self.services.environment.watch(run).await
    }

    async fn pgledger(&mut self, spot: Spot) -> Result<Measured, ProgramError> {
        let db = &self.services.environment.db;
        let pairs = if let Some(pairs) = self.pairs.take() {
            pairs
        } else {
            let most = self.plan.merchants.iter().copied().max().unwrap_or(1);
            pgledger::load(db, &self.plan.pgledger, most).await?
        };
        let used = pairs.get(..spot.merchants.into()).unwrap_or(&pairs);
        let mut connections = pgledger::connect(db, spot.connections).await?;
        let run = pgledger::run(&mut connections, used, self.plan.span);
        let measured = self.services.environment.watch(run).await?;
        self.pairs = Some(pairs);
        Ok(measured)
    }

    /// Exports in a format of the service, or by Postgres alone.
    async fn export(&mut self, format: Option<Format>) -> Result<Measured, ProgramError> {
        let environment = self.services.environment;
        let callers = self.services.callers(Scenario::Export, 1);
        let caller = callers.first().ok_or_else(|| failed("nobody exports"))?;
        let entries = self.plan.exported;
        self.prepared
            .journal(&environment.db, caller.merchant, entries)
            .await?;
        let extent = (entries, self.plan.span.1);
        if let Some(format) = format {
            let reader = export::ExportReader {
                bots: &environment.bots,
                address: self.listeners.address(Variant::Batched),
                caller,
                format,
            };
            return environment.watch(reader.run(extent)).await;
        }
        let mut db = environment.db.connect(Use::General).await?;
        environment
            .watch(export::copy(&mut db, caller, extent))
            .await
    }
}

/// The most that the writer puts into one batch.
const BATCH_MAX: u16 = 256;

/// A payment is one when its callback has come: what counts is the slower of the two.
fn settled(scenario: Scenario, answers: Figures, callbacks: Option<u64>) -> Figures {
    match callbacks {
        Some(callbacks) if scenario == Scenario::Pay => Figures {
            per_second: answers.per_second.min(callbacks),
            ..answers
        },
        Some(_) | None => answers,
    }
}
