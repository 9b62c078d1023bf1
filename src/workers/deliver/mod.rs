//! The dispatcher: leases deliveries that are due, sends each on its own, and writes down what
//! became of them.
//!
//! A try that takes its time holds one place of its endpoint's few and nothing else: new work is
//! claimed whenever a place is free. Results are written together, as many as have come in while
//! the last ones were written.

mod send;
mod stats;

pub use send::{DispatcherParts, Reveal};
pub use stats::DispatcherStats;

use super::{Progress, Worker};
use crate::{
    callbacks::{
        Disabling, EndpointSecret, Health, Signal, UnsealError, health, outbox,
        outbox::{ClaimTerms, Claimed, Sent},
    },
    db::is_outage,
    ids::{DeliveryId, EndpointId, MerchantId},
    writer::{Command, Submission},
};
use send::Secrets;
use sqlx::{Postgres, pool::PoolConnection};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
    time::Duration,
};
use time::OffsetDateTime;
use tokio::task::{Id, JoinError, JoinSet};
use uuid::Uuid;

/// How long a lease lasts: twice the deadline of an exchange, so that it never ends while its
/// try is under way.
const LEASE: Duration = Duration::from_secs(30);
/// How often it looks for leases of dispatchers that died.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How long a delivery waits that cannot be signed.
const UNSIGNED_WAIT: Duration = Duration::from_mins(1);
/// How many endpoints are remembered between claims. Who is forgotten is read again.
const MOST_KNOWN: usize = 10_000;

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
}

/// The lease of a try under way.
#[derive(Clone, Copy)]
struct Flight {
    merchant: MerchantId,
    delivery: DeliveryId,
    lease: Uuid,
}

