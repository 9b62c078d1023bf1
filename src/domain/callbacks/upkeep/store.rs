//! SQL of the upkeep: small steps that wait for nobody.

use crate::base::db::Pool;
use crate::{
    base::ids::{EndpointId, MerchantId, first_id},
    domain::callbacks::EndpointStatus,
};
use time::OffsetDateTime;

/// How far the time in an id may be from the time of its row: the one is a process's, the other
/// Postgres'.
const MARGIN: time::Duration = time::Duration::minutes(1);

/// Rows that one step moves.
const STEP: i64 = 1000;

/// Holds what is due to an endpoint that is disabled, lets go in order what was held for one that
/// is enabled again, and cancels what is due to one that is deleted. How many deliveries were moved;
/// where it is not none there may be more.
pub async fn settle(
    pool: &Pool,
    (merchant, endpoint): (MerchantId, EndpointId),
    now: OffsetDateTime,
) -> Result<u64, sqlx::Error> {
    let status = sqlx::query_scalar!(
        "-- upkeep.endpoint_status
        SELECT status FROM callback_endpoints
        WHERE merchant_id = $1 AND id = $2 AND deleted_at IS NULL",
        merchant.0,
        endpoint.0,
    );
    if let Some(status) = status.fetch_optional(pool).await? {
        // What a newer version says of it is not ours to act on.
        let status = status.parse::<EndpointStatus>();
        status.map_err(|unknown| sqlx::Error::Decode(unknown.into()))?;
    }
    let hold = sqlx::query!(
        "-- upkeep.hold
        WITH due AS MATERIALIZED (
            SELECT d.row, CASE WHEN e.deleted_at IS NULL THEN 'held' ELSE 'canceled' END AS status
            FROM callback_endpoints e CROSS JOIN LATERAL (
                SELECT x.ctid AS row FROM deliveries x
                WHERE x.endpoint_id = e.id AND x.status = 'pending'
                    AND (x.lease_id IS NULL OR x.due_at <= $3)
                LIMIT $4 FOR UPDATE SKIP LOCKED
            ) d
            WHERE e.merchant_id = $1 AND e.id = $2
                AND (e.status = 'disabled' OR e.deleted_at IS NOT NULL)
        )
        UPDATE deliveries u SET status = due.status, lease_id = NULL, updated_at = $3
        FROM due WHERE u.ctid = due.row",
        merchant.0,
        endpoint.0,
        now,
        STEP,
    );
    let moved = hold.execute(pool).await?.rows_affected();
    let let_go = sqlx::query!(
        "-- upkeep.free
        WITH due AS MATERIALIZED (
            SELECT d.row, CASE WHEN e.deleted_at IS NULL THEN 'pending' ELSE 'canceled' END
                AS status
            FROM callback_endpoints e CROSS JOIN LATERAL (
                SELECT x.ctid AS row FROM deliveries x
                WHERE x.endpoint_id = e.id AND x.status = 'held'
                ORDER BY x.event_sequence LIMIT $4 FOR UPDATE SKIP LOCKED
            ) d
            WHERE e.merchant_id = $1 AND e.id = $2
                AND (e.status = 'enabled' OR e.deleted_at IS NOT NULL)
        )
        UPDATE deliveries u SET status = due.status, due_at = $3, failures = 0,
            failing_since = NULL, updated_at = $3
        FROM due WHERE u.ctid = due.row",
        merchant.0,
        endpoint.0,
        now,
        STEP,
    );
    let released = let_go.execute(pool).await?.rows_affected();
    Ok(moved + released)
}

/// Forgets deliveries that nothing has happened to since `before`, with their attempts, but for those
/// that are still to be sent; and replays and secrets that ended before. How many deliveries went;
/// where it is not none there may be more.
pub async fn forget(pool: &Pool, before: OffsetDateTime) -> Result<u64, sqlx::Error> {
    let forget = sqlx::query!(
        "-- upkeep.forget
        WITH RECURSIVE owner (merchant_id) AS (
            (SELECT merchant_id FROM deliveries ORDER BY merchant_id LIMIT 1)
            UNION ALL
            SELECT n.merchant_id FROM owner o CROSS JOIN LATERAL (
                SELECT d.merchant_id FROM deliveries d
                WHERE d.merchant_id > o.merchant_id ORDER BY d.merchant_id LIMIT 1
            ) n
        ), old AS MATERIALIZED (
            -- Ids are in the order of time, so what is old comes first of each merchant's.
            SELECT d.row, d.merchant_id, d.id FROM owner o CROSS JOIN LATERAL (
                SELECT x.ctid AS row, x.merchant_id, x.id FROM deliveries x
                WHERE x.merchant_id = o.merchant_id AND x.id < $3
                    AND x.created_at < $1 AND x.updated_at < $1 AND x.status <> 'pending'
                ORDER BY x.id LIMIT $2 FOR UPDATE SKIP LOCKED
            ) d LIMIT $2
        ), attempts AS (
            DELETE FROM delivery_attempts a USING old
            WHERE a.merchant_id = old.merchant_id AND a.delivery_id = old.id
        )
        DELETE FROM deliveries d USING old WHERE d.ctid = old.row",
        before,
        STEP,
        first_id(before + MARGIN),
    );
    let forgotten = forget.execute(pool).await?.rows_affected();
    let replays = sqlx::query!(
        "-- upkeep.forget_replays
        DELETE FROM replays WHERE updated_at < $1 AND status <> 'running'",
        before
    );
    replays.execute(pool).await?;
    let secrets = sqlx::query!(
        "-- upkeep.forget_secrets
        DELETE FROM endpoint_secrets WHERE expires_at < $1",
        before
    );
    secrets.execute(pool).await?;
    Ok(forgotten)
}
