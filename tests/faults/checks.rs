//! The checker: what every caller was told, held against the database and against what came.

use super::{
    dice::Dice,
    receiver::{Inbox, meaning},
    stories::{End, Intent, Link, Teller},
    world::Merchant,
};
use futures_util::future::join_all;
use serde_json::Value;
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap};
use threadpay::base::ids::{IntentId, LinkId, RefundId};
use uuid::Uuid;

/// Most answers that each caller asks for once more at the end.
const REPEATS: usize = 250;

/// The database as it stands at the end.
struct Found {
    /// Status, captured and refunded of each intent.
    intents: HashMap<Uuid, (String, i64, i64)>,
    /// Succeeded refunds by intent.
    refunds: HashMap<Uuid, BTreeMap<Uuid, i64>>,
    links: HashMap<Uuid, i32>,
    /// How many movements there are of what a rail called so.
    movements: HashMap<String, i64>,
    /// The status that each key was answered with.
    keys: HashMap<(Uuid, String), i16>,
}

impl Found {
    async fn read(db: &mut PgConnection) -> Self {
        let intents: Vec<(Uuid, String, i64, i64)> = sqlx::query_as(
            "SELECT id, status, amount_captured, amount_refunded FROM payment_intents",
        )
        .fetch_all(&mut *db)
        .await
        .unwrap();
        let given_back: Vec<(Uuid, Uuid, i64)> = sqlx::query_as(
            "SELECT payment_intent_id, id, amount FROM refunds WHERE status = 'succeeded'",
        )
        .fetch_all(&mut *db)
        .await
        .unwrap();
        let links: Vec<(Uuid, i32)> =
            sqlx::query_as("SELECT id, payments_count FROM payment_links")
                .fetch_all(&mut *db)
                .await
                .unwrap();
        let movements: Vec<(String, i64)> =
            sqlx::query_as("SELECT external_id, count(*) FROM movements GROUP BY external_id")
                .fetch_all(&mut *db)
                .await
                .unwrap();
        let keys: Vec<(Uuid, String, i16)> =
            sqlx::query_as("SELECT merchant_id, key, status FROM idempotency_keys")
                .fetch_all(&mut *db)
                .await
                .unwrap();
        let mut refunds: HashMap<Uuid, BTreeMap<Uuid, i64>> = HashMap::new();
        for (intent, id, amount) in given_back {
            refunds.entry(intent).or_default().insert(id, amount);
        }
        let intents = intents.into_iter().map(|(id, s, c, r)| (id, (s, c, r)));
        let keys = keys.into_iter().map(|(m, key, status)| ((m, key), status));
        Self {
            intents: intents.collect(),
            refunds,
            links: links.into_iter().collect(),
            movements: movements.into_iter().collect(),
            keys: keys.collect(),
        }
    }

    fn holds_intent(&self, intent: &Intent) {
        let id: IntentId = intent.id.parse().unwrap();
        let found = self.intents.get(&id.0);
        let (status, captured, refunded) = found.unwrap_or_else(|| panic!("lost: {intent:?}"));
        match intent.end {
            End::Unpaid => assert_eq!(status, "requires_payment", "{intent:?}"),
            End::Canceled => assert_eq!(status, "canceled", "{intent:?}"),
            End::Paid(cents) => {
                assert_eq!(
                    (status.as_str(), *captured),
                    ("succeeded", cents),
                    "{intent:?}"
                );
            }
            End::Any => {}
        }
        let mut refunds = self.refunds.get(&id.0).cloned().unwrap_or_default();
        let sum: i64 = refunds.values().sum();
        assert_eq!(sum, *refunded, "{intent:?}");
        for (refund, cents) in &intent.refunds {
            let refund: RefundId = refund.parse().unwrap();
            assert_eq!(refunds.remove(&refund.0), Some(*cents), "{intent:?}");
        }
        // What is left is at most the one that nobody waited for.
        let rest: Vec<i64> = refunds.into_values().collect();
        assert!(
            rest.is_empty()
                || Some(rest.as_slice()) == intent.perhaps.as_ref().map(std::slice::from_ref),
            "{intent:?} has also {rest:?}"
        );
    }

