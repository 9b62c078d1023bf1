//! The dispatcher: leases deliveries that are due, sends each on its own, and writes down what
//! became of them.
//!
//! A try that takes its time holds one place of its endpoint's few and nothing else: new work is
//! claimed whenever a place is free. Results are written together, as many as have come in while
//! the last ones were written.

mod send;
mod stats;
mod take;

pub use send::{DispatcherParts, Reveal};
pub use stats::DispatcherStats;

use super::{Progress, Worker};
use crate::{
    base::{
        actor::Actor,
        db::is_outage,
        ids::{DeliveryId, EndpointId, MerchantId},
    },
    domain::callbacks::{
        Disabling, Health, Outcome, Signal, health, outbox,
        outbox::{Claimed, Sent},
    },
    writer::{EndpointCommand, Submission},
};
use send::Secrets;
use sqlx::{Postgres, pool::PoolConnection};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    sync::Arc,
    time::Duration,
};
use time::OffsetDateTime;
use tokio::{
    sync::mpsc,
    task::{Id, JoinError, JoinSet},
};
use uuid::Uuid;

/// How long a lease lasts: twice the deadline of an exchange, so that it never ends while its
/// try is under way.
const LEASE: Duration = Duration::from_secs(30);

/// How long results that nothing waits for gather before they are written down, and how many at
/// most: writing down ten costs Postgres half as much as ten times one.
const GATHERING: Duration = Duration::from_millis(5);
const GATHERED: usize = 64;

/// How much the dispatcher does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tries under way in this process.
    pub total: usize,
    /// Tries under way to an endpoint of which nothing is known yet, in all processes together.
    pub per_endpoint: i32,
    /// How long tries under way may go on after a stop.
    pub grace: Duration,
}

impl Limits {
    /// Attempts under way for one merchant, so that no one merchant's slow endpoints delay others.
    fn per_merchant(self) -> usize {
        (self.total / 4).max(1)
    }

    /// Places that only endpoints with nothing under way may take.
    fn kept_for_idle(self) -> usize {
        self.total / 8
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: 512,
            per_endpoint: 8,
            grace: Duration::from_secs(5),
        }
    }
}

/// Sends what is owed to callback endpoints.
pub struct Dispatcher {
    parts: Arc<DispatcherParts>,
    limits: Limits,
    stats: Arc<DispatcherStats>,
    /// Names its leases.
    lease: Uuid,
    /// Shows to other dispatchers that this one lives.
    hold: Option<PoolConnection<Postgres>>,
    /// When it looks again for leases of those who are dead.
    look_at: OffsetDateTime,
    /// What the writer hands over, if it is this dispatcher that attends.
    arrivals: Option<mpsc::UnboundedReceiver<Claimed>>,
    /// Leased deliveries that could not be signed.
    unsigned: Vec<(MerchantId, DeliveryId, Uuid)>,
    tries: JoinSet<Sent>,
    flights: HashMap<Id, Flight>,
    /// Tries that have ended and are not yet written down.
    landed: Vec<Sent>,
    /// Endpoints that have lately been sent to.
    known: HashMap<EndpointId, Known>,
    /// Word of endpoints that are given up, on its way to the writer.
    given_up: JoinSet<()>,
    /// Whether there may be due work that found no free place.
    hungry: bool,
    /// Whether the next tick comes of a landing alone, and brings no new work.
    landing: bool,
}

/// The lease of a try under way.
#[derive(Clone, Copy)]
struct Flight {
    merchant: MerchantId,
    endpoint: EndpointId,
    delivery: DeliveryId,
    lease: Uuid,
}

/// What is remembered of an endpoint: how it stood last, and its secrets, sealed and open, since
/// opening them for each try would cost more than all else.
struct Known {
    health: Health,
    sealed: Vec<Vec<u8>>,
    secrets: Secrets,
    /// Tries under way.
    under_way: i32,
    /// Whether there were as many as there may be, since its health was last looked at.
    full: bool,
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dispatcher ({} in flight)", self.flights.len())
    }
}

