//! SQL of endpoints' health. Only endpoints that stand otherwise than before cost anything.

use super::Health;
use crate::base::ids::{EndpointId, MerchantId};
use sqlx::PgPool;
use std::collections::HashMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// Writes down how endpoints stand now. `change` makes that of how one stood before (`None`: as
/// far as is known, well), which may be otherwise than when it was last seen; gives the results.
/// What was known from before an endpoint itself was last changed counts no more.
#[expect(
    clippy::as_conversions,
    reason = "`query!` has no other way to be told that an array's elements may be null"
)]
pub async fn note(
    pool: &PgPool,
    endpoints: &[(MerchantId, EndpointId)],
    now: OffsetDateTime,
    change: impl Fn(EndpointId, Option<Health>) -> Health,
) -> Result<Vec<(EndpointId, Health)>, sqlx::Error> {
    let merchants: Vec<Uuid> = endpoints.iter().map(|(merchant, _)| merchant.0).collect();
    let ids: Vec<Uuid> = endpoints.iter().map(|(_, id)| id.0).collect();
    let mut db = pool.begin().await?;
    let known = sqlx::query!(
        "-- health.lock
        SELECT h.endpoint_id, h.in_flight_limit, h.failures, h.failing_since, h.paused_until,
            h.pauses
        FROM UNNEST($1::uuid[], $2::uuid[]) AS u (merchant_id, endpoint_id)
        JOIN endpoint_health h
            ON h.merchant_id = u.merchant_id AND h.endpoint_id = u.endpoint_id
        JOIN callback_endpoints c ON c.merchant_id = h.merchant_id AND c.id = h.endpoint_id
        WHERE h.updated_at >= c.updated_at
        ORDER BY h.endpoint_id FOR UPDATE OF h",
        &merchants,
        &ids,
    );
    let known = known.fetch_all(&mut *db).await?.into_iter().map(|row| {
        let health = Health {
            in_flight_limit: row.in_flight_limit,
            failures: row.failures,
            failing_since: row.failing_since,
            paused_until: row.paused_until,
            pauses: row.pauses,
        };
        (row.endpoint_id, health)
    });
    let known: HashMap<Uuid, Health> = known.collect();
    let health: Vec<Health> = endpoints
        .iter()
        .map(|(_, id)| change(*id, known.get(&id.0).copied()))
        .collect();
    let limits: Vec<i32> = health.iter().map(|h| h.in_flight_limit).collect();
    let failures: Vec<i32> = health.iter().map(|h| h.failures).collect();
    let failing: Vec<Option<OffsetDateTime>> = health.iter().map(|h| h.failing_since).collect();
    let until: Vec<Option<OffsetDateTime>> = health.iter().map(|h| h.paused_until).collect();
    let pauses: Vec<i32> = health.iter().map(|h| h.pauses).collect();
    let save = sqlx::query!(
        "-- health.save
        INSERT INTO endpoint_health (merchant_id, endpoint_id, in_flight_limit, failures,
            failing_since, paused_until, pauses, updated_at)
        SELECT u.*, $8 FROM UNNEST($1::uuid[], $2::uuid[], $3::integer[], $4::integer[],
            $5::timestamptz[], $6::timestamptz[], $7::integer[])
            AS u (merchant_id, endpoint_id, in_flight_limit, failures, failing_since,
                paused_until, pauses)
        ORDER BY u.endpoint_id
        ON CONFLICT (merchant_id, endpoint_id) DO UPDATE SET
            in_flight_limit = excluded.in_flight_limit, failures = excluded.failures,
            failing_since = excluded.failing_since, paused_until = excluded.paused_until,
            pauses = excluded.pauses, updated_at = excluded.updated_at",
        &merchants,
        &ids,
        &limits,
        &failures,
        &failing as &[Option<OffsetDateTime>],
        &until as &[Option<OffsetDateTime>],
        &pauses,
        now,
    );
    save.execute(&mut *db).await?;
    db.commit().await?;
    Ok(endpoints.iter().map(|(_, id)| *id).zip(health).collect())
}
