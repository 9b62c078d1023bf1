//! Deliveries, endpoints' health and replays as rows, and the statements that work on them.
//!
//! How long to wait, when to stop and how an endpoint stands is decided by the pure rules of
//! `callbacks`. What the SQL of `callbacks::outbox`, `replay` and `upkeep` does with rows and
//! leases stands here a second time, small. So this shows that those rules work together, and not
//! that the SQL keeps them: that is for `tests/api` and `tests/crash`.

use super::{
    dice::{mix, random_part},
    planted::Bug,
    store::Store,
};
use std::collections::{BTreeMap, BTreeSet};
use threadpay::{
    base::event_type::EventType,
    base::ids::{DeliveryId, EndpointId, MerchantId},
    domain::callbacks::{
        DeliveryStatus, Endpoint, EndpointStatus, Health, Ordering, Outcome, Replay, ReplayStatus,
    },
    writer::World,
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// How long a lease lasts.
pub const LEASE: Duration = Duration::seconds(30);
/// What an endpoint of which nothing is known gets at a time.
pub const PER_ENDPOINT: i32 = 8;
/// How long a failing head of an intent's events holds the others up.
pub const HEAD: Duration = Duration::minutes(15);
/// How many rows that must wait a claim looks past.
const PAST_BLOCKED: usize = 24;

/// Which delivery: an endpoint is owed an event once.
pub type Place = (EndpointId, i64);

#[derive(Clone, Debug)]
pub struct Owed {
    pub merchant: MerchantId,
    pub id: DeliveryId,
    pub sequence: i64,
    pub intent: Option<Uuid>,
    pub status: DeliveryStatus,
    pub due_at: OffsetDateTime,
    pub created_at: OffsetDateTime,
    pub lease: Option<Uuid>,
    pub attempts: i32,
    pub failures: i32,
    pub failing_since: Option<OffsetDateTime>,
    /// How many there were before it.
    pub born: usize,
}

impl Owed {
    /// Whether it must be over before a later one of its intent is sent.
    pub fn holds_up(&self, now: OffsetDateTime) -> bool {
        let stuck = self.failing_since.is_some_and(|since| since <= now - HEAD);
        self.status == DeliveryStatus::Held || self.status == DeliveryStatus::Pending && !stuck
    }

    fn is_leased(&self, now: OffsetDateTime) -> bool {
        let waits = self.status == DeliveryStatus::Pending && self.lease.is_some();
        waits && self.due_at > now && self.due_at <= now + LEASE
    }

    fn again(&mut self, now: OffsetDateTime) {
        (self.status, self.due_at) = (DeliveryStatus::Pending, now);
        (self.failures, self.failing_since, self.lease) = (0, None, None);
    }
}

/// What a try ended with, as it is written down.
#[derive(Clone, Copy, Debug)]
pub struct Result {
    pub place: Place,
    pub lease: Uuid,
    pub attempt: i32,
    pub ended_at: OffsetDateTime,
    pub outcome: Outcome,
}

/// What a claim is made with.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub lease: Uuid,
    pub turn: u64,
    pub now: OffsetDateTime,
    pub bug: Option<Bug>,
}

#[derive(Debug, Default)]
pub struct Outbox {
    pub rows: BTreeMap<Place, Owed>,
    /// Those that are pending or held,
    open: BTreeSet<Place>,
    /// and of these, and of those that were, the ones about an intent.
    of_intents: BTreeMap<(EndpointId, Uuid), BTreeSet<i64>>,
    health: BTreeMap<EndpointId, (Health, OffsetDateTime)>,
    pub replays: Vec<Replay>,
    /// Deliveries that a claim passed by, since somebody last asked.
    pub blocked: usize,
}

