//! A second set of books, kept from what each batch writes and from nothing else, so that every
//! step can be checked without reading everything again.

use super::store::Store;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use threadpay::{
    base::{
        event_type::EventType,
        ids::{IntentId, LinkId, MerchantId},
        money::Currency,
    },
    domain::{
        callbacks::StoredEvent,
        ledger::{Balance, Chain, Direction, EntryHash, JournalEntry, check_entry},
    },
    writer::World,
};
use uuid::Uuid;

#[derive(Debug, Default)]
pub struct Audit {
    chains: HashMap<MerchantId, Chain>,
    sums: HashMap<(MerchantId, String, Currency), Balance>,
    trial: HashMap<(MerchantId, Currency), i128>,
    /// What was booked for each source: the first line's amount.
    booked: HashMap<String, Vec<i64>>,
    /// The last place of each merchant's feed,
    feeds: HashMap<MerchantId, i64>,
    /// and of each intent's events.
    places: HashMap<Uuid, i32>,
    told: HashMap<Uuid, EventType>,
    /// Intents that were made through each link.
    through: HashMap<LinkId, BTreeSet<IntentId>>,
}

impl Audit {
    /// Takes in what a batch is about to write.
    pub fn take(&mut self, world: &World) {
        for entry in &world.entries {
            self.take_entry(entry);
        }
        for event in &world.events {
            self.take_event(event, world);
        }
        for (key, intent) in world.intents.made() {
            if let Some(link) = intent.terms.payment_link {
                self.through.entry(link).or_default().insert(key.1);
            }
        }
    }

    fn take_entry(&mut self, entry: &JournalEntry) {
        let chain = self.chains.entry(entry.merchant);
        let chain = chain.or_insert_with(Chain::start);
        if let Err(fault) = chain.check_next(entry).and_then(|()| check_entry(entry)) {
            panic!("entry {} of the chain: {fault}", entry.sequence);
        }
        *chain = Chain::after(entry);
        for posting in &entry.postings {
            let (currency, minor) = (
                posting.amount.currency(),
                i128::from(posting.amount.minor()),
            );
            assert!(minor > 0, "{posting:?}");
            let name = (entry.merchant, posting.account.clone(), currency);
            let sum = self.sums.entry(name).or_default();
            let trial = self.trial.entry((entry.merchant, currency)).or_default();
            match posting.direction {
                Direction::Debit => (sum.debits, *trial) = (sum.debits + minor, *trial + minor),
                Direction::Credit => (sum.credits, *trial) = (sum.credits + minor, *trial - minor),
            }
            let after = posting.balance_after.minor().abs();
            assert_eq!(after, (sum.debits - sum.credits).abs(), "{posting:?}");
        }
        let first = entry.postings[0].amount.minor();
        let booked = self.booked.entry(entry.source.clone()).or_default();
        booked.push(first);
    }

    fn take_event(&mut self, event: &StoredEvent, world: &World) {
        let feed = self.feeds.entry(event.merchant).or_default();
        *feed += 1;
        assert_eq!(event.sequence, *feed, "the feed's next event");
        if let Some(intent) = event.intent_id {
            let place = self.places.entry(intent).or_default();
            *place += 1;
            assert_eq!(
                event.intent_sequence,
                Some(*place),
                "the intent's next event"
            );
            if event.event_type.as_str().starts_with("payment_intent.") {
                self.told.insert(intent, event.event_type);
            }
        }
        let body: Value = serde_json::from_slice(&event.payload).unwrap();
        assert_eq!(body["sequence"], event.sequence);
        assert_eq!(body["type"], event.event_type.as_str());
        assert_eq!(body["id"], event.id.to_string());
        let place = event.intent_sequence.map(i64::from);
        assert_eq!(body["intent_sequence"].as_i64(), place);
        for entry in body["journal_entries"].as_array().unwrap() {
            let told = |e: &JournalEntry| e.id.to_string() == entry.as_str().unwrap();
            assert!(world.entries.iter().any(told), "{body}");
        }
    }

    /// The books that are stored are those of all that was written.
    pub fn check_books(&self, store: &Store, merchants: &[MerchantId]) {
        for merchant in merchants {
            let books = &store.books[merchant];
            let chain = self.chains.get(merchant).copied();
            let head = chain.map_or((0, EntryHash::default()), |chain| {
                (chain.sequence(), chain.hash())
            });
            let stored = (books.entry_sequence, books.entry_hash);
            assert_eq!(stored, head, "the head of the books (left)");
            let feed = self.feeds.get(merchant).copied().unwrap_or_default();
            assert_eq!(books.event_sequence, feed, "the end of the feed");
            let own = self.sums.iter().filter(|(name, _)| name.0 == *merchant);
            let mut accounts = 0;
            for ((_, account, currency), sum) in own {
                accounts += 1;
                let name = (account.clone(), *currency);
                let stored = books.balances.get(&name);
                assert_eq!(
                    stored,
                    Some(sum),
                    "the balance of {name:?} (left) and its postings"
                );
            }
            assert_eq!(
                books.balances.len(),
                accounts,
                "accounts that have postings"
            );
            let own = self.trial.iter().filter(|(name, _)| name.0 == *merchant);
            for ((_, currency), net) in own {
                assert_eq!(*net, 0, "the trial balance in {currency}");
            }
        }
    }

    /// What was booked for a source, the first line of each entry.
    pub fn booked(&self, source: &str) -> &[i64] {
        self.booked.get(source).map_or(&[], Vec::as_slice)
    }

    /// What an intent was last told as, and how many events it has had.
    pub fn told(&self, intent: IntentId) -> (&'static str, i32) {
        let last = self.told.get(&intent.0);
        let places = self.places.get(&intent.0).copied().unwrap_or_default();
        (last.map_or("", |event| event.as_str()), places)
    }

    /// Intents that were made through a link.
    pub fn through(&self, link: LinkId) -> impl Iterator<Item = IntentId> {
        self.through.get(&link).into_iter().flatten().copied()
    }
}
