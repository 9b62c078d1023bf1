//! What the database would hold: rows go from here into a batch's world, and what the batch
//! changed comes back, by the same rules as `writer/batch.rs` records it.

use std::collections::{BTreeMap, HashMap};
use threadpay::{
    callbacks::{Endpoint, NewDelivery, StoredEvent, StoredSecret},
    idempotency::{KeyRecord, store::KeyName},
    ids::{AttemptId, EndpointId, IntentId, LinkId, MerchantId, RefundId},
    intents::{Attempt, Intent, Refund},
    ledger::{Books, EntryHash, JournalEntry},
    links::{Link, store::TokenRow},
    writer::World,
};
use time::OffsetDateTime;

/// Rows by merchant and id, in the order of ids.
pub type Rows<Id, V> = BTreeMap<(MerchantId, Id), V>;

#[derive(Debug, Default)]
pub struct Store {
    pub books: HashMap<MerchantId, Books>,
    pub intents: Rows<IntentId, Intent>,
    pub attempts: Rows<AttemptId, Attempt>,
    pub refunds: Rows<RefundId, Refund>,
    pub links: Rows<LinkId, Link>,
    pub endpoints: Rows<EndpointId, Endpoint>,
    pub secrets: BTreeMap<(MerchantId, EndpointId, i32), StoredSecret>,
    pub keys: BTreeMap<KeyName, KeyRecord>,
    pub tokens: HashMap<[u8; 32], TokenRow>,
    pub entries: BTreeMap<(MerchantId, i64), JournalEntry>,
    pub events: BTreeMap<(MerchantId, i64), StoredEvent>,
    pub deliveries: Vec<NewDelivery>,
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
            event_sequence: 0,
            booked_at: OffsetDateTime::UNIX_EPOCH,
            balances: HashMap::new(),
        };
        self.books.insert(merchant, books);
    }

    /// The endpoint of this id, if it is one that sees everything and is never changed.
    pub fn watcher(&self, id: EndpointId) -> Option<&Endpoint> {
        let mut endpoints = self.endpoints.values();
        endpoints.find(|e| e.id == id && e.events.patterns() == ["*"])
    }

    /// A world with all rows loaded, but only those idempotency keys that are asked for.
    pub fn world(&self, names: impl Iterator<Item = KeyName>) -> World {
        let mut world = World {
            books: self.books.clone(),
            ..World::default()
        };
        for (key, row) in &self.intents {
            world.intents.load(*key, row.clone());
        }
        for (key, row) in &self.attempts {
            world.attempts.load(*key, row.clone());
        }
        for (key, row) in &self.refunds {
            world.refunds.load(*key, row.clone());
        }
        for (key, row) in &self.links {
            world.links.load(*key, row.clone());
        }
        for (key, row) in &self.endpoints {
            if row.deleted_at.is_none() {
                world.endpoints.load(*key, row.clone());
            }
        }
        for (key, row) in &self.secrets {
            world.secrets.load(*key, row.clone());
        }
        for name in names {
            if let Some(row) = self.keys.get(&name) {
                world.keys.load(name, row.clone());
            }
        }
        world
    }

    /// Takes a batch in.
    pub fn commit(&mut self, world: World) {
        save!(self.intents, world.intents);
        save!(self.attempts, world.attempts);
        save!(self.refunds, world.refunds);
        save!(self.links, world.links);
        save!(self.endpoints, world.endpoints);
        save!(self.secrets, world.secrets);
        save!(self.keys, world.keys);
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
        for merchant in told.chain(booked) {
            let moved = &world.books[&merchant];
            let books = self.books.get_mut(&merchant).unwrap();
            let balances = std::mem::take(&mut books.balances);
            *books = Books {
                balances,
                ..moved.clone()
            };
        }
        for entry in world.entries {
            let place = (entry.merchant, entry.sequence);
            assert!(self.entries.insert(place, entry).is_none(), "{place:?}");
        }
        for event in world.events {
            let place = (event.merchant, event.sequence);
            assert!(self.events.insert(place, event).is_none(), "{place:?}");
        }
        self.deliveries.extend(world.deliveries);
    }

    /// The ids of a merchant's rows.
    pub fn ids<Id: Copy, V>(rows: &Rows<Id, V>, merchant: MerchantId) -> Vec<Id> {
        let own = rows.keys().filter(|(owner, _)| *owner == merchant);
        own.map(|(_, id)| *id).collect()
    }
}
