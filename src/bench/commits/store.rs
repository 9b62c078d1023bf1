//! SQL of the commit that every figure is printed beside.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// Commits one small row: a key of a merchant that does not exist.
pub(super) async fn commit_one_row(
    db: &mut PgConnection,
    merchant: Uuid,
    (number, now): (u64, OffsetDateTime),
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query!(
        "-- bench.commit_one_row
        INSERT INTO idempotency_keys (merchant_id, key, fingerprint, created_at) VALUES ($1, $2,
            $3, $4)",
        merchant,
        number.to_string(),
        &[0; 32][..],
        now
    );
    insert.execute(db).await.map(drop)
}
