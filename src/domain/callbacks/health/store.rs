//! SQL of endpoints' health. Only endpoints that stand otherwise than before cost anything.

use super::{Health, Report};
use crate::base::db::Pool;
use crate::base::ids::{EndpointId, MerchantId};
use sqlx::PgConnection;
use std::collections::HashMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// An endpoint whose attempts have ended.
#[derive(Clone, Debug)]
pub struct Noted {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// What came of the last of them that failed, if any did.
    pub last_error: Option<String>,
}

/// Writes down how endpoints stand now. `change` makes that of how one stood before (`None`: as
/// far as is known, well), which may be otherwise than when it was last seen; gives the results.
/// What was known from before an endpoint itself was last changed counts no more.
#[expect(
    clippy::as_conversions,
    reason = "`query!` has no other way to be told that an array's elements may be null"
)]
pub async fn note(
    pool: &Pool,
    endpoints: &[Noted],
    now: OffsetDateTime,
    change: impl Fn(EndpointId, Option<Health>) -> Health,
) -> Result<Vec<(EndpointId, Health)>, sqlx::Error> {
    pool.again(|| async {
        let merchants: Vec<Uuid> = endpoints.iter().map(|e| e.merchant.0).collect();
        let ids: Vec<Uuid> = endpoints.iter().map(|e| e.endpoint.0).collect();
        let mut db = pool.begin().await?;
        let known = lock(&mut db, &merchants, &ids).await?;
        let health: Vec<Health> = endpoints
            .iter()
            .map(|e| change(e.endpoint, known.get(&e.endpoint.0).copied()))
            .collect();
        let limits: Vec<i32> = health.iter().map(|h| h.in_flight_limit).collect();
        let failures: Vec<i32> = health.iter().map(|h| h.failures).collect();
        let failing: Vec<Option<OffsetDateTime>> = health.iter().map(|h| h.failing_since).collect();
        let until: Vec<Option<OffsetDateTime>> = health.iter().map(|h| h.paused_until).collect();
        let pauses: Vec<i32> = health.iter().map(|h| h.pauses).collect();
        let errors: Vec<Option<&str>> = endpoints.iter().map(|e| e.last_error.as_deref()).collect();
        let save = sqlx::query!(
            "-- health.save
        INSERT INTO endpoint_health (merchant_id, endpoint_id, in_flight_limit, failures,
            failing_since, paused_until, pauses, last_error, updated_at)
        SELECT u.merchant_id, u.endpoint_id, u.in_flight_limit, u.failures, u.failing_since,
            u.paused_until, u.pauses, CASE WHEN u.failures > 0 THEN u.last_error END, $9
        FROM UNNEST($1::uuid[], $2::uuid[], $3::integer[], $4::integer[],
            $5::timestamptz[], $6::timestamptz[], $7::integer[], $8::text[])
            AS u (merchant_id, endpoint_id, in_flight_limit, failures, failing_since,
                paused_until, pauses, last_error)
        ORDER BY u.endpoint_id
        ON CONFLICT (merchant_id, endpoint_id) DO UPDATE SET
            in_flight_limit = excluded.in_flight_limit, failures = excluded.failures,
            failing_since = excluded.failing_since, paused_until = excluded.paused_until,
            pauses = excluded.pauses, updated_at = excluded.updated_at,
            last_error = CASE WHEN excluded.failures > 0
                THEN coalesce(excluded.last_error, endpoint_health.last_error) END",
            &merchants,
            &ids,
            &limits,
            &failures,
            &failing as &[Option<OffsetDateTime>],
            &until as &[Option<OffsetDateTime>],
            &pauses,
            &errors as &[Option<&str>],
            now,
        );
        save.execute(&mut *db).await?;
        db.commit().await?;
        Ok(endpoints.iter().map(|e| e.endpoint).zip(health).collect())
    })
    .await
}

/// How endpoints stood before, locked until the end of the transaction.
async fn lock(
    db: &mut PgConnection,
    merchants: &[Uuid],
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Health>, sqlx::Error> {
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
        merchants,
        ids,
    );
    let known = known.fetch_all(db).await?.into_iter().map(|row| {
        let health = Health {
            in_flight_limit: row.in_flight_limit,
            failures: row.failures,
            failing_since: row.failing_since,
            paused_until: row.paused_until,
            pauses: row.pauses,
        };
        (row.endpoint_id, health)
    });
    Ok(known.collect())
}

/// What is known of a merchant's endpoints, but for those of which nothing was heard since they
/// were last changed.
pub async fn reports(
    pool: &Pool,
    merchant: MerchantId,
) -> Result<HashMap<EndpointId, Report>, sqlx::Error> {
    let rows = sqlx::query!(
        "-- health.reports
        SELECT h.endpoint_id, h.failing_since, h.paused_until, h.last_error
        FROM callback_endpoints c CROSS JOIN LATERAL (
            SELECT x.endpoint_id, x.failing_since, x.paused_until, x.last_error
            FROM endpoint_health x
            WHERE x.merchant_id = c.merchant_id AND x.endpoint_id = c.id
                AND x.updated_at >= c.updated_at LIMIT 1
        ) h
        WHERE c.merchant_id = $1 AND c.deleted_at IS NULL",
        merchant.0
    );
    let reports = rows.fetch_all(pool).await?.into_iter().map(|row| {
        let report = Report {
            failing_since: row.failing_since,
            paused_until: row.paused_until,
            last_error: row.last_error,
        };
        (EndpointId(row.endpoint_id), report)
    });
    Ok(reports.collect())
}
