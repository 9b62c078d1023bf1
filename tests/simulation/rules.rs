//! What must be true after every batch, and at the end.

use super::{rail::ModelRail, store::Store};
use serde_json::Value;
use std::collections::HashMap;
use threadpay::{
    callbacks::EventType,
    ids::MerchantId,
    intents::{
        Attempt, AttemptStatus, CaptureMethod, Intent, Opening, RefundStatus, State, Status,
    },
    ledger::{Balance, Direction, EntryHash, JournalEntry, chain_hash},
    links::LinkStatus,
    money::Currency,
    rails::{CallKind, RailAnswer},
    writer::World,
};
use time::OffsetDateTime;

/// What a batch is about to write, against what is there.
pub fn check_batch(store: &Store, world: &World, now: OffsetDateTime) {
    check_chain(store, world);
    check_events(store, world);
    for (key, after) in world.intents.changed() {
        check_move(&store.intents[key], after, now);
    }
    for (key, after) in world.keys.changed() {
        let before = &store.keys[key];
        assert_eq!(before.fingerprint, after.fingerprint);
        assert!(before.answer.is_none(), "{key:?} got another answer");
    }
    for (key, after) in world.attempts.changed() {
        let before = &store.attempts[key];
        assert!(
            !before.is_final() || before.status == after.status,
            "{before:?}"
        );
    }
    let pages = world.intents.made().len() + world.links.made().len();
    assert_eq!(world.tokens.len(), pages, "every page has a token");
}

fn check_chain(store: &Store, world: &World) {
    let mut heads: HashMap<MerchantId, (i64, EntryHash)> = HashMap::new();
    for entry in &world.entries {
        let books = &store.books[&entry.merchant];
        let stored = (books.entry_sequence, books.entry_hash);
        let head = heads.entry(entry.merchant).or_insert(stored);
        assert_eq!((entry.sequence, entry.previous_hash), (head.0 + 1, head.1));
        assert_eq!(chain_hash(entry), entry.hash);
        let mut sums: HashMap<Currency, i64> = HashMap::new();
        for posting in &entry.postings {
            let amount = posting.amount.minor();
            *sums.entry(posting.amount.currency()).or_default() += match posting.direction {
                Direction::Debit => amount,
                Direction::Credit => -amount,
            };
        }
        assert!(sums.values().all(|sum| *sum == 0), "{entry:?}");
        *head = (entry.sequence, entry.hash);
    }
}

fn check_events(store: &Store, world: &World) {
    let mut heads: HashMap<MerchantId, i64> = HashMap::new();
    let mut places: HashMap<uuid::Uuid, i32> = HashMap::new();
    for event in &world.events {
        let last = store.books[&event.merchant].event_sequence;
        let head = heads.entry(event.merchant).or_insert(last);
        *head += 1;
        assert_eq!(event.sequence, *head);
        let body: Value = serde_json::from_slice(&event.payload).unwrap();
        assert_eq!(body["sequence"], event.sequence);
        assert_eq!(body["type"], event.event_type.as_str());
        assert_eq!(
            body["intent_sequence"].as_i64(),
            event.intent_sequence.map(i64::from)
        );
        for entry in body["journal_entries"].as_array().unwrap() {
            let told = |e: &JournalEntry| e.id.to_string() == entry.as_str().unwrap();
            assert!(world.entries.iter().any(told), "{body}");
        }
        if let Some(intent) = event.intent_id {
            let key = (event.merchant, threadpay::ids::IntentId(intent));
            let before = store
                .intents
                .get(&key)
                .map_or(0, |intent| intent.event_sequence);
            let place = places.entry(intent).or_insert(before);
            *place += 1;
            assert_eq!(event.intent_sequence, Some(*place));
        }
        let owed = world.deliveries.iter().filter(|d| {
            (d.merchant, d.event_sequence) == (event.merchant, event.sequence)
                && store.watcher(d.endpoint).is_some()
        });
        let one = usize::from(event.event_type != EventType::Ping);
        assert_eq!(
            owed.count(),
            one,
            "the endpoint that sees everything is owed it once, but no ping of another's"
        );
    }
}

/// An intent as one batch leaves it, against how the batch found it.
fn check_move(before: &Intent, after: &Intent, now: OffsetDateTime) {
    assert_eq!(before.terms, after.terms);
    assert!(before.sums.captured.minor() <= after.sums.captured.minor());
    assert!(before.sums.refunded.minor() <= after.sums.refunded.minor());
    assert!(before.event_sequence <= after.event_sequence);
    // Whoever looked was told that it is expired, before the worker wrote it down.
    if before.status_at(now) == Status::Expired {
        assert_eq!(after.status_at(now), Status::Expired, "{before:?}");
    }
    let ended = match before.state {
        State::Succeeded | State::Canceled(_) | State::Expired => true,
        State::RequiresPayment
        | State::Processing(..)
        | State::RequiresAction(_)
        | State::RequiresCapture => false,
    };
    assert!(
        !ended || before.state == after.state,
        "{before:?} became {after:?}"
    );
}

