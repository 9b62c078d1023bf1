//! Two dispatchers, and the receivers that they post to.

use super::{
    dice::{Dice, mix, random_part},
    outbox::{LEASE, Outbox, Owed, PER_ENDPOINT, Place, Result as Written, Terms},
    planted::Bug,
    run::Run,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use threadpay::{
    base::{
        ambient::Ambient,
        event_type::EventType,
        ids::{EndpointId, EventId, MerchantId},
        net::{Response, RetryAfter, SendError},
    },
    domain::callbacks::{DeliveryStatus, Disabling, Health, Ordering, Outcome, Signal, outcome},
    writer::EndpointCommand,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// How a receiver behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// It takes what it is sent.
    #[default]
    Well,
    /// It fails.
    Failing,
    /// Nothing comes back, and nothing arrived.
    Silent,
    /// It takes what it is sent, and its answer does not come back.
    Mute,
    /// It asks to be spared for two minutes.
    Busy,
    /// It wants no more.
    Gone,
}

/// A try under way.
#[derive(Clone, Debug)]
pub struct Try {
    place: Place,
    merchant: MerchantId,
    event: EventId,
    lease: Uuid,
    attempt: i32,
    failures: i32,
    started_at: OffsetDateTime,
    /// Earlier events of the intent that it need not wait for: they have failed for long, or the
    /// endpoint takes all as it comes.
    passes: Vec<i64>,
    /// How many deliveries there were: what is owed later cannot come first.
    known: usize,
}

/// How a try ended, and what that tells about its endpoint.
#[derive(Clone, Copy, Debug)]
struct Landed {
    written: Written,
    merchant: MerchantId,
    started_at: OffsetDateTime,
    signal: Signal,
    gone: bool,
}

/// What one process knows of its deliveries.
#[derive(Debug)]
pub struct Dispatcher {
    /// Names its leases.
    pub lease: Uuid,
    tries: Vec<Try>,
    landed: Vec<Landed>,
}

impl Dispatcher {
    pub fn new(lease: Uuid) -> Self {
        Self {
            lease,
            tries: Vec::new(),
            landed: Vec::new(),
        }
    }
}

/// All receivers: how they behave, and what they have been sent.
#[derive(Debug, Default)]
pub struct Receivers {
    pub moods: BTreeMap<EndpointId, Mood>,
    received: HashSet<Place>,
    events: HashMap<(EndpointId, EventId), i64>,
}

impl Receivers {
    /// Whether an event has arrived.
    pub fn has(&self, place: Place) -> bool {
        self.received.contains(&place)
    }

    /// An event arrives, always with the same id; whether for the first time. That is never after
    /// a later one of its intent.
    fn take(&mut self, tried: &Try, outbox: &Outbox) -> bool {
        let place = tried.place;
        let known = self.events.entry((place.0, tried.event)).or_insert(place.1);
        assert_eq!(*known, place.1, "two events with the id {}", tried.event);
        if !self.received.insert(place) {
            return false;
        }
        for (earlier, row) in outbox.earlier(place) {
            let excused = self.received.contains(&earlier)
                || tried.passes.contains(&earlier.1)
                || row.born >= tried.known;
            assert!(excused, "{place:?} arrived before {earlier:?} {row:?}");
        }
        true
    }
}

fn answer(mood: Mood) -> (Result<Response, SendError>, bool) {
    let status = |status, retry_after| {
        Ok(Response {
            status,
            head: String::new(),
            retry_after,
        })
    };
    match mood {
        Mood::Well => (status(204, None), true),
        Mood::Failing => (status(500, None), false),
        Mood::Silent => (Err(SendError::Timeout), false),
        Mood::Mute => (Err(SendError::Timeout), true),
        Mood::Busy => {
            let wish = RetryAfter::Wait(std::time::Duration::from_mins(2));
            (status(429, Some(wish)), false)
        }
        Mood::Gone => (status(410, None), false),
    }
}

impl Run {
    /// A receiver takes to behaving otherwise. Those that see everything never want no more.
    pub fn change_mood(&mut self, dice: &mut Dice) -> Option<(EndpointId, Mood)> {
        let ids = self.store.endpoints.keys().map(|key| key.1);
        let id = dice.prefer(ids, |id| random_part(id.0))?;
        let moods = [
            Mood::Failing,
            Mood::Silent,
            Mood::Mute,
            Mood::Busy,
            Mood::Gone,
        ];
        let well = dice.percent(35);
        let mood = if well {
            Some(Mood::Well)
        } else {
            dice.pick(&moods)
        };
        let wanted = mood != Some(Mood::Gone) || !self.store.watchers.contains(&id);
        let mood = mood.filter(|_| wanted).unwrap_or(Mood::Failing);
        self.receivers.moods.insert(id, mood);
        Some((id, mood))
    }

    /// One turn of a process's dispatcher: what has landed is written down, leases of the dead are
    /// taken back, and what is due is leased and sent.
    pub fn dispatch(&mut self, at: usize, turn: u64) -> usize {
        self.record(at);
        let now = self.processes[at].ambient.now();
        if self.bug != Some(Bug::KeepsLeasesOfTheDead) {
            let alive = self.processes.each_ref().map(|p| p.dispatcher.lease);
            let reclaimed = self.outbox.reclaim(&alive, now);
            self.tally.count("leases of the dead taken back", reclaimed);
        }
        let terms = Terms {
            lease: self.processes[at].dispatcher.lease,
            turn,
            now,
            bug: self.bug,
        };
        let claimed = self.outbox.claim(&self.store, terms);
        let blocked = std::mem::take(&mut self.outbox.blocked);
        self.tally
            .count("deliveries that wait for an earlier one", blocked);
        for place in &claimed {
            let under_way = self.processes.iter().flat_map(|p| &p.dispatcher.tries);
            let overtaken = under_way.filter(|tried| tried.place == *place).count();
            self.tally.count(
                "deliveries under a new lease before the last one landed",
                overtaken,
            );
            let tried = self.launch(*place, terms);
            self.processes[at].dispatcher.tries.push(tried);
        }
        self.check_load(&claimed, now);
        claimed.len()
    }

    fn launch(&self, place: Place, terms: Terms) -> Try {
        let row = &self.outbox.rows[&place];
        let endpoint = &self.store.endpoints[&(row.merchant, place.0)];
        let event = &self.store.events[&(row.merchant, place.1)];
        let may_pass = |row: &Owed| endpoint.ordering == Ordering::None || !row.holds_up(terms.now);
        let earlier = self.outbox.earlier(place);
        let passes = earlier.filter(|(_, row)| may_pass(row));
        Try {
            place,
            merchant: row.merchant,
            event: event.id,
            lease: terms.lease,
            attempt: row.attempts,
            failures: row.failures,
            started_at: terms.now,
            passes: passes.map(|(place, _)| place.1).collect(),
            known: self.outbox.rows.len(),
        }
    }

    /// No endpoint has more under way than it bears, in both processes together. A try whose lease
    /// is over counts no more: its process was frozen, or clocks are far apart.
    fn check_load(&self, claimed: &[Place], now: OffsetDateTime) {
        for place in claimed {
            let row = &self.outbox.rows[place];
            let endpoint = &self.store.endpoints[&(row.merchant, place.0)];
            let tries = self.processes.iter().flat_map(|p| &p.dispatcher.tries);
            let under_way = tries.filter(|tried| {
                let row = &self.outbox.rows[&tried.place];
                let held = (row.lease, row.attempts) == (Some(tried.lease), tried.attempt);
                let over = tried.started_at + LEASE <= now || row.due_at > now + LEASE;
                tried.place.0 == place.0 && held && !over
            });
            let (under_way, limit) = (under_way.count(), self.outbox.health(endpoint).1);
            let limit = usize::try_from(limit).unwrap();
            assert!(
                under_way <= limit,
                "{under_way} under way to {}, not {limit}",
                endpoint.id
            );
        }
    }

    /// Tries of a process end, at most so many.
    pub fn land(&mut self, at: usize, most: usize, dice: &mut Dice) -> usize {
        let turn = dice.roll();
        let now = self.processes[at].ambient.now();
        let tries = &mut self.processes[at].dispatcher.tries;
        tries.sort_by_key(|tried| {
            let (endpoint, sequence) = tried.place;
            mix(&[turn, random_part(endpoint.0), sequence.unsigned_abs()])
        });
        let ended: Vec<Try> = tries.drain(..tries.len().min(most)).collect();
        for tried in &ended {
            let mood = self.receivers.moods.get(&tried.place.0);
            let (answer, arrived) = answer(mood.copied().unwrap_or_default());
            if arrived && !self.receivers.take(tried, &self.outbox) {
                self.tally.count("deliveries that came again", 1);
            }
            let landed = judge(tried, &answer, (&self.processes[at].ambient, now));
            let taken = landed.written.outcome == Outcome::Delivered;
            self.tally.count("deliveries taken", usize::from(taken));
            self.processes[at].dispatcher.landed.push(landed);
        }
        ended.len()
    }

    /// Writes down what has landed, and has endpoints disabled that want no more or failed long.
    fn record(&mut self, at: usize) {
        let landed = std::mem::take(&mut self.processes[at].dispatcher.landed);
        let ambient = self.processes[at].ambient.clone();
        let mut told: BTreeMap<(MerchantId, EndpointId), Vec<Landed>> = BTreeMap::new();
        for landed in landed {
            self.outbox.record(&landed.written);
            let endpoint = (landed.merchant, landed.written.place.0);
            told.entry(endpoint).or_default().push(landed);
        }
        for ((merchant, id), landed) in told {
            let endpoint = &self.store.endpoints[&(merchant, id)];
            let before = self.outbox.health(endpoint).0;
            let before = before.unwrap_or(Health::new(PER_ENDPOINT));
            let signals = landed.iter().map(|l| (l.written.ended_at, l.signal));
            let signals: Vec<_> = signals.collect();
            let full = 2 * signals.len() >= usize::try_from(before.in_flight_limit).unwrap();
            let start = (PER_ENDPOINT, full);
            let health = before.after(&signals, start, |pause| ambient.jitter(pause));
            self.outbox.note(id, health, ambient.now());
            let gone = landed.iter().find(|landed| landed.gone);
            let last = landed.last().unwrap();
            let why = match (gone, health.given_up(last.written.ended_at)) {
                (Some(gone), _) => Disabling::Gone(gone.started_at),
                (None, Some(since)) => Disabling::Failing {
                    since,
                    last_at: last.started_at,
                    last: "no answer".to_owned(),
                },
                (None, None) => continue,
            };
            let job = self.by_worker(merchant, EndpointCommand::Disable(id, why).into());
            self.submit(at, job);
        }
    }

    /// Whether every event has arrived wherever it is owed, and is owed wherever all is.
    pub fn check_arrived(&self) {
        for (place, row) in &self.outbox.rows {
            let endpoint = &self.store.endpoints[&(row.merchant, place.0)];
            let arrived = row.status == DeliveryStatus::Delivered && self.receivers.has(*place);
            let deleted = endpoint.deleted_at.is_some();
            assert!(arrived || deleted, "{place:?} never arrived: {row:?}");
        }
        for (place, event) in &self.store.events {
            let own = self.store.watchers.iter().filter(|id| {
                let key = (place.0, **id);
                event.event_type != EventType::Ping && self.store.endpoints.contains_key(&key)
            });
            for watcher in own {
                let arrived = self.receivers.has((*watcher, place.1));
                assert!(arrived, "{event:?} never came to whoever sees everything");
            }
        }
    }
}

fn judge(
    tried: &Try,
    answer: &Result<Response, SendError>,
    (ambient, now): (&Ambient, OffsetDateTime),
) -> Landed {
    let took = std::time::Duration::try_from(now - tried.started_at).unwrap_or_default();
    let signal = Signal::of(answer.as_ref().map_err(|error| *error), took, now);
    let response = answer.as_ref().ok();
    let outcome = outcome(tried.failures, response, now, |base| ambient.jitter(base));
    let written = Written {
        place: tried.place,
        lease: tried.lease,
        attempt: tried.attempt,
        ended_at: now,
        outcome,
    };
    Landed {
        written,
        merchant: tried.merchant,
        started_at: tried.started_at,
        signal,
        gone: response.is_some_and(|answer| answer.status == 410),
    }
}