impl Outbox {
    /// Takes in what a batch owes and orders.
    pub fn take(&mut self, world: &World) {
        for (merchant, clock) in world.clocks.changed() {
            self.bring_forward(world, (*merchant, clock.moved));
        }
        for new in &world.deliveries {
            let owed = Owed {
                merchant: new.merchant,
                id: new.id,
                sequence: new.event_sequence,
                intent: new.intent,
                status: if new.held {
                    DeliveryStatus::Held
                } else {
                    DeliveryStatus::Pending
                },
                due_at: new.created_at,
                created_at: new.created_at,
                lease: None,
                attempts: 0,
                failures: 0,
                failing_since: None,
                born: self.rows.len(),
            };
            self.insert((new.endpoint, new.event_sequence), owed);
        }
        self.replays.extend(world.replays.iter().cloned());
    }

    /// A merchant's clock was moved on: what waits, and is under no lease, waits for less.
    fn bring_forward(&mut self, world: &World, (merchant, by): (MerchantId, Duration)) {
        let free = |row: &&mut Owed| row.merchant == merchant && row.lease.is_none();
        for row in self.rows.values_mut().filter(free) {
            row.due_at -= by;
            row.failing_since = row.failing_since.map(|at| at - by);
        }
        for endpoint in world.endpoints.values().filter(|e| e.merchant == merchant) {
            if let Some((health, _)) = self.health.get_mut(&endpoint.id) {
                health.paused_until = health.paused_until.map(|at| at - by);
                health.failing_since = health.failing_since.map(|at| at - by);
            }
        }
    }

    fn insert(&mut self, place: Place, owed: Owed) {
        self.open.insert(place);
        if let Some(intent) = owed.intent {
            let of_intent = self.of_intents.entry((place.0, intent)).or_default();
            of_intent.insert(place.1);
        }
        let before = self.rows.insert(place, owed);
        assert!(before.is_none(), "{place:?} is owed twice");
    }

    fn change(&mut self, place: Place, change: impl FnOnce(&mut Owed)) {
        let row = self.rows.get_mut(&place).unwrap();
        change(row);
        match row.status {
            DeliveryStatus::Pending | DeliveryStatus::Held => self.open.insert(place),
            DeliveryStatus::Delivered | DeliveryStatus::Exhausted | DeliveryStatus::Canceled => {
                self.open.remove(&place)
            }
        };
    }

    /// An endpoint's deliveries.
    pub fn of(&self, endpoint: EndpointId) -> impl Iterator<Item = &Owed> {
        let all = (endpoint, 0)..=(endpoint, i64::MAX);
        self.rows.range(all).map(|(_, row)| row)
    }

    /// Deliveries that are still to be sent or held.
    pub fn open(&self) -> impl Iterator<Item = (Place, &Owed)> {
        self.open.iter().map(|place| (*place, &self.rows[place]))
    }

    /// Events of the same intent that are owed to the same endpoint and came before.
    pub fn earlier(&self, place: Place) -> impl Iterator<Item = (Place, &Owed)> {
        let intent = self.rows[&place].intent;
        let all = intent.and_then(|intent| self.of_intents.get(&(place.0, intent)));
        let before = all.into_iter().flat_map(move |all| all.range(..place.1));
        before.map(move |sequence| {
            let place = (place.0, *sequence);
            (place, &self.rows[&place])
        })
    }

    /// How an endpoint stands, as far as that counts still, and how much it may have under way.
    pub fn health(&self, endpoint: &Endpoint) -> (Option<Health>, i32) {
        let known = self.health.get(&endpoint.id);
        let fresh = known.filter(|(_, at)| *at >= endpoint.updated_at);
        let health = fresh.map(|(health, _)| *health);
        let limit = match health {
            Some(health) if health.paused_until.is_some() => 1,
            Some(health) => health.in_flight_limit,
            None => PER_ENDPOINT,
        };
        (health, limit)
    }

    pub fn note(&mut self, endpoint: EndpointId, health: Health, now: OffsetDateTime) {
        self.health.insert(endpoint, (health, now));
    }

