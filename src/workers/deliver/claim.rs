//! How the dispatcher comes by work: by claims, and by the fast path from the writer.

use super::{Dispatcher, InFlight, Known, LEASE, send::Secrets};
use crate::{
    base::ids::{EndpointId, MerchantId},
    domain::callbacks::{
        EndpointSecret, UnsealError, outbox,
        outbox::{ClaimTerms, Claimed, Handover, Terms},
    },
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use time::OffsetDateTime;

/// How often it looks for leases of dispatchers that died, and for endpoints that wait.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How long a delivery waits that cannot be signed.
const UNSIGNED_WAIT: Duration = Duration::from_mins(1);
/// How many endpoints are remembered between claims. Who is forgotten is read again.
const MOST_KNOWN: usize = 10_000;

fn amount(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Dispatcher {
    /// Leases as much as there are free places for, and sends it.
    pub(super) async fn claim(&mut self) -> Result<(), sqlx::Error> {
        self.has_backlog = true;
        let free = self.limits.total.saturating_sub(self.in_flight.len());
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
            limit: amount(free),
            kept_for_idle: amount(self.limits.kept_for_idle()),
            per_endpoint: self.limits.per_endpoint,
            per_merchant: amount(self.limits.per_merchant()),
            rooms: self.rooms(),
        };
        if let Some(handover) = self.handover() {
            handover.claim_begins();
        }
        let (claimed, others_wait) = outbox::claim(&self.parts.pool, &terms).await?;
        // They wait for a place, or for an earlier event of their intent, which may be under way.
        self.has_backlog = others_wait;
        for claimed in claimed {
            if let Some(handover) = self.handover() {
                handover.claimed(&claimed, now);
            }
            self.accept(claimed);
        }
        if let Some(handover) = self.handover() {
            handover.claim_ends(others_wait);
        }
        Ok(())
    }

    /// What merchants who have attempts under way may still have of this dispatcher.
    fn rooms(&self) -> Vec<(MerchantId, i64)> {
        let under_way = self.handover().map(Handover::under_way);
        let under_way = under_way.unwrap_or_else(|| {
            let mut counts = HashMap::new();
            for flight in self.in_flight.values() {
                *counts.entry(flight.merchant).or_default() += 1;
            }
            counts
        });
        let share = self.limits.per_merchant();
        let room = |count| amount(share.saturating_sub(count));
        let rooms = under_way.into_iter().map(|(id, count)| (id, room(count)));
        rooms.collect()
    }

    /// Sends what is under lease, if it can be signed.
    pub(super) fn accept(&mut self, claimed: Claimed) {
        match self.secrets(&claimed) {
            Ok(secrets) => self.launch(claimed, secrets),
            Err(error) => {
                tracing::error!(%error, endpoint = %claimed.endpoint, "a delivery cannot be signed; it waits");
                if let Some(handover) = self.handover() {
                    handover.finished((claimed.merchant, claimed.endpoint));
                }
                self.unsigned
                    .push((claimed.merchant, claimed.delivery, claimed.lease));
            }
        }
    }

    /// Gives back for a while what cannot be signed.
    pub(super) async fn put_off(&mut self) -> Result<(), sqlx::Error> {
        if self.unsigned.is_empty() {
            return Ok(());
        }
        let at = self.parts.ambient.now() + UNSIGNED_WAIT;
        outbox::release(&self.parts.pool, &self.unsigned, Some(at)).await?;
        self.unsigned.clear();
        Ok(())
    }

    /// Holds the lock that its leases rest on, and now and then takes back those of the dead and looks
    /// who waits.
    async fn show_life(&mut self, now: OffsetDateTime) -> Result<(), sqlx::Error> {
        let mut hold = if let Some(hold) = self.hold.take() {
            hold
        } else {
            // A new name: the server may not know yet that the connection before is gone.
            self.lease = self.parts.ambient.id();
            let hold = outbox::hold(&self.parts.pool, self.lease).await?;
            self.attend();
            hold
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
            outbox::waiting::sweep(&self.parts.pool, now).await?;
            self.look_at = now + LOOK_AGAIN;
        }
        self.hold = Some(hold);
        Ok(())
    }

    /// Where the writer hands over, if it is to this dispatcher.
    pub(super) fn handover(&self) -> Option<&Handover> {
        self.arrivals.as_ref().map(|_| &*self.parts.handover)
    }

    /// A place of the endpoint's is free again.
    pub(super) fn free(&mut self, merchant: MerchantId, endpoint: EndpointId) {
        if let Some(known) = self.known.get_mut(&endpoint) {
            known.under_way = (known.under_way - 1).max(0);
        }
        if let Some(handover) = self.handover() {
            handover.finished((merchant, endpoint));
        }
    }

    /// Offers the writer of this process the fast path, unless another dispatcher does.
    fn attend(&mut self) {
        let handover = &self.parts.handover;
        if self.arrivals.is_some() {
            handover.rename(self.lease);
        } else {
            let terms = Terms {
                lease: self.lease,
                lasts: LEASE,
                total: self.limits.total / 2,
                per_merchant: self.limits.per_merchant(),
            };
            self.arrivals = handover.attend(terms);
        }
    }

    fn launch(&mut self, claimed: Claimed, secrets: Secrets) {
        let flight = InFlight {
            merchant: claimed.merchant,
            endpoint: claimed.endpoint,
            delivery: claimed.delivery,
            lease: claimed.lease,
        };
        if let Some(known) = self.known.get_mut(&claimed.endpoint) {
            known.under_way += 1;
            known.full |= known.under_way >= known.health.in_flight_limit;
        }
        let parts = Arc::clone(&self.parts);
        let id = self
            .attempts
            .spawn(async move { parts.send(claimed, secrets).await })
            .id();
        self.in_flight.insert(id, flight);
        self.stats.show(self.in_flight.len());
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
            under_way: self.known.get(&claimed.endpoint).map_or(0, |k| k.under_way),
            full: false,
        };
        self.known.insert(claimed.endpoint, known);
        Ok(secrets)
    }
}
