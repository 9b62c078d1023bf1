//! SQL of the endpoints that have something to be sent.

use crate::base::db::Pool;
use crate::base::ids::{EndpointId, MerchantId};
use time::{Duration, OffsetDateTime};

/// What is due so soon counts as waiting: longer than from one sweep to the next.
const SOON: Duration = Duration::seconds(4);

/// Says that an endpoint has something to be sent now.
pub async fn add(
    pool: &Pool,
    (merchant, endpoint): (MerchantId, EndpointId),
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query!(
        "-- waiting.add
        INSERT INTO waiting_endpoints (merchant_id, endpoint_id, at) VALUES ($1, $2, $3)
        ON CONFLICT (merchant_id, endpoint_id) DO UPDATE
            SET at = least(waiting_endpoints.at, excluded.at)",
        merchant.0,
        endpoint.0,
        now
    );
    insert.execute(pool).await.map(drop)
}

/// Adds the endpoints that are missing, and takes away those that have nothing to be sent soon: they
/// have nothing due, or only later, or are paused, disabled or deleted. Two statements, each of which
/// waits for nobody while it holds anything.
pub async fn sweep(pool: &Pool, now: OffsetDateTime) -> Result<(), sqlx::Error> {
    let soon = now + SOON;
    let insert = sqlx::query!(
        "-- waiting.sweep_in
        WITH RECURSIVE owed (merchant_id, endpoint_id, due_at) AS (
            (SELECT merchant_id, endpoint_id, due_at FROM deliveries
            WHERE status = 'pending' ORDER BY endpoint_id, due_at LIMIT 1)
            UNION ALL
            SELECT n.merchant_id, n.endpoint_id, n.due_at FROM owed o CROSS JOIN LATERAL (
                SELECT d.merchant_id, d.endpoint_id, d.due_at FROM deliveries d
                WHERE d.status = 'pending' AND d.endpoint_id > o.endpoint_id
                ORDER BY d.endpoint_id, d.due_at LIMIT 1
            ) n
        )
        INSERT INTO waiting_endpoints (merchant_id, endpoint_id, at)
        SELECT o.merchant_id, o.endpoint_id, greatest(o.due_at, h.paused_until)
        FROM owed o CROSS JOIN LATERAL (
            SELECT c.updated_at FROM callback_endpoints c
            WHERE c.merchant_id = o.merchant_id AND c.id = o.endpoint_id
                AND c.status = 'enabled' AND c.deleted_at IS NULL LIMIT 1
        ) e LEFT JOIN LATERAL (
            SELECT x.paused_until FROM endpoint_health x
            WHERE x.merchant_id = o.merchant_id AND x.endpoint_id = o.endpoint_id
                AND x.updated_at >= e.updated_at LIMIT 1
        ) h ON true
        WHERE o.due_at <= $1 AND coalesce(h.paused_until <= $1, true) AND NOT EXISTS (
            SELECT FROM waiting_endpoints w
            WHERE w.merchant_id = o.merchant_id AND w.endpoint_id = o.endpoint_id
                AND w.at <= greatest(o.due_at, h.paused_until))
        ORDER BY o.merchant_id, o.endpoint_id
        ON CONFLICT (merchant_id, endpoint_id) DO UPDATE
            SET at = least(waiting_endpoints.at, excluded.at)",
        soon
    );
    insert.execute(pool).await?;
    let delete = sqlx::query!(
        "-- waiting.sweep_out
        WITH idle AS MATERIALIZED (
            SELECT w.merchant_id, w.endpoint_id, w.at
            FROM waiting_endpoints w LEFT JOIN LATERAL (
                SELECT d.due_at FROM deliveries d
                WHERE d.endpoint_id = w.endpoint_id AND d.status = 'pending'
                ORDER BY d.due_at LIMIT 1
            ) d ON true LEFT JOIN LATERAL (
                SELECT c.updated_at FROM callback_endpoints c
                WHERE c.merchant_id = w.merchant_id AND c.id = w.endpoint_id
                    AND c.status = 'enabled' AND c.deleted_at IS NULL LIMIT 1
            ) e ON true LEFT JOIN LATERAL (
                SELECT x.paused_until FROM endpoint_health x
                WHERE x.merchant_id = w.merchant_id AND x.endpoint_id = w.endpoint_id
                    AND x.updated_at >= e.updated_at LIMIT 1
            ) h ON true
            WHERE d.due_at IS NULL OR e.updated_at IS NULL
                OR greatest(d.due_at, h.paused_until) > $1
            FOR UPDATE OF w SKIP LOCKED
        )
        DELETE FROM waiting_endpoints w USING idle i
        WHERE w.merchant_id = i.merchant_id AND w.endpoint_id = i.endpoint_id AND w.at = i.at",
        soon
    );
    delete.execute(pool).await.map(drop)
}