/// What is remembered of an endpoint: how it stood last, and its secrets, sealed and open, since
/// opening them for each try would cost more than all else.
struct Known {
    health: Health,
    sealed: Vec<Vec<u8>>,
    secrets: Secrets,
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
        // A landing alone brings no new work, unless work is known to wait for its place.
        let woken = self.landed.is_empty();
        while let Some(landing) = self.tries.try_join_next_with_id() {
            self.land(landing);
        }
        self.record().await?;
        if woken || self.hungry {
            self.claim().await?;
        }
        while self.given_up.try_join_next().is_some() {}
        Ok(Progress::Idle)
    }

    async fn ready(&mut self) {
        match self.tries.join_next_with_id().await {
            Some(landing) => self.land(landing),
            None => std::future::pending().await,
        }
    }

    async fn stop(&mut self) {
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
        let cut_off: Vec<_> = self
            .flights
            .drain()
            .map(|(_, flight)| (flight.merchant, flight.delivery, flight.lease))
            .collect();
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

impl Dispatcher {
    /// A dispatcher that has not begun.
    pub fn new(parts: DispatcherParts, limits: Limits) -> Self {
        Self {
            limits,
            stats: Arc::default(),
            lease: parts.ambient.id(),
            hold: None,
            look_at: OffsetDateTime::UNIX_EPOCH,
            tries: JoinSet::new(),
            flights: HashMap::new(),
            landed: Vec::new(),
            known: HashMap::new(),
            given_up: JoinSet::new(),
            hungry: true,
            parts: Arc::new(parts),
        }
    }

    /// What it has done, for the metrics.
    pub fn stats(&self) -> Arc<DispatcherStats> {
        Arc::clone(&self.stats)
    }

    /// Takes in a try that has ended.
    fn land(&mut self, landing: Result<(Id, Sent), JoinError>) {
        match landing {
            Ok((id, sent)) => {
                self.flights.remove(&id);
                self.stats.count(sent.outcome);
                self.landed.push(sent);
            }
            // A fault of ours: the lease runs out, and the delivery is tried again.
            Err(error) => {
                let flight = self.flights.remove(&error.id());
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
        // What Postgres refuses once it refuses always; those leases run out.
        let landed = std::mem::take(&mut self.landed);
        recorded?;
        self.note(&landed).await
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
        let after = |before: Health, signals: &[(OffsetDateTime, Signal)]| {
            before.after(signals, start, |pause| ambient.jitter(pause))
        };
        told.retain(|(_, endpoint), signals| {
            let known = self.known.get(endpoint).map(|known| known.health);
            known.is_none_or(|health| after(health, signals) != health)
        });
        if told.is_empty() {
            return Ok(());
        }
        let endpoints: Vec<_> = told.keys().copied().collect();
        let signals: HashMap<_, _> = told.iter().map(|((_, id), told)| (*id, told)).collect();
        let now = ambient.now();
        let noted = health::store::note(&self.parts.pool, &endpoints, now, |endpoint, before| {
            let before = before.unwrap_or(Health::new(start));
            signals
                .get(&endpoint)
                .map_or(before, |signals| after(before, signals))
        });
        for (endpoint, health) in noted.await? {
            if let Some(known) = self.known.get_mut(&endpoint) {
                known.health = health;
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
            command: Command::DisableEndpoint(endpoint, why),
            claim: None,
            request_id: String::new(),
        };
        let writer = self.parts.writer.clone();
        // If this does not come through, the next failure says it again.
        self.given_up
            .spawn(async move { drop(writer.submit(submission).await) });
    }

    /// Leases as much as there are free places for, and sends it.
    async fn claim(&mut self) -> Result<(), sqlx::Error> {
        self.hungry = true;
        let free = self.limits.total.saturating_sub(self.flights.len());
        if free == 0 {
            return Ok(());
        }
        let now = self.parts.ambient.now();
        self.show_life(now).await?;
        let terms = ClaimTerms {
            lease: self.lease,
            turn: i64::from_ne_bytes(self.parts.ambient.bytes()),
            now,
            until: now + LEASE,
            limit: i64::try_from(free).unwrap_or(i64::MAX),
            per_endpoint: self.limits.per_endpoint,
        };
        let claimed = outbox::claim(&self.parts.pool, terms).await?;
        // What a claim leaves behind waits for a place, or for an earlier event of its intent,
        // which may be under way.
        let others_wait = claimed.iter().any(|claimed| claimed.others_wait);
        self.hungry = others_wait || !self.flights.is_empty();
        let mut unusable = Vec::new();
        for claimed in claimed {
            match self.secrets(&claimed) {
                Ok(secrets) => self.launch(claimed, secrets),
                Err(error) => {
                    tracing::error!(%error, endpoint = %claimed.endpoint, "a delivery cannot be signed; it waits");
                    unusable.push((claimed.merchant, claimed.delivery, claimed.lease));
                }
            }
        }
        if unusable.is_empty() {
            return Ok(());
        }
        outbox::release(&self.parts.pool, &unusable, Some(now + UNSIGNED_WAIT)).await
    }

    /// Holds the lock that its leases rest on, and now and then takes back those of the dead.
    async fn show_life(&mut self, now: OffsetDateTime) -> Result<(), sqlx::Error> {
        let mut hold = if let Some(hold) = self.hold.take() {
            hold
        } else {
            // A new name: the server may not know yet that the connection before is gone.
            self.lease = self.parts.ambient.id();
            outbox::hold(&self.parts.pool, self.lease).await?
        };
        if self.look_at <= now {
            match outbox::reclaim(&mut hold, self.lease, (now, now + LEASE)).await {
                Ok(0) => {}
                Ok(count) => {
                    tracing::info!(count, "took back deliveries from a dispatcher that died");
                }
                Err(error) => {
                    // The lock must not live on in the pool.
                    drop(hold.detach());
                    return Err(error);
                }
            }
            self.look_at = now + LOOK_AGAIN;
        }
        self.hold = Some(hold);
        Ok(())
    }

    fn launch(&mut self, claimed: Claimed, secrets: Secrets) {
        let flight = Flight {
            merchant: claimed.merchant,
            delivery: claimed.delivery,
            lease: claimed.lease,
        };
        let parts = Arc::clone(&self.parts);
        let id = self
            .tries
            .spawn(async move { parts.send(claimed, secrets).await })
            .id();
        self.flights.insert(id, flight);
        self.stats.show(self.flights.len());
    }

    /// The open secrets of a delivery's endpoint. That they do not open is no fault of their
    /// owner: this process is older than the keys, say, that they were sealed with meanwhile.
    fn secrets(&mut self, claimed: &Claimed) -> Result<Secrets, UnsealError> {
        if let Some(known) = self.known.get_mut(&claimed.endpoint) {
            known.health = claimed.health;
            if known.sealed == claimed.sealed_secrets {
                return Ok(Arc::clone(&known.secrets));
            }
        }
        if self.known.len() >= MOST_KNOWN {
            self.known.clear();
        }
        let owner = (claimed.merchant, claimed.endpoint);
        let open = |sealed: &Vec<u8>| EndpointSecret::open(&self.parts.secrets, owner, sealed);
        let secrets: Result<Secrets, UnsealError> =
            claimed.sealed_secrets.iter().map(open).collect();
        let secrets = secrets?;
        let known = Known {
            health: claimed.health,
            sealed: claimed.sealed_secrets.clone(),
            secrets: Arc::clone(&secrets),
        };
        self.known.insert(claimed.endpoint, known);
        Ok(secrets)
    }
}
