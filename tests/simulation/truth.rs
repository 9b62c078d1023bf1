//! What must be true when all has come to an end: what the rail did is what is known of it, and the books
//! explain every cent.

use super::{
    rail::{ModelRail, is_at_the_rail},
    store::Store,
};
use std::collections::HashMap;
use threadpay::{
    base::{ids::MerchantId, money::Currency},
    domain::{
        intents::{Attempt, AttemptStatus, Intent, RefundStatus, State},
        ledger::Direction,
        movements::{Flow, MovementStatus},
        rails::RailAnswer,
    },
};

/// When all has come to an end nothing waits but what waits for a payer or a late outcome, and
/// what the rail did is what the books say.
pub fn check_end(store: &Store, rail: &ModelRail) {
    for (name, record) in &store.keys {
        assert!(record.answer.is_some(), "{name:?} never got its answer");
    }
    for refund in store.refunds.values() {
        assert_ne!(refund.status, RefundStatus::Pending, "{refund:?}");
    }
    for intent in store.intents.values() {
        if let State::Processing(id, _) = intent.state {
            let attempt = &store.attempts[&(intent.merchant, id)];
            let waits = attempt.status == AttemptStatus::Pending;
            assert!(waits, "{intent:?} waits for {attempt:?}");
        }
    }
    for attempt in store.attempts.values().filter(|a| is_at_the_rail(a)) {
        let intent = &store.intents[&(attempt.merchant, attempt.intent)];
        check_outcome(store, attempt, intent, rail.truth(attempt.id));
    }
    check_money(store, rail);
}

/// What the rail did with each call is what is known of it.
fn check_outcome(store: &Store, attempt: &Attempt, intent: &Intent, truth: Option<RailAnswer>) {
    use AttemptStatus::{Closed, Failed, Reversed, Succeeded};
    let open = match intent.state {
        State::Processing(id, _) | State::RequiresAction(id) => id == attempt.id,
        State::RequiresPayment
        | State::RequiresCapture
        | State::Succeeded
        | State::Canceled(_)
        | State::Expired => false,
    };
    let fits = match truth {
        Some(RailAnswer::Succeeded) => match attempt.status {
            Succeeded => true,
            // It paid for nothing: what it took stands apart, what it holds is let go.
            Failed | Closed => is_apart(store, attempt) || attempt.released_by.is_some(),
            AttemptStatus::Started
            | AttemptStatus::Unknown
            | AttemptStatus::Pending
            | AttemptStatus::RequiresAction
            | Reversed => false,
        },
        Some(RailAnswer::Declined(_)) => matches!(attempt.status, Failed | Closed | Reversed),
        Some(RailAnswer::Pending) => attempt.status == AttemptStatus::Pending,
        Some(RailAnswer::RequiresAction) => open,
        Some(RailAnswer::Unknown) | None => false,
    };
    assert!(fits, "the rail says {truth:?} of {attempt:?} of {intent:?}");
}

fn is_apart(store: &Store, attempt: &Attempt) -> bool {
    let mut movements = store.movements.values();
    movements.any(|movement| movement.attempt == Some(attempt.id) && movement.flow == Flow::In)
}

/// The books explain every cent: what they say that the rail owes is what it has, and what is in
/// suspense is what nobody has decided on.
fn check_money(store: &Store, rail: &ModelRail) {
    let mut open: HashMap<(MerchantId, Currency), i128> = HashMap::new();
    for movement in store.movements.values() {
        if movement.status() == MovementStatus::Unmatched {
            let name = (movement.merchant, movement.amount.currency());
            let minor = i128::from(movement.amount.minor());
            let sign = if movement.flow == Flow::In { 1 } else { -1 };
            *open.entry(name).or_default() += sign * minor;
        }
    }
    let holds = rail.holds(store);
    for (account, expected, normal) in [
        ("rail:sandbox:clearing", holds, Direction::Debit),
        ("suspense", open, Direction::Credit),
    ] {
        let mut booked: HashMap<(MerchantId, Currency), i128> = HashMap::new();
        let entries = store.entries.values();
        for entry in entries.filter(|entry| entry.kind != "adjustment") {
            for posting in entry.postings.iter().filter(|p| p.account == account) {
                let name = (entry.merchant, posting.amount.currency());
                let sign = if posting.direction == normal { 1 } else { -1 };
                let minor = i128::from(posting.amount.minor());
                *booked.entry(name).or_default() += sign * minor;
            }
        }
        let names = expected.keys().chain(booked.keys());
        for name in names {
            let (expected, booked) = (expected.get(name), booked.get(name));
            let none = 0;
            assert_eq!(
                booked.unwrap_or(&none),
                expected.unwrap_or(&none),
                "{account} of {name:?} as booked (left) and as it is"
            );
        }
    }
}
