//! Whether payment intents have the status that they were brought to: by their last event, by the
//! attempt that they wait for, and by what was voided.

mod store;

use super::{Fault, Faults, money};
use crate::base::ids::{IntentId, MerchantId};
use sqlx::PgConnection;
use uuid::Uuid;

/// Checks the payment intents of one merchant or of all.
pub(super) async fn check(
    db: &mut PgConnection,
    only: Option<Uuid>,
    faults: &mut Faults,
) -> Result<(), sqlx::Error> {
    let rows = store::intents(db, only).await?;
    faults.extend(rows.iter().map(fault));
    Ok(())
}

fn fault(row: &store::Course) -> Fault {
    let (status, currency) = (&row.status, &row.currency);
    let problem = if row.is_untold {
        let last = row.last_event.as_deref().unwrap_or("none");
        format!("its status is {status}, and its last event is {last}")
    } else if row.waits_otherwise {
        let attempt = row.open.as_deref().unwrap_or_default();
        format!("its status is {status}, and the attempt that it waits for is {attempt}")
    } else if row.failed != row.failures_told {
        let (failed, told) = (row.failed, row.failures_told);
        format!("{failed} of its attempts failed, and events tell of {told}")
    } else {
        let (charged, voided) = (money(row.charged, currency), money(row.voided, currency));
        format!("{status}, and of {charged} that its charges took or hold {voided} was let go")
    };
    let object = format!("payment intent {}", IntentId(row.intent_id));
    Fault::new(MerchantId(row.merchant_id), object, problem)
}
