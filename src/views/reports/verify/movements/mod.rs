//! Movements beside the journal: each has its entry, each entry of a movement has its cause, and what
//! is in suspense is what has not been resolved.

mod store;

use super::{Fault, Faults};
use crate::base::ids::{EntryId, MerchantId, MovementId};
use sqlx::PgConnection;
use uuid::Uuid;

/// Checks the movements of one merchant or of all.
pub(super) async fn check(
    db: &mut PgConnection,
    only: Option<Uuid>,
    faults: &mut Faults,
) -> Result<(), sqlx::Error> {
    let rows = store::movements(db, only).await?;
    faults.extend(rows.iter().map(movement));
    let rows = store::strange_entries(db, only).await?;
    faults.extend(rows.iter().map(strange));
    let rows = store::suspense(db, only).await?;
    faults.extend(rows.iter().map(suspense));
    Ok(())
}

fn movement(row: &store::BookedMovement) -> Fault {
    let entry = EntryId(row.entry_id);
    let problem = match (row.is_booked, row.has_intent) {
        (false, _) => format!("its journal entry {entry} should be there, and is missing"),
        (true, false) => "its payment intent should be there, and is missing".to_owned(),
        (true, true) => format!(
            "its journal entry {entry} should move its amount between suspense and another account, and does not"
        ),
    };
    let object = format!("movement {}", MovementId(row.movement_id));
    Fault::new(MerchantId(row.merchant_id), object, problem)
}

fn strange(row: &store::StrangeEntry) -> Fault {
    let object = format!("journal entry {}", row.sequence);
    let problem = "its movement should be there, and is missing".to_owned();
    Fault::new(MerchantId(row.merchant_id), object, problem)
}

fn suspense(row: &store::Suspense) -> Fault {
    let (held, open, currency) = (&row.held, &row.open, &row.currency);
    let object = format!("account suspense in {currency}");
    let problem = format!(
        "should hold {open} minor units by its movements that are not resolved, found {held}"
    );
    Fault::new(MerchantId(row.merchant_id), object, problem)
}