impl Worker for Dispatcher {
    const NAME: &'static str = "deliver";
    const PERIOD: Duration = Duration::from_secs(1);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        let woken = !std::mem::take(&mut self.landing);
        while let Some(landing) = self.tries.try_join_next_with_id() {
            self.land(landing);
        }
        self.record().await?;
        if woken || self.hungry {
            self.claim().await?;
        }
        self.put_off().await?;
        while self.given_up.try_join_next().is_some() {}
        Ok(Progress::Idle)
    }

    async fn ready(&mut self) {
        self.landing().await;
        // What waits for a free place waits for what has landed to be written down.
        if !self.hungry {
            let more = async {
                while self.landed.len() < GATHERED {
                    self.landing().await;
                }
            };
            // Whether it is many or time that is up is all the same.
            let _ = tokio::time::timeout(GATHERING, more).await;
        }
        self.landing = true;
    }

    async fn stop(&mut self) {
        if let Some(handover) = self.handover() {
            handover.leave();
        }
        let end = tokio::time::Instant::now() + self.limits.grace;
        while !self.flights.is_empty() && tokio::time::timeout_at(end, self.ready()).await.is_ok() {
        }
        self.tries.abort_all();
        while let Some(landing) = self.tries.join_next_with_id().await {
            // A try that ended all the same counts; the others stay in `flights`.
            if landing.is_ok() {
                self.land(landing);
            }
        }
        let cut_off = self.flights.drain();
        let mut cut_off: Vec<_> = cut_off
            .map(|(_, flight)| (flight.merchant, flight.delivery, flight.lease))
            .collect();
        while let Some(claimed) = self.arrivals.as_mut().and_then(|a| a.try_recv().ok()) {
            cut_off.push((claimed.merchant, claimed.delivery, claimed.lease));
        }
        self.stats.show(0);
        let written = match self.record().await {
            Ok(()) => outbox::release(&self.parts.pool, &cut_off, None).await,
            Err(error) => Err(error),
        };
        let written = match (written, self.hold.take()) {
            (Ok(()), Some(hold)) => outbox::let_go(hold, self.lease).await,
            (written, _) => written,
        };
        if let Err(error) = written {
            tracing::warn!(%error, "leases could not be given back; their deliveries are sent again once they end");
        }
        while self.given_up.join_next().await.is_some() {}
    }
}

/// The next delivery that is handed over; never one where nothing is.
async fn next(arrivals: &mut Option<mpsc::UnboundedReceiver<Claimed>>) -> Option<Claimed> {
    match arrivals {
        Some(arrivals) => arrivals.recv().await,
        None => None,
    }
}

/// What came of the endpoint's last failed attempt among these.
fn last_error(landed: &[Sent], endpoint: EndpointId) -> Option<String> {
    let mut attempts = landed.iter().rev().filter(|sent| sent.endpoint == endpoint);
    let failed = attempts.find(|sent| sent.outcome != Outcome::Delivered);
    failed.map(Sent::described)
}

impl Dispatcher {
    /// A dispatcher that has not begun.
    pub fn new(parts: DispatcherParts, limits: Limits) -> Self {
        Self {
            limits,
            stats: Arc::default(),
            lease: parts.ambient.id(),
            hold: None,
            arrivals: None,
            unsigned: Vec::new(),
            look_at: OffsetDateTime::UNIX_EPOCH,
            tries: JoinSet::new(),
            flights: HashMap::new(),
            landed: Vec::new(),
            known: HashMap::new(),
            given_up: JoinSet::new(),
            hungry: true,
            landing: false,
            parts: Arc::new(parts),
        }
    }

    /// What it has done, for the metrics.
    pub fn stats(&self) -> Arc<DispatcherStats> {
        Arc::clone(&self.stats)
    }

    /// Waits for a try to end, and launches what is handed over meanwhile.
    async fn landing(&mut self) {
        loop {
            tokio::select! {
                biased;
                Some(landing) = self.tries.join_next_with_id() => {
                    return self.land(landing);
                }
                Some(claimed) = next(&mut self.arrivals) => self.accept(claimed),
                else => std::future::pending().await,
            }
        }
    }

    /// Takes in a try that has ended.
    fn land(&mut self, landing: Result<(Id, Sent), JoinError>) {
        match landing {
            Ok((id, sent)) => {
                self.flights.remove(&id);
                self.free(sent.merchant, sent.endpoint);
                self.stats.count(sent.outcome);
                self.landed.push(sent);
            }
            // A fault of ours: the lease runs out, and the delivery is tried again.
            Err(error) => {
                let flight = self.flights.remove(&error.id());
                if let Some(flight) = flight {
                    self.free(flight.merchant, flight.endpoint);
                }
                let delivery = flight.map(|flight| flight.delivery);
                tracing::error!(%error, ?delivery, "a delivery's try broke off");
            }
        }
        self.stats.show(self.flights.len());
    }

