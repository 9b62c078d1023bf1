//! SQL of snapshots.

use crate::base::db::Pool;
use crate::base::ids::MerchantId;
use sqlx::{PgConnection, Postgres, Transaction};
use time::OffsetDateTime;

/// One still picture of the database for as long as the transaction is held: what is written
/// meanwhile is not seen, and nobody waits. A reader that stalls for ten minutes loses it, so
/// that a forgotten download does not hold back the cleaning of dead rows.
pub async fn snapshot(pool: &Pool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let mut transaction = pool.begin_with(begin).await?;
    sqlx::query!(
        "-- reports.snapshot_timeout
        SET LOCAL idle_in_transaction_session_timeout = '10min'"
    )
    .execute(&mut *transaction)
    .await?;
    Ok(transaction)
}

/// Waits for those who are writing to the merchant's books at this moment, and gives a time by the
/// merchant's clock: nothing that is committed from now on is booked before it. The writer takes the time of a batch under
/// the same lock, so a later batch has a later time; what is read after this misses nothing earlier.
/// `None` if there are no such books.
pub async fn settled_until(
    db: &mut PgConnection,
    merchant: MerchantId,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    let now = sqlx::query_scalar!(
        r#"-- reports.settled_until
        SELECT clock_timestamp() + clock_offset * interval '1 second' AS "now!"
        FROM books WHERE merchant_id = $1 FOR SHARE"#,
        merchant.0
    );
    now.fetch_optional(db).await
}
