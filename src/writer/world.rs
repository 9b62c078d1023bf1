//! What a batch knows: the rows its commands name, as the batch changes them.

use crate::{
    base::{
        ids::{AttemptId, EndpointId, IntentId, LinkId, MerchantId, RefundId},
        money::Currency,
    },
    domain::{
        callbacks::{Endpoint, NewDelivery, Replay, StoredEvent, StoredSecret},
        idempotency::{KeyRecord, store::KeyName},
        intents::{Attempt, Intent, Refund},
        ledger::{Account, Books, JournalEntry},
        links::{Link, store::TokenRow},
    },
};
use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};
use uuid::Uuid;

/// Rows of one kind, with what the batch has done to them.
#[derive(Debug)]
pub struct Table<K, V> {
    rows: HashMap<K, Row<V>>,
}

#[derive(Debug)]
struct Row<V> {
    value: V,
    stored: bool,
    changed: bool,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
        }
    }
}

impl<K: Hash + Eq, V> Table<K, V> {
    /// Adds a row as the database has it.
    pub fn load(&mut self, key: K, value: V) {
        self.rows.insert(
            key,
            Row {
                value,
                stored: true,
                changed: false,
            },
        );
    }

    /// The row as the batch sees it now.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(key).map(|row| &row.value)
    }

    /// Makes or changes a row.
    pub fn put(&mut self, key: K, value: V) {
        let stored = self.rows.get(&key).is_some_and(|row| row.stored);
        self.rows.insert(
            key,
            Row {
                value,
                stored,
                changed: true,
            },
        );
    }

    /// The rows that the batch made.
    pub fn made(&self) -> Vec<(&K, &V)> {
        self.touched(|row| !row.stored)
    }

    /// The rows that the batch changed, of those it found.
    pub fn changed(&self) -> Vec<(&K, &V)> {
        self.touched(|row| row.stored)
    }

    fn touched(&self, wanted: impl Fn(&Row<V>) -> bool) -> Vec<(&K, &V)> {
        self.rows
            .iter()
            .filter(|(_, row)| row.changed && wanted(row))
            .map(|(key, row)| (key, &row.value))
            .collect()
    }

    /// All rows as the batch sees them now.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.rows.values().map(|row| &row.value)
    }
}

/// Everything that a batch has loaded and changed. Keys begin with the merchant, so a command
/// can never reach what is another's.
#[derive(Debug, Default)]
pub struct World {
    /// The books that the batch holds the lock of.
    pub books: HashMap<MerchantId, Books>,
    /// Payment intents.
    pub intents: Table<(MerchantId, IntentId), Intent>,
    /// Attempts.
    pub attempts: Table<(MerchantId, AttemptId), Attempt>,
    /// Refunds.
    pub refunds: Table<(MerchantId, RefundId), Refund>,
    /// Payment links.
    pub links: Table<(MerchantId, LinkId), Link>,
    /// Callback endpoints that are not deleted.
    pub endpoints: Table<(MerchantId, EndpointId), Endpoint>,
    /// Secrets of endpoints, by number.
    pub secrets: Table<(MerchantId, EndpointId, i32), StoredSecret>,
    /// Replays that the batch ordered.
    pub replays: Vec<Replay>,
    /// Idempotency keys.
    pub keys: Table<KeyName, KeyRecord>,
    /// Tokens of new pages.
    pub tokens: Vec<TokenRow>,
    /// Entries that the batch booked and has not recorded yet.
    pub entries: Vec<JournalEntry>,
    /// Accounts with a first posting in some currency.
    pub opened: Vec<(MerchantId, Account)>,
    /// Balances that the batch changed.
    pub rebalanced: HashSet<(MerchantId, (String, Currency))>,
    /// Events that the batch caused.
    pub events: Vec<StoredEvent>,
    /// What the endpoints are owed for them.
    pub deliveries: Vec<NewDelivery>,
    /// Endpoints that were owed events of an intent already.
    pub owed: HashSet<(EndpointId, Uuid)>,
}