    /// Endpoints that have something pending or held.
    fn waiting(&self) -> BTreeSet<EndpointId> {
        self.open.iter().map(|place| place.0).collect()
    }

    fn open_of(&self, endpoint: EndpointId) -> impl Iterator<Item = (Place, &Owed)> {
        let all = (endpoint, 0)..=(endpoint, i64::MAX);
        let open = self.open.range(all);
        open.map(|place| (*place, &self.rows[place]))
    }

    /// Leases what is due: `outbox/claim.sql`.
    pub fn claim(&mut self, store: &Store, terms: Terms) -> Vec<Place> {
        let mut endpoints: Vec<EndpointId> = self.waiting().into_iter().collect();
        endpoints.sort_by_key(|id| mix(&[terms.turn, random_part(id.0)]));
        let mut claimed = Vec::new();
        for id in endpoints {
            let merchant = self.open_of(id).next().map(|(_, row)| row.merchant);
            let endpoint = merchant.and_then(|merchant| store.endpoints.get(&(merchant, id)));
            if let Some(endpoint) = endpoint {
                claimed.extend(self.claim_of(endpoint, terms));
            }
        }
        for place in &claimed {
            self.change(*place, |row| {
                row.lease = Some(terms.lease);
                row.due_at = terms.now + LEASE;
                row.attempts += 1;
            });
        }
        claimed
    }

    fn claim_of(&mut self, endpoint: &Endpoint, terms: Terms) -> Vec<Place> {
        let now = terms.now;
        let (health, limit) = self.health(endpoint);
        let paused = health.is_some_and(|health| health.paused_until > Some(now));
        let sent_to = endpoint.status == EndpointStatus::Enabled && endpoint.deleted_at.is_none();
        let leased = self.open_of(endpoint.id);
        let leased = leased.filter(|(_, row)| row.is_leased(now)).count();
        let free = usize::try_from(limit).unwrap().saturating_sub(leased);
        if paused || !sent_to || free == 0 {
            return Vec::new();
        }
        let due = self.open_of(endpoint.id);
        let forever = terms.bug == Some(Bug::KeepsLeasesOfTheDead);
        let due = due.filter(|(_, row)| {
            let free = row.lease.is_none() || !forever;
            row.status == DeliveryStatus::Pending && row.due_at <= now && free
        });
        let mut due: Vec<_> = due.map(|(place, row)| (row.due_at, place)).collect();
        due.sort_unstable();
        due.truncate(free + PAST_BLOCKED);
        let ordered =
            endpoint.ordering == Ordering::Intent && terms.bug != Some(Bug::SendsOutOfOrder);
        let mut chosen = Vec::new();
        for (due_at, place) in due {
            let head = self.earlier(place).find(|(_, row)| row.holds_up(now));
            let head = head.filter(|_| ordered).map(|(_, row)| row.clone());
            self.blocked += usize::from(head.is_some());
            match head {
                // While the head is under way, soon; else not before the head itself is due.
                Some(head) if head.lease.is_none() || head.due_at <= now => {
                    let stuck = head.failing_since.map(|since| since + HEAD);
                    let put_off = stuck.map_or(head.due_at, |at| at.min(head.due_at));
                    self.change(place, |row| row.due_at = due_at.max(put_off));
                }
                Some(_) => {}
                None => chosen.push(place),
            }
        }
        chosen.truncate(free);
        chosen
    }

    /// Writes down how a try ended; refused where the lease has passed to another.
    pub fn record(&mut self, result: &Result) {
        let row = &self.rows[&result.place];
        if (row.lease, row.attempts) != (Some(result.lease), result.attempt) {
            return;
        }
        self.change(result.place, |row| {
            row.lease = None;
            match result.outcome {
                Outcome::Delivered => {
                    (row.status, row.failing_since) = (DeliveryStatus::Delivered, None);
                    return;
                }
                Outcome::Retry(at) => row.due_at = at,
                Outcome::Exhausted => row.status = DeliveryStatus::Exhausted,
            }
            row.failures += 1;
            row.failing_since = row.failing_since.or(Some(result.ended_at));
        });
    }