/// Everything that is stored.
pub fn check_store(store: &Store) {
    check_balances(store);
    check_secrets(store);
    let entries = entries_by_source(store);
    for intent in store.intents.values() {
        check_intent(store, intent, &entries);
    }
    for refund in store.refunds.values() {
        let booked = entries.get(&refund.id.to_string()).map_or(0, Vec::len);
        assert_eq!(
            booked,
            usize::from(refund.status == RefundStatus::Succeeded),
            "{refund:?}"
        );
    }
    check_links(store);
    check_gaps(store);
}

fn check_balances(store: &Store) {
    let mut sums: HashMap<(MerchantId, String, Currency), Balance> = HashMap::new();
    for entry in store.entries.values() {
        for posting in &entry.postings {
            let name = (
                entry.merchant,
                posting.account.clone(),
                posting.amount.currency(),
            );
            let sum = sums.entry(name).or_default();
            match posting.direction {
                Direction::Debit => sum.debits += posting.amount.minor(),
                Direction::Credit => sum.credits += posting.amount.minor(),
            }
        }
    }
    let kept: usize = store.books.values().map(|books| books.balances.len()).sum();
    assert_eq!(kept, sums.len());
    let mut trial: HashMap<(MerchantId, Currency), i64> = HashMap::new();
    for ((merchant, account, currency), sum) in sums {
        let books = &store.books[&merchant];
        assert_eq!(books.balances[&(account, currency)], sum);
        *trial.entry((merchant, currency)).or_default() += sum.debits - sum.credits;
    }
    assert!(trial.values().all(|net| *net == 0), "{trial:?}");
}

fn entries_by_source(store: &Store) -> HashMap<String, Vec<&JournalEntry>> {
    let mut entries: HashMap<String, Vec<&JournalEntry>> = HashMap::new();
    for entry in store.entries.values() {
        entries.entry(entry.source.clone()).or_default().push(entry);
    }
    entries
}

fn check_intent(store: &Store, intent: &Intent, entries: &HashMap<String, Vec<&JournalEntry>>) {
    let sums = intent.sums;
    let (captured, amount) = (sums.captured.minor(), intent.terms.amount.minor());
    assert!(
        sums.refunded.minor() + sums.refunding.minor() <= captured,
        "{intent:?}"
    );
    assert!(captured <= sums.authorized.minor() && sums.authorized.minor() <= amount);
    assert!(sums.refunding.minor() >= 0);
    let booked = entries
        .get(&intent.id.to_string())
        .map_or(&[][..], Vec::as_slice);
    let taken: Vec<i64> = booked
        .iter()
        .map(|e| e.postings[0].amount.minor())
        .collect();
    if intent.state == State::Succeeded {
        assert_eq!(taken, [captured], "one capture entry of what was captured");
        if intent.terms.capture_method == CaptureMethod::Automatic {
            assert_eq!(captured, amount);
        }
    } else {
        assert!(taken.is_empty() && captured == 0, "{intent:?}");
    }
    let open = match intent.state {
        State::Processing(id, opening) => Some((id, kind(opening))),
        State::RequiresAction(id) => Some((id, CallKind::Charge)),
        State::RequiresPayment
        | State::RequiresCapture
        | State::Succeeded
        | State::Canceled(_)
        | State::Expired => None,
    };
    if let Some((id, kind)) = open {
        let attempt = &store.attempts[&(intent.merchant, id)];
        assert!(!attempt.is_final(), "{intent:?} waits for {attempt:?}");
        assert_eq!(attempt.kind, kind);
        let acts = matches!(intent.state, State::RequiresAction(_));
        assert_eq!(
            acts,
            attempt.status == AttemptStatus::RequiresAction,
            "{intent:?} {attempt:?}"
        );
    }
}

fn kind(opening: Opening) -> CallKind {
    match opening {
        Opening::Charge => CallKind::Charge,
        Opening::Capture => CallKind::Capture,
        Opening::Void(_) => CallKind::Void,
    }
}

fn check_links(store: &Store) {
    for link in store.links.values() {
        let through = store.intents.values();
        let through = through.filter(|i| i.terms.payment_link == Some(link.id));
        let (mut paid, mut open) = (0, 0);
        for intent in through {
            paid += u32::from(intent.state == State::Succeeded);
            open += u32::from(intent.is_under_way());
        }
        assert_eq!((link.payments, link.open), (paid, open), "{link:?}");
        let most = link.terms.max_payments;
        assert!(most.is_none_or(|most| paid + open <= most), "{link:?}");
        let full = most.is_some_and(|most| paid == most);
        assert!(!(full && link.status == LinkStatus::Active), "{link:?}");
        assert!(full || link.status != LinkStatus::Completed, "{link:?}");
    }
}

