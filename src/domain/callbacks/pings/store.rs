//! SQL of pings: a column of their endpoints.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

use super::Pings;
use crate::base::{
    db::all_written,
    ids::{EndpointId, MerchantId},
    quota::Used,
};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// Loads the pings of the endpoints named.
pub async fn load(
    db: &mut PgConnection,
    names: &[(MerchantId, EndpointId)],
) -> Result<Vec<Pings>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|n| n.0.0).collect();
    let ids: Vec<Uuid> = names.iter().map(|n| n.1.0).collect();
    let rows = sqlx::query!(
        "-- pings.load
        SELECT e.merchant_id, e.id, e.pings_used_up_until
        FROM (SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id) u
        CROSS JOIN LATERAL (
            SELECT f.merchant_id, f.id, f.pings_used_up_until FROM callback_endpoints f
            WHERE f.merchant_id = u.merchant_id AND f.id = u.id
            LIMIT 1
        ) e",
        &merchants,
        &ids
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    let pings = rows.map(|row| Pings {
        merchant: MerchantId(row.merchant_id),
        endpoint: EndpointId(row.id),
        used: Used::stored(row.pings_used_up_until),
    });
    Ok(pings.collect())
}

/// Stores what changed.
pub async fn update(db: &mut PgConnection, pings: &[&Pings]) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = pings.iter().map(|p| p.merchant.0).collect();
    let ids: Vec<Uuid> = pings.iter().map(|p| p.endpoint.0).collect();
    let used: Vec<Option<OffsetDateTime>> = pings.iter().map(|p| p.used.store()).collect();
    let update = sqlx::query!(
        "-- pings.update
        UPDATE callback_endpoints e SET pings_used_up_until = u.used
        FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[]) AS u (merchant_id, id, used)
        WHERE e.merchant_id = u.merchant_id AND e.id = u.id",
        &merchants,
        &ids,
        &used as &[Option<OffsetDateTime>]
    );
    all_written(update.execute(db).await?, pings.len())
}
