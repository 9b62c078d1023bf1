//! What a batch knows: the rows its commands name, as the batch changes them.

use super::Rejection;
use crate::{
    base::{
        db::Unreadable,
        ids::{
            AttemptId, EndpointId, IntentId, LinkId, MerchantId, MovementId, RailAccountId,
            RefundId, ReplayId, StatementId, StatementLineId,
        },
        money::Currency,
    },
    domain::{
        callbacks::{Endpoint, NewDelivery, Pings, Replay, StoredEvent, StoredSecret},
        clocks::Clock,
        idempotency::{KeyRecord, store::KeyName},
        intents::{Attempt, Intent, Refund},
        ledger::{Account, Books, JournalEntry},
        links::{Link, store::TokenRow},
        movements::{Movement, store::ExternalName},
        rail_accounts::RailAccount,
        rail_events::RailEvent,
        reconciliation::{BankLine, Import, import::store::Digest},
        settlements::{self, Settlement, SettlementLine},
    },
};
use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Rows of one kind, with what the batch has done to them.
#[derive(Debug)]
pub struct Table<K, V> {
    rows: HashMap<K, Row<V>>,
    /// Rows that are there and cannot be read, and why.
    unreadable: HashMap<K, String>,
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
            unreadable: HashMap::new(),
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

    /// Adds a row that is there and cannot be read.
    pub fn load_unreadable(&mut self, row: Unreadable<K>) {
        self.unreadable.insert(row.name, row.fault);
    }

    /// The row as the batch sees it now; a fault of ours if it cannot be read, so that the commands
    /// that need it are rejected and no others.
    pub fn find(&self, key: &K) -> Result<Option<&V>, Rejection> {
        match self.unreadable.get(key) {
            None => Ok(self.get(key)),
            Some(fault) => Err(Rejection::Internal(fault.clone())),
        }
    }