    fn holds_link(&self, link: &Link) {
        let id: LinkId = link.id.parse().unwrap();
        let payments = *self
            .links
            .get(&id.0)
            .unwrap_or_else(|| panic!("lost: {link:?}"));
        // One caller pays each link, once, though perhaps without waiting for the answer.
        let is_right = payments == i32::from(link.paid) || !link.is_known && payments <= 1;
        assert!(is_right, "{link:?} has {payments} payments");
    }
}

/// Everything that was answered is there, once; and what was given up is there once or not.
pub async fn every_answer_holds(merchants: &[Merchant], tellers: &[Teller], db: &mut PgConnection) {
    let found = Found::read(db).await;
    for (number, teller) in tellers.iter().enumerate() {
        teller
            .known
            .intents
            .iter()
            .for_each(|i| found.holds_intent(i));
        teller.known.links.iter().for_each(|l| found.holds_link(l));
        for name in &teller.known.facts {
            assert_eq!(found.movements.get(name), Some(&1), "movements of {name}");
        }
        let merchant = merchants[number % merchants.len()].id.0;
        for told in &teller.caller.log {
            if let Some(key) = &told.asked.key {
                let status = found.keys.get(&(merchant, key.clone()));
                let status = status.and_then(|status| u16::try_from(*status).ok());
                // A request that cannot be taken leaves its key to the corrected one.
                let kept = Some(told.answer.status).filter(|status| *status != 422);
                assert_eq!(status, kept, "{:?}", told.asked);
            }
        }
    }
    let doubled = found.movements.iter().find(|(_, count)| **count > 1);
    assert_eq!(doubled, None, "a fact was counted twice");
    let twice: i64 = sqlx::query_scalar(
        "SELECT count(*) - count(DISTINCT (merchant_id, reference)) FROM payment_intents
            WHERE reference IS NOT NULL",
    )
    .fetch_one(db)
    .await
    .unwrap();
    assert_eq!(twice, 0, "one request made two intents");
}

/// The same request gives the same answer, to the end.
pub async fn every_answer_is_given_again(tellers: &mut [Teller], seed: u64) {
    let repeat = |teller: &mut Teller| {
        let mut dice = Dice::new(seed);
        let mut log = teller.caller.log.clone();
        while log.len() > REPEATS {
            log.swap_remove(dice.below(log.len()));
        }
        log
    };
    let repeats = tellers.iter_mut().map(async |teller| {
        for told in repeat(teller) {
            teller.caller.repeat(&told).await;
        }
    });
    join_all(repeats).await;
}

/// Every event of every feed came to both endpoints, under one id, as the feed tells it.
pub async fn every_event_arrived(merchants: &[Merchant], inboxes: &[Inbox]) {
    for (merchant, inboxes) in merchants.iter().zip(inboxes.chunks(2)) {
        let events = merchant.services[0].events().await;
        for inbox in inboxes {
            assert_eq!(inbox.wrong, Vec::<String>::new());
            for event in &events {
                let id = event["id"].as_str().unwrap();
                let arrived = inbox.events.get(id);
                let arrived = arrived.unwrap_or_else(|| panic!("never delivered: {event}"));
                assert_eq!(arrived.meaning, meaning(event), "{event}");
            }
            assert_eq!(events.len(), inbox.events.len());
        }
        has_no_gap(&events);
    }
}

fn has_no_gap(events: &[Value]) {
    let mut intents: HashMap<String, u64> = HashMap::new();
    for (sequence, event) in (1_u64..).zip(events) {
        assert_eq!(event["sequence"], sequence);
        if let Some((intent, number)) = super::receiver::place(event) {
            let before = intents.insert(intent, number).unwrap_or(0);
            assert_eq!(number, before + 1, "{event}");
        }
    }
}