    /// Writes down what has landed, and keeps it for the next time if the database is away.
    async fn record(&mut self) -> Result<(), sqlx::Error> {
        if self.landed.is_empty() {
            return Ok(());
        }
        let recorded = outbox::record(&self.parts.pool, &self.landed).await;
        if recorded.as_ref().is_err_and(is_outage) {
            self.hungry = true;
            return recorded;
        }
        let landed = std::mem::take(&mut self.landed);
        if recorded.is_err() {
            self.record_one_by_one(&landed).await?;
        }
        self.note(&landed).await
    }

    /// Writes down each result by itself, so that one that Postgres refuses takes no other with it.
    /// It is refused always: its lease runs out, and its delivery is sent again.
    async fn record_one_by_one(&mut self, landed: &[Sent]) -> Result<(), sqlx::Error> {
        for (at, sent) in landed.iter().enumerate() {
            match outbox::record(&self.parts.pool, std::slice::from_ref(sent)).await {
                Err(error) if is_outage(&error) => {
                    self.landed = landed.iter().skip(at).cloned().collect();
                    self.hungry = true;
                    return Err(error);
                }
                Err(error) => {
                    tracing::error!(%error, delivery = %sent.delivery, "a result cannot be written down");
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Takes note of what the tries tell about their endpoints. Only where that changes something
    /// is anything written.
    async fn note(&mut self, landed: &[Sent]) -> Result<(), sqlx::Error> {
        let mut told: BTreeMap<_, Vec<(OffsetDateTime, Signal)>> = BTreeMap::new();
        for sent in landed {
            let signals = told.entry((sent.merchant, sent.endpoint)).or_default();
            signals.push((sent.ended_at, sent.signal));
        }
        let (ambient, start) = (self.parts.ambient.clone(), self.limits.per_endpoint);
        let after = |before: Health, signals: &[(OffsetDateTime, Signal)], full| {
            before.after(signals, (start, full), |pause| ambient.jitter(pause))
        };
        let mut full = HashSet::new();
        told.retain(|(_, endpoint), signals| {
            let Some(known) = self.known.get_mut(endpoint) else {
                return true;
            };
            if std::mem::take(&mut known.full) {
                full.insert(*endpoint);
            }
            after(known.health, signals, full.contains(endpoint)) != known.health
        });
        if told.is_empty() {
            return Ok(());
        }
        let endpoints = told
            .keys()
            .map(|&(merchant, endpoint)| health::store::Noted {
                merchant,
                endpoint,
                last_error: last_error(landed, endpoint),
            });
        let endpoints: Vec<_> = endpoints.collect();
        let signals: HashMap<_, _> = told.iter().map(|((_, id), told)| (*id, told)).collect();
        let now = ambient.now();
        let noted = health::store::note(&self.parts.pool, &endpoints, now, |endpoint, before| {
            let before = before.unwrap_or(Health::new(start));
            signals.get(&endpoint).map_or(before, |signals| {
                after(before, signals, full.contains(&endpoint))
            })
        });
        for (endpoint, health) in noted.await? {
            if let Some(known) = self.known.get_mut(&endpoint) {
                known.health = health;
            }
            if let Some(handover) = self.handover() {
                handover.health(endpoint, health);
            }
            self.give_up(endpoint, health, landed);
        }
        Ok(())
    }

    /// Has an endpoint disabled that wants no more, or has failed for too long.
    fn give_up(&mut self, endpoint: EndpointId, health: Health, landed: &[Sent]) {
        let mut tries = landed.iter().filter(|sent| sent.endpoint == endpoint);
        let gone = tries
            .clone()
            .find(|sent| sent.answer.as_ref().is_ok_and(|(status, _)| *status == 410));
        let Some(last) = tries.next_back() else {
            return;
        };
        let why = match (gone, health.given_up(last.ended_at)) {
            (Some(gone), _) => Disabling::Gone(gone.started_at),
            (None, Some(since)) => Disabling::Failing(since, last.described()),
            (None, None) => return,
        };
        let submission = Submission {
            merchant: last.merchant,
            actor: Actor::Worker(Self::NAME),
            command: EndpointCommand::Disable(endpoint, why).into(),
            claim: None,
            request_id: String::new(),
            bytes: 0,
        };
        let writer = self.parts.writer.clone();
        // If this does not come through, the next failure says it again.
        self.given_up
            .spawn(async move { drop(writer.submit(submission).await) });
    }
}
