//! The dispatcher: leases deliveries that are due, sends each on its own, and writes down what
//! became of them.
//!
//! An attempt that takes its time holds one place of its endpoint's few and nothing else: new work is
//! claimed whenever a place is free. Results are written together, as many as have come in while
//! the last ones were written.

mod claim;
mod record;
mod send;
mod stats;

pub use send::{DispatcherParts, Reveal};
pub use stats::DispatcherStats;

use super::{Progress, Worker};
use crate::{
    base::ids::{DeliveryId, EndpointId, MerchantId},
    domain::callbacks::{
        Health, outbox,
        outbox::{Claimed, Sent},
    },
};
use send::Secrets;
use sqlx::{Postgres, pool::PoolConnection};
use std::{collections::HashMap, fmt, sync::Arc, time::Duration};
use time::OffsetDateTime;
use tokio::{
    sync::mpsc,
    task::{Id, JoinError, JoinSet},
};
use uuid::Uuid;

/// How long a lease lasts: twice the deadline of an exchange, so that it never ends while its
/// attempt is under way.
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
    /// How long attempts under way may go on after a stop.
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

/// Sends what is due to callback endpoints.
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
    attempts: JoinSet<Sent>,
    in_flight: HashMap<Id, InFlight>,
    /// Tries that have ended and are not yet written down.
    finished: Vec<Sent>,
    /// Endpoints that have lately been sent to.
    known: HashMap<EndpointId, Known>,
    /// Word of endpoints that are given up, on its way to the writer.
    given_up: JoinSet<()>,
    /// Whether there may be due work that found no free place.
    has_backlog: bool,
    /// Whether the next tick comes of a result alone, and brings no new work.
    woken_by_result: bool,
}

/// The lease of an attempt under way.
#[derive(Clone, Copy)]
struct InFlight {
    merchant: MerchantId,
    endpoint: EndpointId,
    delivery: DeliveryId,
    lease: Uuid,
}

/// What is remembered of an endpoint: how it stood last, and its secrets, sealed and open, since
/// opening them for each attempt would cost more than all else.
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
        write!(f, "Dispatcher ({} in flight)", self.in_flight.len())
    }
}

impl Worker for Dispatcher {
    const NAME: &'static str = "deliver";
    const PERIOD: Duration = Duration::from_secs(1);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        let woken = !std::mem::take(&mut self.woken_by_result);
        while let Some(result) = self.attempts.try_join_next_with_id() {
            self.take_result(result);
        }
        self.record().await?;
        if woken || self.has_backlog {
            self.claim().await?;
        }
        self.put_off().await?;
        while self.given_up.try_join_next().is_some() {}
        Ok(Progress::Idle)
    }

    async fn ready(&mut self) {
        self.next_result().await;
        // What waits for a free place waits for what has finished to be written down.
        if !self.has_backlog {
            let more = async {
                while self.finished.len() < GATHERED {
                    self.next_result().await;
                }
            };
            // Whether it is many or time that is up is all the same.
            let _ = tokio::time::timeout(GATHERING, more).await;
        }
        self.woken_by_result = true;
    }

    async fn stop(&mut self) {
        if let Some(handover) = self.handover() {
            handover.leave();
        }
        let end = tokio::time::Instant::now() + self.limits.grace;
        while !self.in_flight.is_empty() && tokio::time::timeout_at(end, self.ready()).await.is_ok()
        {
        }
        self.attempts.abort_all();
        while let Some(result) = self.attempts.join_next_with_id().await {
            // An attempt that ended all the same counts; the others stay in `in_flight`.
            if result.is_ok() {
                self.take_result(result);
            }
        }
        let cut_off = self.in_flight.drain();
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
            attempts: JoinSet::new(),
            in_flight: HashMap::new(),
            finished: Vec::new(),
            known: HashMap::new(),
            given_up: JoinSet::new(),
            has_backlog: true,
            woken_by_result: false,
            parts: Arc::new(parts),
        }
    }

    /// What it has done, for the metrics.
    pub fn stats(&self) -> Arc<DispatcherStats> {
        Arc::clone(&self.stats)
    }

    /// Waits for an attempt to end, and launches what is handed over meanwhile.
    async fn next_result(&mut self) {
        loop {
            tokio::select! {
                biased;
                Some(result) = self.attempts.join_next_with_id() => {
                    return self.take_result(result);
                }
                Some(claimed) = next(&mut self.arrivals) => self.accept(claimed),
                else => std::future::pending().await,
            }
        }
    }

    /// Takes in an attempt that has ended.
    fn take_result(&mut self, result: Result<(Id, Sent), JoinError>) {
        match result {
            Ok((id, sent)) => {
                self.in_flight.remove(&id);
                self.free(sent.merchant, sent.endpoint);
                self.stats.count(sent.outcome);
                self.finished.push(sent);
            }
            // A fault of ours: the lease runs out, and the delivery is tried again.
            Err(error) => {
                let flight = self.in_flight.remove(&error.id());
                if let Some(flight) = flight {
                    self.free(flight.merchant, flight.endpoint);
                }
                let delivery = flight.map(|flight| flight.delivery);
                tracing::error!(%error, ?delivery, "a delivery's attempt broke off");
            }
        }
        self.stats.show(self.in_flight.len());
    }
}
