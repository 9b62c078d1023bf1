//! Sealed secrets in Postgres.

use super::StoredSecret;
use crate::base::ids::{EndpointId, MerchantId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// All secrets of these endpoints, those that have expired too.
pub async fn load(
    db: &mut PgConnection,
    endpoints: &[(MerchantId, EndpointId)],
) -> Result<Vec<StoredSecret>, sqlx::Error> {
    let merchants: Vec<Uuid> = endpoints.iter().map(|(merchant, _)| merchant.0).collect();
    let ids: Vec<Uuid> = endpoints.iter().map(|(_, id)| id.0).collect();
    let rows = sqlx::query!(
        r#"-- secrets.load
        SELECT s.merchant_id, s.endpoint_id, s.number, s.sealed, s.created_at, s.expires_at
        FROM UNNEST($1::uuid[], $2::uuid[]) AS u (merchant_id, endpoint_id)
        JOIN endpoint_secrets s
            ON s.merchant_id = u.merchant_id AND s.endpoint_id = u.endpoint_id"#,
        &merchants,
        &ids,
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    Ok(rows
        .map(|row| StoredSecret {
            merchant: MerchantId(row.merchant_id),
            endpoint: EndpointId(row.endpoint_id),
            number: row.number,
            sealed: row.sealed,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
        .collect())
}

/// Stores secrets that are new, and when those that they replace expire.
#[expect(
    clippy::as_conversions,
    reason = "`query!` has no other way to be told that an array's elements may be null"
)]
pub async fn upsert(db: &mut PgConnection, secrets: &[&StoredSecret]) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = secrets.iter().map(|s| s.merchant.0).collect();
    let endpoints: Vec<Uuid> = secrets.iter().map(|s| s.endpoint.0).collect();
    let numbers: Vec<i32> = secrets.iter().map(|s| s.number).collect();
    let sealed: Vec<&[u8]> = secrets.iter().map(|s| s.sealed.as_slice()).collect();
    let created_at: Vec<OffsetDateTime> = secrets.iter().map(|s| s.created_at).collect();
    let expires_at: Vec<Option<OffsetDateTime>> = secrets.iter().map(|s| s.expires_at).collect();
    let upsert = sqlx::query!(
        "-- secrets.upsert
        INSERT INTO endpoint_secrets (merchant_id, endpoint_id, number, sealed, created_at,
            expires_at)
        SELECT UNNEST($1::uuid[]), UNNEST($2::uuid[]), UNNEST($3::integer[]), UNNEST($4::bytea[]),
            UNNEST($5::timestamptz[]), UNNEST($6::timestamptz[])
        ON CONFLICT (merchant_id, endpoint_id, number) DO UPDATE
            SET expires_at = excluded.expires_at",
        &merchants,
        &endpoints,
        &numbers,
        &sealed as &[&[u8]],
        &created_at,
        &expires_at as &[Option<OffsetDateTime>],
    );
    upsert.execute(db).await.map(drop)
}

/// The next secrets after this one, in the order of their keys.
pub async fn following(
    db: &mut PgConnection,
    after: Option<&StoredSecret>,
    limit: i64,
) -> Result<Vec<StoredSecret>, sqlx::Error> {
    let after = after.map(|secret| (secret.merchant.0, secret.endpoint.0, secret.number));
    let (merchant, endpoint, number) = after.unwrap_or_default();
    let rows = sqlx::query!(
        "-- secrets.following
        SELECT merchant_id, endpoint_id, number, sealed, created_at, expires_at
        FROM endpoint_secrets
        WHERE (merchant_id, endpoint_id, number) > ($1, $2, $3)
        ORDER BY merchant_id, endpoint_id, number
        LIMIT $4",
        merchant,
        endpoint,
        number,
        limit
    );
    let rows = rows.fetch_all(db).await?;
    let read = rows.into_iter().map(|row| StoredSecret {
        merchant: MerchantId(row.merchant_id),
        endpoint: EndpointId(row.endpoint_id),
        number: row.number,
        sealed: row.sealed,
        created_at: row.created_at,
        expires_at: row.expires_at,
    });
    Ok(read.collect())
}

/// Writes the sealed bytes of secrets that are there.
pub async fn replace(db: &mut PgConnection, secrets: &[StoredSecret]) -> Result<(), sqlx::Error> {
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
