//! The dispatcher: leases deliveries that are due, sends each on its own, and writes down what
//! became of them.
//!
//! A try that takes its time holds one place of its endpoint's few and nothing else: new work is
//! claimed whenever a place is free. Results are written together, as many as have come in while
//! the last ones were written.

use super::{Progress, Worker};
use crate::{
    ambient::Ambient,
    callbacks::{
        EndpointSecret, Outcome, UnsealError, outbox,
        outbox::{ClaimTerms, Claimed, Sent},
        outcome,
    },
    crypto::SealingKeys,
    db::is_outage,
    ids::{DeliveryId, EndpointId, MerchantId},
    net::{Outbound, Response},
};
use sqlx::PgPool;
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::task::{Id, JoinError, JoinSet};
use uuid::Uuid;

/// How long a lease lasts: twice the deadline of an exchange, so that it never ends while its
/// try is under way.
const LEASE: Duration = Duration::from_secs(30);

/// Turns an event's stored JSON into what leaves the house, with its pages' real addresses.
pub type Reveal = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// How much the dispatcher does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tries under way in this process.
    pub total: usize,
    /// Tries under way to one endpoint, in all processes together.
    pub per_endpoint: usize,
    /// How long tries under way may go on after a stop.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: 256,
            per_endpoint: 8,
            grace: Duration::from_secs(5),
        }
    }
}

/// What the dispatcher has done since it began.
#[derive(Debug, Default)]
pub struct DispatcherStats {
    delivered: AtomicU64,
    failed: AtomicU64,
    exhausted: AtomicU64,
    in_flight: AtomicUsize,
}

impl DispatcherStats {
    /// Tries that the endpoint took.
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Tries that failed and will be made again.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Last tries that failed.
    pub fn exhausted(&self) -> u64 {
        self.exhausted.load(Ordering::Relaxed)
    }

    /// Tries under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    fn count(&self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Delivered => &self.delivered,
            Outcome::Retry(_) => &self.failed,
            Outcome::Exhausted => &self.exhausted,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the dispatcher is made of.
#[derive(Clone)]
pub struct DispatcherParts {
    /// The database; a pool of `Use::Writer`, since all its statements are look-ups by key.
    pub pool: PgPool,
    /// The way out.
    pub outbound: Outbound,
    /// The keys that the endpoints' secrets are sealed with.
    pub secrets: SealingKeys,
    /// Puts the pages' addresses into payloads.
    pub reveal: Reveal,
    /// Time and chance.
    pub ambient: Ambient,
}

/// Sends what is owed to callback endpoints.
pub struct Dispatcher {
    parts: Arc<DispatcherParts>,
    limits: Limits,
    stats: Arc<DispatcherStats>,
    tries: JoinSet<Sent>,
    flights: HashMap<Id, Flight>,
    /// Tries that have ended and are not yet written down.
    landed: Vec<Sent>,
    /// Whether there may be due work that found no free place.
    hungry: bool,
}

/// The lease of a try under way.
#[derive(Clone, Copy)]
struct Flight {
    merchant: MerchantId,
    delivery: DeliveryId,
    lease: Uuid,
    endpoint: EndpointId,
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
        self.show_flights();
        let now = self.parts.ambient.now();
        let written = match self.record().await {
            Ok(()) => outbox::release(&self.parts.pool, &cut_off, now).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::warn!(%error, "leases could not be given back; their deliveries are sent again once they end");
        }
    }
}

