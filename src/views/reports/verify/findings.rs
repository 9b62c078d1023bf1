//! What must agree with the journal: payments, refunds, links, events, and owners of all.

use super::{Fault, VerifyError, attempts, store};
use crate::base::{
    ids::{AttemptId, DeliveryId, EndpointId, EventId, IntentId, LinkId, MerchantId, RefundId},
    money::Money,
    timestamp,
};
use sqlx::PgConnection;
use uuid::Uuid;

/// Checks everything beside the journal itself, of one merchant or of all.
pub(super) async fn check(db: &mut PgConnection, only: Option<Uuid>) -> Result<(), VerifyError> {
    let row = store::stray_posting(db, only).await?;
    found(row.as_ref().map(stray_posting))?;
    let row = store::intent_books(db, only).await?;
    found(row.as_ref().map(intent_books))?;
    let row = store::intent_refunds(db, only).await?;
    found(row.as_ref().map(intent_refunds))?;
    let row = attempts::store::old_attempt(db, only).await?;
    found(row.as_ref().map(old_attempt))?;
    let row = store::link_counts(db, only).await?;
    found(row.as_ref().map(link_counts))?;
    let row = store::event_counts(db, only).await?;
    found(row.as_ref().map(event_counts))?;
    let row = store::payment_orphan(db, only).await?;
    found(row.as_ref().map(orphan))?;
    let row = store::event_orphan(db, only).await?;
    found(row.as_ref().map(orphan))?;
    let row = store::merchant_orphan(db, only).await?;
    found(row.as_ref().map(orphan))
}

fn found(fault: Option<Fault>) -> Result<(), VerifyError> {
    fault.map_or(Ok(()), |fault| Err(fault.into()))
}

fn fault(merchant: Uuid, object: String, problem: String) -> Fault {
    let merchant = MerchantId(merchant);
    Fault {
        merchant,
        object,
        problem,
    }
}

/// An amount with its currency; in minor units if the currency is unknown.
fn money(minor: i64, currency: &str) -> String {
    let known = currency.parse().map(|c| Money::new(minor, c).to_string());
    let amount = known.unwrap_or_else(|_| format!("{minor} minor units of"));
    format!("{amount} {currency}")
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
    fault(row.merchant_id, object, problem.to_owned())
}

fn intent_books(row: &store::IntentBooks) -> Fault {
    let object = format!("payment intent {}", IntentId(row.intent_id));
    let problem = intent_problem(row).unwrap_or_else(|| {
        "journal entries name it, but there is no such payment intent".to_owned()
    });
    fault(row.merchant_id, object, problem)
}

fn intent_problem(row: &store::IntentBooks) -> Option<String> {
    let (status, currency) = (row.status.as_ref()?, row.currency.as_ref()?);
    let (says_captured, says_refunded) = (row.amount_captured?, row.amount_refunded?);
    let expected = i64::from(status == "succeeded");
    Some(if row.foreign {
        format!("its journal entries should be in {currency}, found another currency")
    } else if row.captures != expected {
        let found = row.captures;
        format!("{status}, so it should have {expected} capture entries, found {found}")
    } else if row.captured != says_captured {
        let (expected, found) = (
            money(row.captured, currency),
            money(says_captured, currency),
        );
        format!("amount_captured should be {expected} by its capture entry, found {found}")
    } else {
        let (expected, found) = (
            money(row.refunded, currency),
            money(says_refunded, currency),
        );
        format!("amount_refunded should be {expected} by its refund entries, found {found}")
    })
}

fn intent_refunds(row: &store::IntentRefunds) -> Fault {
    let currency = &row.currency;
    let problem = if row.foreign {
        format!("its refunds should be in {currency}, found another currency")
    } else if row.succeeded != row.amount_refunded {
        let (expected, found) = (
            money(row.succeeded, currency),
            money(row.amount_refunded, currency),
        );
        format!("amount_refunded should be {expected} by its refunds that succeeded, found {found}")
    } else {
        let (expected, found) = (
            money(row.pending, currency),
            money(row.amount_refunding, currency),
        );
        format!(
            "amount_refunding should be {expected} by its refunds that are pending, found {found}"
        )
    };
    fault(
        row.merchant_id,
        format!("payment intent {}", IntentId(row.intent_id)),
        problem,
    )
}

fn old_attempt(row: &attempts::store::OldAttempt) -> Fault {
    let (status, created) = (&row.status, timestamp::format(row.created_at));
    let problem = format!(
        "should be finished long since, and is {status} since {created}; see the log for why it is put off"
    );
    fault(
        row.merchant_id,
        format!("attempt {}", AttemptId(row.attempt_id)),
        problem,
    )
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

fn event_counts(row: &store::EventCounts) -> Fault {
    let (expected, last, count) = (row.event_sequence, row.last, row.count);
    let problem = match row.missing {
        Some(missing) => {
            format!("should be 1 to {expected} without gaps, and {missing} is missing")
        }
        None => format!("should be 1 to {expected}, found {count}, the last of them {last}"),
    };
    fault(row.merchant_id, "events".to_owned(), problem)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(status: Option<&str>) -> store::IntentBooks {
        store::IntentBooks {
            merchant_id: Uuid::nil(),
            intent_id: Uuid::nil(),
            status: status.map(Into::into),
            currency: status.map(|_| "EUR".into()),
            amount_captured: status.map(|_| 1250),
            amount_refunded: status.map(|_| 0),
            captures: 1,
            captured: 1250,
            refunded: 0,
            foreign: false,
        }
    }

    #[test]
    fn a_payment_fault_says_expected_and_found() {
        let succeeded = || intent(Some("succeeded"));
        let cases = [
            (intent(None), "there is no such payment intent"),
            (
                store::IntentBooks {
                    foreign: true,
                    ..succeeded()
                },
                "should be in EUR",
            ),
            (
                store::IntentBooks {
                    captures: 2,
                    ..succeeded()
                },
                "should have 1 capture entries, found 2",
            ),
            (
                intent(Some("canceled")),
                "canceled, so it should have 0 capture entries, found 1",
            ),
            (
                store::IntentBooks {
                    captured: 1251,
                    ..succeeded()
                },
                "should be 12.51 EUR by its capture entry, found 12.50 EUR",
            ),
            (
                store::IntentBooks {
                    refunded: 50,
                    ..succeeded()
                },
                "should be 0.50 EUR by its refund entries, found 0.00 EUR",
            ),
        ];
        for (row, words) in cases {
            let fault = intent_books(&row).to_string();
            assert!(
                fault.starts_with("merchant mer_") && fault.contains("payment intent pi_"),
                "{fault}"
            );
            assert!(fault.contains(words), "{fault}");
        }
    }

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