    /// Makes due what is under a lease whose holder is dead: `outbox.reclaim`. How many.
    pub fn reclaim(&mut self, alive: &[Uuid], now: OffsetDateTime) -> usize {
        let dead = self.open().filter(|(_, row)| {
            let held = row.lease.is_some_and(|lease| alive.contains(&lease));
            row.is_leased(now) && !held
        });
        let dead: Vec<Place> = dead.map(|(place, _)| place).collect();
        for place in &dead {
            self.change(*place, |row| {
                (row.lease, row.due_at) = (None, row.created_at);
            });
        }
        dead.len()
    }

    /// Sends a delivery again that was given up.
    pub fn send_again(&mut self, place: Place, now: OffsetDateTime) {
        self.change(place, |row| row.again(now));
    }

    /// Holds what disabled endpoints are owed, lets it go again, and cancels what deleted ones
    /// are owed: `upkeep.hold` and `upkeep.free`. How many deliveries were moved.
    pub fn settle(&mut self, store: &Store, now: OffsetDateTime) -> usize {
        let open: Vec<Place> = self.open.iter().copied().collect();
        let mut moved = 0;
        for place in open {
            let row = &self.rows[&place];
            let endpoint = &store.endpoints[&(row.merchant, place.0)];
            let held = row.status == DeliveryStatus::Held;
            let enabled = endpoint.status == EndpointStatus::Enabled;
            let change: fn(&mut Owed, OffsetDateTime) = match (endpoint.deleted_at, held) {
                _ if !held && row.lease.is_some() && row.due_at > now => continue,
                (Some(_), _) => |row, _| row.status = DeliveryStatus::Canceled,
                (None, true) if enabled => Owed::again,
                (None, false) if !enabled => |row, _| {
                    (row.status, row.lease) = (DeliveryStatus::Held, None);
                },
                (None, _) => continue,
            };
            self.change(place, |row| change(row, now));
            moved += 1;
        }
        moved
    }

    /// Works off the oldest replay that is running: `replays.next` and `replays.owe_again`.
    /// False if there is none.
    pub fn replay(
        &mut self,
        store: &Store,
        now: OffsetDateTime,
        new_id: impl Fn() -> DeliveryId,
    ) -> bool {
        let mut replays = self.replays.iter_mut();
        let Some(replay) = replays.find(|replay| replay.status == ReplayStatus::Running) else {
            return false;
        };
        replay.status = ReplayStatus::Completed.into();
        let replay = replay.clone();
        let endpoint = &store.endpoints[&(replay.merchant, replay.endpoint)];
        if endpoint.deleted_at.is_some() {
            return true;
        }
        let all = (replay.merchant, replay.after + 1)..=(replay.merchant, replay.through);
        for event in store.events.range(all).map(|(_, event)| event) {
            let replayed = event.event_type != EventType::Ping;
            let wanted = replayed && endpoint.events.matches(event.event_type);
            let place = (replay.endpoint, event.sequence);
            match self.rows.get(&place) {
                _ if !replay.retry && !wanted => {}
                Some(row) if row.status == DeliveryStatus::Held => {}
                Some(row) if row.lease.is_some() && row.due_at > now => {}
                Some(_) => self.change(place, |row| row.again(now)),
                None => {
                    let owed = Owed {
                        merchant: replay.merchant,
                        id: new_id(),
                        sequence: event.sequence,
                        intent: event.intent_id,
                        status: DeliveryStatus::Pending,
                        due_at: now,
                        created_at: now,
                        lease: None,
                        attempts: 0,
                        failures: 0,
                        failing_since: None,
                        born: self.rows.len(),
                    };
                    self.insert(place, owed);
                }
            }
        }
        true
    }
}
