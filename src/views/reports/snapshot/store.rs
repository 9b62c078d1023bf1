//! SQL of snapshots.

use sqlx::{PgPool, Postgres, Transaction};

/// One still picture of the database for as long as the transaction is held: what is written
/// meanwhile is not seen, and nobody waits. A reader that stalls for ten minutes loses it, so
/// that a forgotten download does not hold back the cleaning of dead rows.
pub async fn snapshot(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
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
