//! What the database would hold: locks of books, and rows that go from here into a batch's world
//! and come back changed.
//!
//! Which rows a batch names is the writer's own rule (`Needs`). How they are loaded and recorded is
//! written here a second time, small, after `writer/batch.rs`. That the SQL there does the same is
//! for `tests/api` and `tests/faults` to show.

use super::writers::LaneName;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Debug,
};
use threadpay::{
    base::{
        ids::{AttemptId, EndpointId, IntentId, LinkId, MerchantId, MovementId, RefundId},
        quota::Used,
    },
    domain::{
        callbacks::{Endpoint, Pings, StoredEvent, StoredSecret},
        clocks::Clock,
        idempotency::{KeyRecord, store::KeyName},
        intents::{Attempt, Intent, Refund},
        ledger::{Books, EntryHash, JournalEntry},
        links::{Link, store::TokenRow},
        movements::Movement,
    },
    writer::{Needs, Submission, World},
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Rows by merchant and id, in the order of ids.
pub type Rows<Id, V> = BTreeMap<(MerchantId, Id), V>;

#[derive(Debug, Default)]
pub struct Store {
    /// Whose books are locked, and by which lane.
    pub locks: BTreeMap<MerchantId, LaneName>,
    pub books: BTreeMap<MerchantId, Books>,
    /// Clocks that were moved on, and how far in all.
    pub clocks: BTreeMap<MerchantId, Duration>,
    pub intents: Rows<IntentId, Intent>,
    pub attempts: Rows<AttemptId, Attempt>,
    pub refunds: Rows<RefundId, Refund>,
    pub movements: Rows<MovementId, Movement>,
    pub links: Rows<LinkId, Link>,
    pub endpoints: Rows<EndpointId, Endpoint>,
    pub secrets: BTreeMap<(MerchantId, EndpointId, i32), StoredSecret>,
    pub pings: BTreeMap<(MerchantId, EndpointId), Used>,
    pub keys: BTreeMap<KeyName, KeyRecord>,
    pub tokens: HashMap<[u8; 32], TokenRow>,
    pub entries: BTreeMap<(MerchantId, i64), JournalEntry>,
    pub events: BTreeMap<(MerchantId, i64), StoredEvent>,
    /// Endpoints that see everything and are never changed by a client.
    pub watchers: BTreeSet<EndpointId>,
}

macro_rules! save {
    ($store:expr, $table:expr) => {
        for (key, value) in $table.made() {
            let before = $store.insert(key.clone(), value.clone());
            assert!(before.is_none(), "{key:?} was inserted twice");
        }
        for (key, value) in $table.changed() {
            let before = $store.insert(key.clone(), value.clone());
            assert!(before.is_some(), "{key:?} was updated and is not there");
        }
    };
}

impl Store {
    pub fn add_merchant(&mut self, merchant: MerchantId) {
        let books = Books {
            merchant,
            entry_sequence: 0,
            entry_hash: EntryHash::default(),
            mode: threadpay::base::mode::Mode::Test,
            event_sequence: 0,
            booked_at: OffsetDateTime::UNIX_EPOCH,
            balances: HashMap::new(),
        };
        self.books.insert(merchant, books);
    }

    /// The head of a merchant's books, as the statement that locks them reads it.
    pub fn head(&self, merchant: MerchantId) -> Books {
        let books = &self.books[&merchant];
        Books {
            balances: HashMap::new(),
            ..*books
        }
    }

    /// Loads what a batch names into a world that has the heads of the books.
    pub fn load<'a>(&self, world: &mut World, batch: impl Iterator<Item = &'a Submission>) {
        let batch: Vec<&Submission> = batch.collect();
        let mut needs = Needs::of(batch.iter().copied());
        let merchants: BTreeSet<MerchantId> = batch.iter().map(|s| s.merchant).collect();
        for merchant in &merchants {
            let ahead = self.ahead(*merchant).whole_seconds();
            world
                .clocks
                .load(*merchant, Clock::stored(*merchant, ahead));
        }
        self.load_movements(world, &mut needs);
        for name in std::mem::take(&mut needs.keys) {
            if let Some(row) = self.keys.get(&name) {
                world.keys.load(name, row.clone());
            }
        }
        for key in std::mem::take(&mut needs.intents) {
            let Some(intent) = self.intents.get(&key) else {
                continue;
            };
            needs.add_named_by_intent(intent);
            world.intents.load(key, intent.clone());
        }
        copy(&needs.attempts, &self.attempts, |key, row| {
            world.attempts.load(key, row);
        });
        copy(&needs.refunds, &self.refunds, |key, row| {
            world.refunds.load(key, row);
        });
        for key in std::mem::take(&mut needs.links) {
            if let Some(link) = self.links.get(&key) {
                needs.add_named_by_link(link);
                world.links.load(key, link.clone());
            }
        }
        for key in std::mem::take(&mut needs.intents) {
            if let Some(intent) = self.intents.get(&key) {
                world.intents.load(key, intent.clone());
            }
        }
        for (merchant, endpoint) in needs.secrets {
            let all = (merchant, endpoint, 0)..=(merchant, endpoint, i32::MAX);
            for (key, row) in self.secrets.range(all) {
                world.secrets.load(*key, row.clone());
            }
        }
        for (merchant, endpoint) in needs.pings {
            if self.endpoints.contains_key(&(merchant, endpoint)) {
                let used = self.pings.get(&(merchant, endpoint)).copied();
                let pings = Pings {
                    merchant,
                    endpoint,
                    used: used.unwrap_or_default(),
                };
                world.pings.load((merchant, endpoint), pings);
            }
        }
        for (merchant, name) in needs.balances {
            let stored = self.books[&merchant].balances.get(&name).copied();
            let books = world.books.get_mut(&merchant).unwrap();
            books.balances.insert(name, stored.unwrap_or_default());
        }
        for merchant in merchants {
            for (key, row) in of_merchant(&self.endpoints, merchant) {
                if row.deleted_at.is_none() {
                    world.endpoints.load(*key, row.clone());
                }
            }
        }
    }

    /// Loads what facts are about, and movements.
    fn load_movements(&self, world: &mut World, needs: &mut Needs) {
        copy(&needs.attempts, &self.attempts, |key, row| {
            world.attempts.load(key, row);
        });
        for attempt in world.attempts.values() {
            needs.add_named_by_attempt(attempt);
        }
        for (merchant, rail, name) in &needs.facts {
            let own = of_merchant(&self.movements, *merchant);
            let named = own.filter(|(_, m)| m.route.rail == *rail && m.external_id == *name);
            needs.movements.extend(named.map(|(key, _)| *key));
        }
        for key in std::mem::take(&mut needs.movements) {
            if let Some(movement) = self.movements.get(&key) {
                needs.add_named_by_movement(movement);
                world.movements.load(key, movement.clone());
            }
        }
    }

    /// How far a merchant's clock is ahead.
    pub fn ahead(&self, merchant: MerchantId) -> Duration {
        self.clocks.get(&merchant).copied().unwrap_or_default()
    }

    /// Takes a batch in, by the same rules as `writer/batch.rs` records it.
    pub fn commit(&mut self, world: World) {
        for (merchant, clock) in world.clocks.changed() {
            let moved = clock.ahead - self.ahead(*merchant);
            assert_eq!(moved, clock.moved, "a clock was moved twice at once");
            self.clocks.insert(*merchant, clock.ahead);
            for secret in self
                .secrets
                .values_mut()
                .filter(|s| s.merchant == *merchant)
            {
                secret.expires_at = secret.expires_at.map(|at| at - moved);
            }
        }
        save!(self.intents, world.intents);
        save!(self.attempts, world.attempts);
        save!(self.refunds, world.refunds);
        save!(self.movements, world.movements);
        save!(self.links, world.links);
        save!(self.endpoints, world.endpoints);
        save!(self.secrets, world.secrets);
        save!(self.keys, world.keys);
        for (key, pings) in world.pings.changed() {
            self.pings.insert(*key, pings.used);
        }
        for token in world.tokens {
            assert!(
                self.tokens.insert(token.0, token).is_none(),
                "a token twice"
            );
        }
        for (merchant, name) in &world.rebalanced {
            let balance = world.books[merchant].balances[name];
            let books = self.books.get_mut(merchant).unwrap();
            books.balances.insert(name.clone(), balance);
        }
        // The head of the books is stored where there is an event or an entry, as the writer does.
        let told = world.events.iter().map(|event| event.merchant);
        let booked = world.entries.iter().map(|entry| entry.merchant);
        let moved: BTreeSet<MerchantId> = told.chain(booked).collect();
        for merchant in moved {
            let books = self.books.get_mut(&merchant).unwrap();
            let balances = std::mem::take(&mut books.balances);
            *books = Books {
                balances,
                ..world.books[&merchant]
            };
        }
        for entry in world.entries {
            let place = (entry.merchant, entry.sequence);
            let before = self.entries.insert(place, entry);
            assert!(before.is_none(), "two entries at {place:?}");
        }
        for event in world.events {
            let place = (event.merchant, event.sequence);
            let before = self.events.insert(place, event);
            assert!(before.is_none(), "two events at {place:?}");
        }
    }
}

fn copy<K: Ord + Copy + Debug, V: Clone>(
    names: &[K],
    rows: &BTreeMap<K, V>,
    mut load: impl FnMut(K, V),
) {
    for name in names {
        if let Some(row) = rows.get(name) {
            load(*name, row.clone());
        }
    }
}

/// A merchant's rows, the oldest first.
pub fn of_merchant<Id: Ord + Copy + From<Uuid>, V>(
    rows: &Rows<Id, V>,
    merchant: MerchantId,
) -> impl DoubleEndedIterator<Item = (&(MerchantId, Id), &V)> {
    rows.range((merchant, Id::from(Uuid::nil()))..=(merchant, Id::from(Uuid::max())))
}
