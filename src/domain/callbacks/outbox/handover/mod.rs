//! The fast path: a new delivery goes from the writer's commit straight to the dispatcher of the
//! same process, under its lease from the start. That spares the claim, which costs as much as all
//! else that Postgres does for a delivery, and the moment until it.
//!
//! The long way is always open, and whatever is in doubt takes it: the short one is for an endpoint
//! that a claim has seen lately and that is well, has a place free and nothing due that waits for
//! one, and for an event that no pending one of its intent comes before. If the process dies,
//! its leases are taken back like all others.

use super::Claimed;
use crate::{
    base::ids::{EndpointId, MerchantId},
    domain::callbacks::{Endpoint, Health, NewDelivery, Ordering, StoredEvent},
};
use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use time::OffsetDateTime;
use tokio::sync::mpsc;
use uuid::Uuid;

/// How long what a claim saw of an endpoint counts: so long may a secret sign that has expired.
const FRESH: Duration = Duration::from_mins(1);
/// How many endpoints are remembered while they have nothing under way.
const MOST_PLACES: usize = 10_000;

/// Where the writer hands deliveries over, and the dispatcher says what it can take. At most one
/// dispatcher of a process attends to it.
#[derive(Default)]
pub struct Handover {
    state: Mutex<Option<DispatcherState>>,
}

/// What a dispatcher offers to the writer of its process.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Names its leases.
    pub lease: Uuid,
    /// How long a lease lasts.
    pub lasts: Duration,
    /// Most attempts under way that the fast path may lead to; the others are for claims.
    pub total: usize,
    /// Most attempts under way of one merchant.
    pub per_merchant: usize,
}

/// What a batch offers: its events and their deliveries, in the same order.
#[derive(Debug)]
pub struct Offer<'a> {
    /// The events.
    pub events: &'a [StoredEvent],
    /// Their deliveries.
    pub deliveries: &'a mut [NewDelivery],
    /// Endpoints with an intent of which an earlier event is still to be delivered. Where it is not
    /// known, nothing is taken.
    pub pending: Option<HashSet<(EndpointId, Uuid)>>,
}

/// What is known while a dispatcher attends.
struct DispatcherState {
    terms: Terms,
    under_way: usize,
    /// Attempts under way of each merchant who has any.
    of_merchants: HashMap<MerchantId, usize>,
    /// Claims that have begun.
    claims: u64,
    places: HashMap<EndpointId, Place>,
    arrivals: mpsc::UnboundedSender<Claimed>,
}

/// What a claim saw of an endpoint, and how much it has under way.
struct Place {
    seen_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    url: String,
    sealed_secrets: Vec<Vec<u8>>,
    stripe_signature: bool,
    health: Health,
    under_way: i32,
    /// The last claim before something of it came to wait, unless nothing does.
    waits_since: Option<u64>,
}

impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handover")
    }
}

impl Handover {
    /// Ignores poisoning: no update is left half done.
    fn state(&self) -> MutexGuard<'_, Option<DispatcherState>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, act: impl FnOnce(&mut DispatcherState) -> T) -> Option<T> {
        self.state().as_mut().map(act)
    }

    /// A dispatcher attends from now on, on these terms; unless another does already. Gives what is
    /// handed over.
    pub fn attend(&self, terms: Terms) -> Option<mpsc::UnboundedReceiver<Claimed>> {
        let mut state = self.state();
        if state.is_some() {
            return None;
        }
        let (arrivals, receiver) = mpsc::unbounded_channel();
        *state = Some(DispatcherState {
            terms,
            under_way: 0,
            of_merchants: HashMap::new(),
            claims: 0,
            places: HashMap::new(),
            arrivals,
        });
        Some(receiver)
    }

    /// The leases of the dispatcher that attends are named so from now on.
    pub fn rename(&self, lease: Uuid) {
        self.with(|state| state.terms.lease = lease);
    }

    /// The dispatcher attends no more. What was handed over is still in its hands.
    pub fn leave(&self) {
        *self.state() = None;
    }

    /// How many attempts of each merchant are under way, with those that are on their way to the
    /// dispatcher.
    pub fn under_way(&self) -> HashMap<MerchantId, usize> {
        let counts = self.with(|state| state.of_merchants.clone());
        counts.unwrap_or_default()
    }

    /// A claim begins.
    pub fn claim_begins(&self) {
        self.with(|state| state.claims += 1);
    }

    /// A claim leased this at `now`, and it is under way.
    pub fn claimed(&self, claimed: &Claimed, now: OffsetDateTime) {
        self.with(|state| state.claimed(claimed, now));
    }

    /// A claim has ended. Where it left nothing behind, nothing waits but at endpoints that have
    /// all under way that they may.
    pub fn claim_ends(&self, others_wait: bool) {
        self.with(|state| {
            let claims = state.claims;
            for place in state.places.values_mut() {
                if place.under_way >= place.health.in_flight_limit {
                    place.waits_since = Some(claims);
                } else if !others_wait && place.waits_since.is_some_and(|since| since < claims) {
                    place.waits_since = None;
                }
            }
        });
    }

    /// An attempt has ended.
    pub fn finished(&self, (merchant, endpoint): (MerchantId, EndpointId)) {
        self.with(|state| state.put_back(merchant, endpoint));
    }

    /// An endpoint is in another state than the last claim saw.
    pub fn health(&self, endpoint: EndpointId, health: Health) {
        self.with(|state| {
            if let Some(place) = state.places.get_mut(&endpoint) {
                place.health = health;
            }
        });
    }

    /// Whether a dispatcher attends.
    pub fn is_attended(&self) -> bool {
        self.state().is_some()
    }

    /// Puts new deliveries under the dispatcher's lease where that may be. They are the dispatcher's
    /// own once [`Reserved::hand_over`] is called, after the commit; without that they never were.
    pub fn reserve<'a>(
        &self,
        offer: Offer<'_>,
        endpoint: impl Fn(MerchantId, EndpointId) -> Option<&'a Endpoint>,
        now: OffsetDateTime,
    ) -> Reserved<'_> {
        let mut reserved = Reserved {
            handover: self,
            claimed: Vec::new(),
        };
        let Some(mut before) = offer.pending else {
            return reserved;
        };
        self.with(|state| {
            let mut deliveries = offer.deliveries.iter_mut().peekable();
            for event in offer.events {
                while let Some(delivery) = deliveries.next_if(|d| is_for(d, event)) {
                    let Some(endpoint) = endpoint(delivery.merchant, delivery.endpoint) else {
                        continue;
                    };
                    let in_turn = not_before(endpoint, event)
                        .is_none_or(|intent| !before.contains(&(endpoint.id, intent)));
                    // Whatever way it goes: the next of its intent in this batch comes after it.
                    before.extend(event.intent_id.map(|intent| (endpoint.id, intent)));
                    // It waits for its own head, and nobody else for it.
                    if in_turn {
                        let claimed = state.take(event, delivery, endpoint, now);
                        reserved.claimed.extend(claimed);
                    }
                }
            }
        });
        reserved
    }
}

