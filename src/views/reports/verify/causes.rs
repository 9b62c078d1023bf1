//! What caused each entry: the intent or refund that is its source, and the attempt that moved the
//! money, must be there and say the same.

use super::{
    Fault, Faults,
    store::{self, Cause},
};
use crate::{
    base::{
        ids::{AttemptId, MerchantId, RefundId},
        money::Money,
    },
    domain::ledger::JournalEntry,
};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// Checks a page of a merchant's entries.
pub(super) async fn check(
    db: &mut PgConnection,
    merchant: MerchantId,
    page: &[JournalEntry],
    faults: &mut Faults,
) -> Result<(), sqlx::Error> {
    let refunds: Vec<Uuid> = page.iter().filter_map(refund).map(|id| id.0).collect();
    let attempts: Vec<Uuid> = page.iter().filter_map(attempt).map(|id| id.0).collect();
    let causes = if refunds.is_empty() && attempts.is_empty() {
        HashMap::new()
    } else {
        store::causes(db, merchant, &refunds, &attempts).await?
    };
    for entry in page {
        let problem = source(entry, &causes).or_else(|| moved_by(entry, &causes));
        faults.extend(problem.map(|problem| Fault::of_entry(entry, problem)));
    }
    Ok(())
}

fn refund(entry: &JournalEntry) -> Option<RefundId> {
    entry.source.parse().ok()
}

fn attempt(entry: &JournalEntry) -> Option<AttemptId> {
    entry.origin.cause.as_deref()?.parse().ok()
}

/// What is wrong with the source of an entry.
fn source(entry: &JournalEntry, causes: &HashMap<Uuid, Cause>) -> Option<String> {
    let (kind, source) = (entry.kind.as_str(), entry.source.as_str());
    let intent = entry.origin.payment_intent;
    match kind {
        "capture" => {
            let expected = intent.map(|id| id.to_string()).unwrap_or_default();
            (source != expected).then(|| {
                format!("its source should be its payment intent {expected}, found {source}")
            })
        }
        "refund" | "reversal" => {
            let Some(id) = refund(entry) else {
                return Some(format!("its source should be a refund, found {source}"));
            };
            let Some(cause) = causes.get(&id.0) else {
                return Some(format!(
                    "its source {source} should be there, and is missing"
                ));
            };
            // That one had succeeded which came back, its attempt says.
            let moved = attempt(entry).and_then(|id| causes.get(&id.0));
            let came_back = moved.is_some_and(|moved| moved.status == "reversed");
            let is_told = came_back && cause.status == "failed";
            cause.differs(entry, source, is_told)
        }
        "adjustment" => {
            let expected = entry.id.to_string();
            (source != expected).then(|| format!("its source should be itself, found {source}"))
        }
        // What another version of the program books.
        _ => None,
    }
}

/// What is wrong with the attempt that moved an entry's money. Entries of hash version 1 keep none:
/// theirs are found by the sums of their intents.
fn moved_by(entry: &JournalEntry, causes: &HashMap<Uuid, Cause>) -> Option<String> {
    let moved = matches!(entry.kind.as_str(), "capture" | "refund" | "reversal");
    if entry.hash_version < 2 || !moved {
        return None;
    }
    let name = entry.origin.cause.as_deref().unwrap_or("null");
    let Some(id) = attempt(entry) else {
        return Some(format!("its cause should be an attempt, found {name}"));
    };
    let Some(cause) = causes.get(&id.0) else {
        return Some(format!("its cause {name} should be there, and is missing"));
    };
    cause.differs(entry, name, cause.status == "reversed")
}

impl Cause {
    /// Where the refund or attempt called `name` and its entry differ; one that `came_back` had succeeded
    /// before.
    fn differs(&self, entry: &JournalEntry, name: &str, came_back: bool) -> Option<String> {
        if Some(self.intent) != entry.origin.payment_intent.map(|id| id.0) {
            return Some(format!("{name} belongs to another payment intent"));
        }
        let fits = match self.kind.as_str() {
            "charge" | "capture" => entry.kind == "capture",
            _ => matches!(entry.kind.as_str(), "refund" | "reversal"),
        };
        if !fits {
            return Some(format!(
                "{name} is a {}, which books no {}",
                self.kind, entry.kind
            ));
        }
        let refund = self.refund.map(|id| RefundId(id).to_string());
        if refund.is_some_and(|refund| refund != entry.source) {
            return Some(format!("{name} belongs to another refund"));
        }
        let rails = (self.rail.as_deref(), entry.origin.rail.as_deref());
        if let (Some(asked), Some(booked)) = rails
            && asked != booked
        {
            return Some(format!(
                "{name} asked the rail {asked}, and {booked} is booked"
            ));
        }
        let has_succeeded = self.status == "succeeded" && entry.kind != "reversal";
        if !(has_succeeded || came_back) {
            return Some(format!(
                "{name} should have succeeded, and is {}",
                self.status
            ));
        }
        let booked = entry.postings.first()?.amount;
        let (amount, currency) = (self.amount, self.currency.parse().ok());
        if Some(booked.currency()) == currency && booked.minor() == amount {
            return None;
        }
        let found = currency.map_or_else(String::new, |currency| {
            format!("{} {currency}", Money::new(amount, currency))
        });
        let (booked, currency) = (booked, booked.currency());
        Some(format!(
            "{name} should be of {booked} {currency}, which is booked, and is of {found}"
        ))
    }
}
