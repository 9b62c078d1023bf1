//! Sealed secrets in Postgres.

use super::SealedSecret;
use crate::ids::{EndpointId, MerchantId};
use sqlx::PgConnection;
use uuid::Uuid;

/// The next secrets after this one, in the order of their keys.
pub async fn following(
    db: &mut PgConnection,
    after: Option<&SealedSecret>,
    limit: i64,
) -> Result<Vec<SealedSecret>, sqlx::Error> {
    let after = after.map(|secret| (secret.merchant.0, secret.endpoint.0, secret.number));
    let (merchant, endpoint, number) = after.unwrap_or_default();
    let rows = sqlx::query!(
        "-- secrets.following
        SELECT merchant_id, endpoint_id, number, sealed FROM endpoint_secrets
        WHERE (merchant_id, endpoint_id, number) > ($1, $2, $3)
        ORDER BY merchant_id, endpoint_id, number
        LIMIT $4",
        merchant,
        endpoint,
        number,
        limit
    );
    let rows = rows.fetch_all(db).await?;
    let read = rows.into_iter().map(|row| SealedSecret {
        merchant: MerchantId(row.merchant_id),
        endpoint: EndpointId(row.endpoint_id),
        number: row.number,
        sealed: row.sealed,
    });
    Ok(read.collect())
}

/// Writes the sealed bytes of secrets that are there.
pub async fn replace(db: &mut PgConnection, secrets: &[SealedSecret]) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = secrets.iter().map(|s| s.merchant.0).collect();
    let endpoints: Vec<Uuid> = secrets.iter().map(|s| s.endpoint.0).collect();
    let numbers: Vec<i32> = secrets.iter().map(|s| s.number).collect();
    let sealed: Vec<Vec<u8>> = secrets.iter().map(|s| s.sealed.clone()).collect();
    let update = sqlx::query!(
        "-- secrets.replace
        UPDATE endpoint_secrets s SET sealed = new.sealed
        FROM UNNEST($1::uuid[], $2::uuid[], $3::integer[], $4::bytea[])
            AS new (merchant_id, endpoint_id, number, sealed)
        WHERE s.merchant_id = new.merchant_id AND s.endpoint_id = new.endpoint_id
            AND s.number = new.number",
        &merchants,
        &endpoints,
        &numbers,
        &sealed
    );
    update.execute(db).await.map(drop)
}