    /// The row as the batch sees it now.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(key).map(|row| &row.value)
    }

    /// A row that was loaded or made, to be changed in place.
    pub fn change(&mut self, key: &K) -> Option<&mut V> {
        let row = self.rows.get_mut(key)?;
        row.changed = true;
        Some(&mut row.value)
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

/// The rows without their keys.
pub fn values<'a, K, V>(rows: Vec<(&'a K, &'a V)>) -> Vec<&'a V> {
    rows.into_iter().map(|(_, value)| value).collect()
}

/// Makes the rows that the world holds, and the changes that decisions make to them, from one list.
macro_rules! world {
    (
        named { $($(#[doc = $doc:literal])* $table:ident: $Row:ident, $Name:ty, $Key:ty = $key:expr;)* }
        whole { $($(#[doc = $whole_doc:literal])* $whole:ident: $Whole:ident, $WholeKey:ty = $whole_key:expr;)* }
        lists { $($(#[doc = $list_doc:literal])* $list:ident: $Item:ident;)* }
    ) => {
        /// Everything that a batch has loaded and changed. Keys begin with the merchant, so a
        /// command can never reach what is another's.
        #[derive(Debug, Default)]
        pub struct World {
            /// The books that the batch holds the lock of.
            pub books: HashMap<MerchantId, Books>,
            /// Idempotency keys.
            pub keys: Table<KeyName, KeyRecord>,
            /// Entries that the batch booked.
            pub entries: Vec<JournalEntry>,
            /// Accounts with a first posting in some currency.
            pub opened: Vec<(MerchantId, Account)>,
            /// Balances that the batch changed.
            pub rebalanced: HashSet<BalanceName>,
            /// Events that the batch caused.
            pub events: Vec<StoredEvent>,
            /// The deliveries of them.
            pub deliveries: Vec<NewDelivery>,
            /// Endpoints that have undelivered events of an intent from before the batch.
            pub pending: HashSet<(EndpointId, Uuid)>,
            /// Replays from before the batch that still run, by their endpoints.
            pub running: HashMap<(MerchantId, EndpointId), ReplayId>,
            $($(#[doc = $doc])* pub $table: Table<$Key, $Row>,)*
            $($(#[doc = $whole_doc])* pub $whole: Table<$WholeKey, $Whole>,)*
            $($(#[doc = $list_doc])* pub $list: Vec<$Item>,)*
        }

        /// The names of the rows that a batch loads. The simulation loads by the same rule.
        #[derive(Debug, Default)]
        pub struct Needs {
            /// Idempotency keys.
            pub keys: Vec<KeyName>,
            /// Balances: all that the commands may book to.
            pub balances: HashSet<BalanceName>,
            /// What rails call the facts that are told: movements of them may be there.
            pub facts: Vec<ExternalName>,
            /// Files that are given to us, which may be known.
            pub files: Vec<Digest>,
            /// Endpoints whose running replays are looked at.
            pub replayed: Vec<(MerchantId, EndpointId)>,
            $($(#[doc = $doc])* pub $table: Vec<$Name>,)*
        }

        /// A row that a decision makes or changes.
        #[derive(Debug)]
        pub enum Change {
            $($Row($Row),)*
            $($Whole($Whole),)*
            $($Item($Item),)*
        }

        impl World {
            /// Makes or changes a row.
            pub fn take(&mut self, change: Change) {
                match change {
                    $(Change::$Row(row) => {
                        let key: fn(&$Row) -> $Key = $key;
                        self.$table.put(key(&row), row);
                    })*
                    $(Change::$Whole(row) => {
                        let key: fn(&$Whole) -> $WholeKey = $whole_key;
                        self.$whole.put(key(&row), row);
                    })*
                    $(Change::$Item(item) => self.$list.push(item),)*
                }
            }
        }

        $(impl From<$Row> for Change {
            fn from(row: $Row) -> Self {
                Self::$Row(row)
            }
        })*
        $(impl From<$Whole> for Change {
            fn from(row: $Whole) -> Self {
                Self::$Whole(row)
            }
        })*
        $(impl From<$Item> for Change {
            fn from(item: $Item) -> Self {
                Self::$Item(item)
            }
        })*
    };
}

impl World {
    /// The merchant's clock, where it was ever moved.
    pub(super) fn clock_ahead(&self, merchant: MerchantId) -> Option<Clock> {
        let clock = self.clocks.get(&merchant).copied();
        clock.filter(|clock| clock.is_ahead())
    }

    /// The merchant's time at a time of everybody's.
    pub(super) fn now(&self, merchant: MerchantId, outside: OffsetDateTime) -> OffsetDateTime {
        let clock = self.clock_ahead(merchant);
        clock.map_or(outside, |clock| clock.now(outside))
    }

    /// When a worker finds what is to be done at a time of the merchant's.
    pub(super) fn found_at(&self, merchant: MerchantId, at: OffsetDateTime) -> OffsetDateTime {
        let clock = self.clock_ahead(merchant);
        clock.map_or(at, |clock| clock.outside(at))
    }
}

/// A merchant's balance: of which account, in which currency.
pub type BalanceName = (MerchantId, (String, Currency));

world! {
    // Rows that commands name: the row, how it is named, how it is kept.
    named {
        /// Payment intents.
        intents: Intent, (MerchantId, IntentId), (MerchantId, IntentId) =
            |row| (row.merchant, row.id);
        /// Attempts.
        attempts: Attempt, (MerchantId, AttemptId), (MerchantId, AttemptId) =
            |row| (row.merchant, row.id);
        /// Movements.
        movements: Movement, (MerchantId, MovementId), (MerchantId, MovementId) =
            |row| (row.merchant, row.id);
        /// Statements.
        statements: Import, (MerchantId, StatementId), (MerchantId, StatementId) =
            |row| (row.merchant, row.id);
        /// Lines of statements.
        statement_lines: BankLine, (MerchantId, StatementLineId), (MerchantId, StatementLineId) =
            |row| (row.merchant, row.id);
        /// Refunds.
        refunds: Refund, (MerchantId, RefundId), (MerchantId, RefundId) =
            |row| (row.merchant, row.id);
        /// Payment links.
        links: Link, (MerchantId, LinkId), (MerchantId, LinkId) = |row| (row.merchant, row.id);
        /// Pings of endpoints.
        pings: Pings, (MerchantId, EndpointId), (MerchantId, EndpointId) =
            |row| (row.merchant, row.endpoint);
        /// Rail accounts: all of a merchant.
        rail_accounts: RailAccount, MerchantId, (MerchantId, RailAccountId) =
            |row| (row.merchant, row.id);
        /// What providers told.
        rail_events: RailEvent, (MerchantId, RailAccountId, String),
            (MerchantId, RailAccountId, String) = |row| row.name();
        /// What providers pay out.
        settlements: Settlement, settlements::Name, settlements::Name = |row| row.name();
        /// Secrets of endpoints: all of an endpoint, each by its number.
        secrets: StoredSecret, (MerchantId, EndpointId), (MerchantId, EndpointId, i32) =
            |row| (row.merchant, row.endpoint, row.number);
    }
    // Rows of which every command sees all of its merchant's.
    whole {
        /// Callback endpoints that are not deleted.
        endpoints: Endpoint, (MerchantId, EndpointId) = |row| (row.merchant, row.id);
        /// Clocks, one a merchant.
        clocks: Clock, MerchantId = |row| row.merchant;
    }
    // Rows that are only ever made.
    lists {
        /// Replays that the batch ordered.
        replays: Replay;
        /// Tokens of new pages.
        tokens: TokenRow;
        /// Lines of settlements.
        settlement_lines: SettlementLine;
    }
}
