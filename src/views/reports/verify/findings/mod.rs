//! What must agree with the journal beside payments: postings, old attempts, links, and owners of
//! all.

mod store;

use super::{Fault, Faults};
use crate::{
    base::{
        ids::{AttemptId, DeliveryId, EndpointId, EventId, IntentId, LinkId, MerchantId, RefundId},
        timestamp,
    },
    views::reports::store::find_entry,
};
use sqlx::PgConnection;
use uuid::Uuid;

/// Postings that do not belong where they stand: they explain what is wrong with their entries.
pub(super) async fn check_postings(
    db: &mut PgConnection,
    only: Option<Uuid>,
    faults: &mut Faults,
) -> Result<(), sqlx::Error> {
    let rows = store::stray_postings(db, only).await?;
    faults.extend(rows.iter().map(stray_posting));
    Ok(())
}

/// Entries that were answered with must be there, as long as the answers are kept: of those that
/// were booked by hand nothing else tells.
async fn check_answers(
    db: &mut PgConnection,
    only: Option<Uuid>,
    faults: &mut Faults,
) -> Result<(), sqlx::Error> {
    let mut after = (Uuid::nil(), String::new());
    loop {
        let page = store::answered_entries(db, only, (after.0, &after.1)).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = (last.merchant_id, last.key.clone());
        for row in page {
            let merchant = MerchantId(row.merchant_id);
            let place = match row.entry.parse() {
                Ok(id) => find_entry(db, merchant, id).await?,
                Err(_) => None,
            };
            if place.is_none() {
                let (entry, key) = (&row.entry, &row.key);
                let problem = format!(
                    "should be there, as the answer under the idempotency key {key:?} says, and is missing"
                );
                faults.add(Fault::new(
                    merchant,
                    format!("journal entry {entry}"),
                    problem,
                ));
            }
        }
    }
}

/// Checks old attempts, links, owners and answers, of one merchant or of all.
pub(super) async fn check(
    db: &mut PgConnection,
    only: Option<Uuid>,
    faults: &mut Faults,
) -> Result<(), sqlx::Error> {
    let rows = store::old_attempts(db, only).await?;
    faults.extend(rows.iter().map(old_attempt));
    let rows = store::link_counts(db, only).await?;
    faults.extend(rows.iter().map(link_counts));
    let rows = store::payment_orphans(db, only).await?;
    faults.extend(rows.iter().map(orphan));
    let rows = store::event_orphans(db, only).await?;
    faults.extend(rows.iter().map(orphan));
    let rows = store::merchant_orphans(db, only).await?;
    faults.extend(rows.iter().map(orphan));
    check_answers(db, only, faults).await
}

fn fault(merchant: Uuid, object: String, problem: impl Into<String>) -> Fault {
    Fault::new(MerchantId(merchant), object, problem)
}

fn stray_posting(row: &store::StrayPosting) -> Fault {
    let object = format!(
        "posting {} of journal entry {}",
        row.line, row.entry_sequence
    );
    let problem = if row.entry_exists {
        "booked_at should be that of its journal entry, and differs"
    } else {
        "its journal entry should be there, and is missing"
    };
    fault(row.merchant_id, object, problem)
}

fn link_counts(row: &store::LinkCounts) -> Fault {
    let object = format!("payment link {}", LinkId(row.link_id));
    let problem = if row.succeeded == i64::from(row.payments_count) {
        let (expected, found) = (row.open, row.payments_open);
        format!("payments_open should be {expected} by its open payment intents, found {found}")
    } else {
        let (expected, found) = (row.succeeded, row.payments_count);
        format!(
            "payments_count should be {expected} by its payment intents that succeeded, found {found}"
        )
    };
    fault(row.merchant_id, object, problem)
}

fn orphan(row: &store::Orphan) -> Fault {
    let object = name(&row.kind, row.id, row.number);
    let owner = name(&row.owner, row.owner_id, None);
    let problem = match (row.number, row.owner.as_str()) {
        (Some(_), "books") => "the merchant's books should reach it, and end before it".to_owned(),
        _ => format!("its owner should be there, and is missing: {owner}"),
    };
    fault(row.merchant_id, object, problem)
}

/// A row in words: what it is, which number, which id.
fn name(table: &str, id: Option<Uuid>, number: Option<i64>) -> String {
    let (word, print): (&str, fn(Uuid) -> String) = match table {
        "payment_intents" => ("payment intent", |id| IntentId(id).to_string()),
        "payment_links" => ("payment link", |id| LinkId(id).to_string()),
        "attempts" => ("attempt", |id| AttemptId(id).to_string()),
        "refunds" => ("refund", |id| RefundId(id).to_string()),
        "events" => ("event", |id| EventId(id).to_string()),
        "deliveries" => ("delivery", |id| DeliveryId(id).to_string()),
        "callback_endpoints" => ("callback endpoint", |id| EndpointId(id).to_string()),
        "link_tokens" => ("link token", |id| id.to_string()),
        "delivery_attempts" => ("delivery attempt", |id| id.to_string()),
        "journal_entries" => ("journal entry", |id| id.to_string()),
        other => (other, |id| id.to_string()),
    };
    let number = number.map(|n| format!(" {n}")).unwrap_or_default();
    let id = id.map(|id| format!(" {}", print(id))).unwrap_or_default();
    format!("{word}{number}{id}")
}

fn old_attempt(row: &store::OldAttempt) -> Fault {
    let (status, created) = (&row.status, timestamp::format(row.created_at));
    let problem = format!(
        "should be finished long since, and is {status} since {created}; see the log for why it is put off"
    );
    let object = format!("attempt {}", AttemptId(row.attempt_id));
    Fault::new(MerchantId(row.merchant_id), object, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orphan_names_itself_and_its_owner() {
        let row = |kind: &str, number, owner: &str| store::Orphan {
            merchant_id: Uuid::nil(),
            kind: kind.into(),
            id: Some(Uuid::nil()),
            number,
            owner: owner.into(),
            owner_id: Some(Uuid::nil()),
        };
        let attempt = orphan(&row("attempts", None, "payment_intents"));
        assert!(attempt.object.starts_with("attempt pa_"), "{attempt}");
        assert!(
            attempt.problem.contains("missing: payment intent pi_"),
            "{attempt}"
        );
        let entry = orphan(&row("journal_entries", Some(7), "books"));
        assert!(entry.to_string().contains("journal entry 7"), "{entry}");
    }
}