impl Dispatcher {
    /// A dispatcher that has not begun.
    pub fn new(parts: DispatcherParts, limits: Limits) -> Self {
        Self {
            parts: Arc::new(parts),
            limits,
            stats: Arc::default(),
            tries: JoinSet::new(),
            flights: HashMap::new(),
            landed: Vec::new(),
            hungry: true,
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
        self.show_flights();
    }

    fn show_flights(&self) {
        let in_flight = self.flights.len();
        self.stats.in_flight.store(in_flight, Ordering::Relaxed);
    }

    /// Writes down what has landed, and keeps it for the next time if the database is away.
    async fn record(&mut self) -> Result<(), sqlx::Error> {
        if self.landed.is_empty() {
            return Ok(());
        }
        let recorded = outbox::record(&self.parts.pool, &self.landed).await;
        if recorded.as_ref().is_err_and(is_outage) {
            self.hungry = true;
        } else {
            // What Postgres refuses once it refuses always; those leases run out.
            self.landed.clear();
        }
        recorded
    }

    /// Leases as much as there are free places for, and sends it.
    async fn claim(&mut self) -> Result<(), sqlx::Error> {
        self.hungry = true;
        let free = self.limits.total.saturating_sub(self.flights.len());
        if free == 0 {
            return Ok(());
        }
        let now = self.parts.ambient.now();
        let terms = ClaimTerms {
            lease: self.parts.ambient.id(),
            now,
            until: now + LEASE,
            limit: i64::try_from(free).unwrap_or(i64::MAX),
            per_endpoint: i64::try_from(self.limits.per_endpoint).unwrap_or(i64::MAX),
        };
        let claimed = outbox::claim(&self.parts.pool, terms).await?;
        let all_places_taken = claimed.len() >= free;
        for claimed in claimed {
            self.launch(claimed);
        }
        self.hungry = all_places_taken || self.some_endpoint_is_full();
        Ok(())
    }

    fn launch(&mut self, claimed: Claimed) {
        let flight = Flight {
            merchant: claimed.merchant,
            delivery: claimed.delivery,
            lease: claimed.lease,
            endpoint: claimed.endpoint,
        };
        let parts = Arc::clone(&self.parts);
        let id = self
            .tries
            .spawn(async move { parts.send(claimed).await })
            .id();
        self.flights.insert(id, flight);
        self.show_flights();
    }

    fn some_endpoint_is_full(&self) -> bool {
        let mut counts: HashMap<EndpointId, usize> = HashMap::new();
        self.flights.values().any(|flight| {
            let count = counts.entry(flight.endpoint).or_default();
            *count += 1;
            *count >= self.limits.per_endpoint
        })
    }
}

impl DispatcherParts {
    /// One try of one delivery.
    async fn send(&self, claimed: Claimed) -> Sent {
        let started_at = self.ambient.now();
        let answer = self.post(&claimed, started_at.unix_timestamp()).await;
        let ended_at = self.ambient.now();
        let jitter = |base| self.ambient.jitter(base);
        let outcome = outcome(claimed.attempt, answer.as_ref().ok(), ended_at, jitter);
        if outcome != Outcome::Delivered {
            tracing::info!(
                delivery = %claimed.delivery,
                endpoint = %claimed.endpoint,
                attempt = claimed.attempt,
                status = answer.as_ref().ok().map(|answer| answer.status),
                error = answer.as_ref().err(),
                ?outcome,
                "a delivery failed"
            );
        }
        Sent {
            merchant: claimed.merchant,
            delivery: claimed.delivery,
            lease: claimed.lease,
            attempt: claimed.attempt,
            started_at,
            ended_at,
            answer: answer.map(|answer| (answer.status, answer.head)),
            outcome,
        }
    }

    /// Signs and posts. An error is a sentence for the endpoint's owner.
    async fn post(&self, claimed: &Claimed, unix_seconds: i64) -> Result<Response, String> {
        let secret = self.open(claimed).map_err(|error| error.to_string())?;
        let body = (self.reveal)(&claimed.payload);
        let (event, time) = (claimed.event.to_string(), unix_seconds.to_string());
        let signature = secret.sign(&event, unix_seconds, &body);
        let headers = [
            ("content-type", "application/json"),
            ("webhook-id", event.as_str()),
            ("webhook-timestamp", time.as_str()),
            ("webhook-signature", signature.as_str()),
        ];
        let answer = self.outbound.post(&claimed.url, &headers, body.into());
        answer.await.map_err(|error| error.to_string())
    }

    fn open(&self, claimed: &Claimed) -> Result<EndpointSecret, UnsealError> {
        let ids = (claimed.merchant, claimed.endpoint);
        EndpointSecret::open(&self.secrets, ids, &claimed.sealed_secret)
    }
}