fn is_for(delivery: &NewDelivery, event: &StoredEvent) -> bool {
    delivery.merchant == event.merchant && delivery.event_sequence == event.sequence
}

/// The intent whose earlier events this endpoint must have had before this one, if there are any.
fn not_before(endpoint: &Endpoint, event: &StoredEvent) -> Option<Uuid> {
    let later = event.intent_sequence.is_some_and(|sequence| sequence > 1);
    event
        .intent_id
        .filter(|_| later && endpoint.ordering != Ordering::None)
}

impl DispatcherState {
    fn claimed(&mut self, claimed: &Claimed, now: OffsetDateTime) {
        self.count(claimed.merchant);
        if self.places.len() >= MOST_PLACES {
            self.places.retain(|_, place| place.under_way > 0);
        }
        let before = self.places.remove(&claimed.endpoint);
        let place = Place {
            seen_at: now,
            updated_at: claimed.endpoint_updated_at,
            url: claimed.url.clone(),
            sealed_secrets: claimed.sealed_secrets.clone(),
            stripe_signature: claimed.stripe_signature,
            health: claimed.health,
            under_way: before.as_ref().map_or(0, |place| place.under_way) + 1,
            waits_since: before.and_then(|place| place.waits_since),
        };
        self.places.insert(claimed.endpoint, place);
    }

    fn count(&mut self, merchant: MerchantId) {
        self.under_way += 1;
        *self.of_merchants.entry(merchant).or_default() += 1;
    }

    fn put_back(&mut self, merchant: MerchantId, endpoint: EndpointId) {
        self.under_way = self.under_way.saturating_sub(1);
        if let Entry::Occupied(mut count) = self.of_merchants.entry(merchant) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        if let Some(place) = self.places.get_mut(&endpoint) {
            place.under_way = (place.under_way - 1).max(0);
        }
    }

    /// Takes a place for a delivery, or notes that it goes the long way.
    fn take(
        &mut self,
        event: &StoredEvent,
        delivery: &mut NewDelivery,
        endpoint: &Endpoint,
        now: OffsetDateTime,
    ) -> Option<Claimed> {
        if delivery.held {
            return None;
        }
        let place = self.places.get_mut(&delivery.endpoint)?;
        let of_merchant = self.of_merchants.get(&delivery.merchant);
        let open = self.under_way < self.terms.total
            && of_merchant.is_none_or(|count| *count < self.terms.per_merchant)
            && place.waits_since.is_none()
            && place.updated_at == endpoint.updated_at
            && place.seen_at + FRESH > now
            && place.health == Health::new(place.health.in_flight_limit)
            && place.under_way < place.health.in_flight_limit;
        if !open {
            place.waits_since = Some(self.claims);
            return None;
        }
        place.under_way += 1;
        delivery.lease = Some((self.terms.lease, now + self.terms.lasts));
        let claimed = Claimed {
            merchant: delivery.merchant,
            delivery: delivery.id,
            lease: self.terms.lease,
            endpoint: delivery.endpoint,
            event: event.id,
            attempt: 1,
            failures: 0,
            url: place.url.clone(),
            sealed_secrets: place.sealed_secrets.clone(),
            stripe_signature: place.stripe_signature,
            endpoint_updated_at: place.updated_at,
            health: place.health,
            payload: event.payload.clone(),
        };
        self.count(delivery.merchant);
        Some(claimed)
    }
}

/// Deliveries of a batch that has yet to be committed.
#[derive(Debug)]
pub struct Reserved<'a> {
    handover: &'a Handover,
    claimed: Vec<Claimed>,
}

impl Reserved<'_> {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.claimed.len()
    }

    /// They are committed: gives them to the dispatcher. If it has gone meanwhile, its leases are
    /// taken back by the next.
    pub fn hand_over(mut self) {
        let claimed = std::mem::take(&mut self.claimed);
        self.handover.with(|state| {
            for claimed in claimed {
                // Their receiver has gone, and so will this state.
                let _ = state.arrivals.send(claimed);
            }
        });
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        for claimed in &self.claimed {
            self.handover.finished((claimed.merchant, claimed.endpoint));
        }
    }
}

#[cfg(test)]
mod tests;
