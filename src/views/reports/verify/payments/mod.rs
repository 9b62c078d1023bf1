//! Payments beside what the journal, their refunds, their attempts and their events say of them.

mod course;
mod store;

use super::{Fault, Faults};
use crate::base::{
    ids::{IntentId, MerchantId, RefundId},
    money::Money,
};
use sqlx::PgConnection;
use uuid::Uuid;

/// Checks the payments of one merchant or of all.
pub(super) async fn check(
    db: &mut PgConnection,
    only: Option<Uuid>,
    faults: &mut Faults,
) -> Result<(), sqlx::Error> {
    let rows = store::intent_books(db, only).await?;
    faults.extend(rows.iter().map(intent_books));
    let rows = store::entry_origins(db, only).await?;
    faults.extend(rows.iter().map(entry_origin));
    let rows = store::intent_refunds(db, only).await?;
    faults.extend(rows.iter().map(intent_refunds));
    let rows = store::intent_attempts(db, only).await?;
    faults.extend(rows.iter().map(intent_attempts));
    let rows = store::refund_attempts(db, only).await?;
    faults.extend(rows.iter().map(refund_attempts));
    let rows = store::intent_events(db, only).await?;
    faults.extend(rows.iter().map(intent_events));
    course::check(db, only, faults).await
}

fn fault(merchant: Uuid, object: String, problem: String) -> Fault {
    Fault::new(MerchantId(merchant), object, problem)
}

/// An amount with its currency; in minor units if the currency is unknown.
fn money(minor: i64, currency: &str) -> String {
    let known = currency.parse().map(|c| Money::new(minor, c).to_string());
    let amount = known.unwrap_or_else(|_| format!("{minor} minor units of"));
    format!("{amount} {currency}")
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
    } else if row.doubled > 0 {
        "each of its journal entries should have a source of its own, and two have the same"
            .to_owned()
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

fn entry_origin(row: &store::EntryOrigin) -> Fault {
    let (field, sequence) = (&row.field, row.sequence);
    let problem = format!(
        "its {field} should be that of journal entry {sequence}, which was booked with it, and differs"
    );
    let object = format!("payment intent {}", IntentId(row.intent_id));
    fault(row.merchant_id, object, problem)
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

fn intent_attempts(row: &store::IntentAttempts) -> Fault {
    let (status, currency) = (row.status.as_str(), row.currency.as_str());
    let foreign = row
        .foreign
        .then(|| format!("its attempts should be in {currency}, found another currency"));
    let asked = row.asked.iter().find(|asked| **asked != row.amount);
    let asked = asked.map(|asked| {
        let (expected, found) = (money(*asked, currency), money(row.amount, currency));
        format!("its amount should be {expected}, which its attempt asked for, found {found}")
    });
    let sum = |name: &str, expected, found| {
        (expected != found).then(|| {
            let (expected, found) = (money(expected, currency), money(found, currency));
            format!("{name} should be {expected} by its attempts that succeeded, found {found}")
        })
    };
    let sums = [
        sum("amount_authorized", row.authorized, row.amount_authorized),
        sum("amount_captured", row.captured, row.amount_captured),
        sum("amount_refunded", row.refunded, row.amount_refunded),
    ];
    let waits = matches!(status, "processing" | "requires_action");
    let open = match row.open.as_deref() {
        None => waits.then(|| format!("{status}, so an attempt should be open, and none is")),
        Some(open) => (waits == matches!(open, "succeeded" | "failed" | "closed" | "reversed"))
            .then(|| format!("{status}, and the attempt that it waits for is {open}")),
    };
    let problems = [foreign, asked].into_iter().chain(sums).chain([open]);
    let problems: Vec<String> = problems.flatten().collect();
    let object = format!("payment intent {}", IntentId(row.intent_id));
    fault(row.merchant_id, object, problems.join("; "))
}

fn refund_attempts(row: &store::RefundAttempts) -> Fault {
    let status = &row.status;
    let problem = match row.asked {
        None => format!("{status}, and there is no attempt of it"),
        Some(asked) if asked != row.amount => {
            let currency = &row.currency;
            let (expected, found) = (money(row.amount, currency), money(asked, currency));
            format!("its attempt should be of {expected}, and is of {found}")
        }
        Some(_) => {
            let (succeeded, open) = (row.succeeded, row.open);
            format!("{status}, and {succeeded} of its attempts succeeded and {open} are open")
        }
    };
    let object = format!("refund {}", RefundId(row.refund_id));
    fault(row.merchant_id, object, problem)
}

fn intent_events(row: &store::IntentEvents) -> Fault {
    let (expected, status) = (i64::from(row.event_sequence), &row.status);
    let (count, places, last) = (row.count, row.places, row.last);
    let problem = if count != expected || places != expected || i64::from(last) != expected {
        format!(
            "its events should be 1 to {expected}, found {count} with {places} numbers, the last {last}"
        )
    } else if row.refunds == row.refunds_told {
        let ends = match row.ends.as_str() {
            "" => "none",
            ends => ends,
        };
        format!("its status is {status}, and of its end events tell: {ends}")
    } else {
        let words = |counts: &[i64]| {
            let counts = counts.iter().map(i64::to_string);
            counts.collect::<Vec<_>>().join(", ")
        };
        let (there, stated) = (words(&row.refunds), words(&row.refunds_told));
        format!("its refunds (all, succeeded, failed) are {there}, and events tell of {stated}")
    };
    let object = format!("payment intent {}", IntentId(row.intent_id));
    fault(row.merchant_id, object, problem)
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
            doubled: 0,
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
}