fn check_gaps(store: &Store) {
    for (merchant, books) in &store.books {
        let entries = store.entries.keys().filter(|(owner, _)| owner == merchant);
        let events = store.events.keys().filter(|(owner, _)| owner == merchant);
        assert!(entries.map(|key| key.1).eq(1..=books.entry_sequence));
        assert!(events.map(|key| key.1).eq(1..=books.event_sequence));
    }
}

/// After the quiet phase: nothing waits but what waits for a payer or a late outcome, and what
/// the rail did is what the books say.
pub fn check_end(store: &Store, rail: &ModelRail, pending: impl Fn(AttemptStatus) -> bool) {
    for (name, record) in &store.keys {
        assert!(record.answer.is_some(), "{name:?} never got its answer");
    }
    for refund in store.refunds.values() {
        assert_ne!(refund.status, RefundStatus::Pending, "{refund:?}");
    }
    for intent in store.intents.values() {
        if let State::Processing(id, _) = intent.state {
            let attempt = &store.attempts[&(intent.merchant, id)];
            assert!(pending(attempt.status), "{intent:?} waits for {attempt:?}");
        }
        check_last_event(store, intent);
    }
    for attempt in store.attempts.values() {
        let intent = &store.intents[&(attempt.merchant, attempt.intent)];
        check_outcome(attempt, intent, rail.truth(attempt.id));
    }
}

fn check_outcome(attempt: &Attempt, intent: &Intent, truth: Option<RailAnswer>) {
    let open = match intent.state {
        State::Processing(id, _) | State::RequiresAction(id) => id == attempt.id,
        State::RequiresPayment
        | State::RequiresCapture
        | State::Succeeded
        | State::Canceled(_)
        | State::Expired => false,
    };
    match truth {
        Some(RailAnswer::Succeeded) => assert_eq!(attempt.status, AttemptStatus::Succeeded),
        Some(RailAnswer::Declined(_)) => assert_eq!(attempt.status, AttemptStatus::Failed),
        Some(RailAnswer::Pending) => assert!(open, "{intent:?} gave up {attempt:?}"),
        Some(RailAnswer::RequiresAction) => {
            let ended = matches!(intent.state, State::Canceled(_) | State::Expired);
            assert!(open || ended, "{intent:?} gave up {attempt:?}");
            assert_eq!(
                attempt.ask_at, None,
                "the resolver asks for ever: {attempt:?}"
            );
        }
        Some(RailAnswer::Unknown) | None => panic!("nobody asked what became of {attempt:?}"),
    }
}

/// The last event of an intent tells the state that it is in.
fn check_last_event(store: &Store, intent: &Intent) {
    let own = store.events.values().rev();
    let mut own = own.filter(|event| event.intent_id == Some(intent.id.0));
    let last = own.find(|event| event.event_type.as_str().starts_with("payment_intent."));
    let last = last.map_or("", |event| event.event_type.as_str());
    let told: &[&str] = match intent.state {
        State::RequiresPayment => &["payment_intent.created", "payment_intent.payment_failed"],
        State::Processing(..) => &["payment_intent.processing"],
        State::RequiresAction(_) => &["payment_intent.requires_action"],
        State::RequiresCapture => &[
            "payment_intent.requires_capture",
            "payment_intent.payment_failed",
        ],
        State::Succeeded => &["payment_intent.succeeded"],
        State::Canceled(_) => &["payment_intent.canceled"],
        State::Expired => &["payment_intent.expired"],
    };
    let (id, state) = (intent.id, intent.state);
    assert!(
        told.contains(&last),
        "{id} in {state:?} was last told as {last:?}"
    );
}

pub fn completed_links(store: &Store) -> usize {
    let links = store.links.values();
    links
        .filter(|link| link.status == LinkStatus::Completed)
        .count()
}

pub fn paid(store: &Store) -> usize {
    let intents = store.intents.values();
    intents
        .filter(|intent| intent.state == State::Succeeded)
        .count()
}

/// Every endpoint has one secret that does not expire: its newest.
fn check_secrets(store: &Store) {
    for (merchant, id) in store.endpoints.keys() {
        let own = store.secrets.values();
        let own = own.filter(|s| (s.merchant, s.endpoint) == (*merchant, *id));
        let own: Vec<_> = own.collect();
        // The watchers were there before all else, without one.
        let Some(newest) = own.iter().max_by_key(|secret| secret.number) else {
            continue;
        };
        let lasting = own.iter().filter(|secret| secret.expires_at.is_none());
        assert_eq!(lasting.count(), 1);
        assert_eq!(newest.expires_at, None);
    }
}
