//! SQL of the upkeep: small steps that wait for nobody.

use crate::base::ids::first_id;
use sqlx::PgPool;
use time::OffsetDateTime;

/// How far the time in an id may be from the time of its row: the one is a process's, the other
/// Postgres'.
const MARGIN: time::Duration = time::Duration::minutes(1);

/// Rows that one step moves.
const STEP: i64 = 1000;

/// Holds what is owed to disabled endpoints, lets go in order what was held for those that are
/// enabled again, and cancels what is owed to deleted ones. How many deliveries were moved; where
/// it is not none there may be more.
pub async fn settle(pool: &PgPool, now: OffsetDateTime) -> Result<u64, sqlx::Error> {
    let hold = sqlx::query!(
        "-- upkeep.hold
        WITH RECURSIVE waiting (merchant_id, endpoint_id) AS (
            (SELECT merchant_id, endpoint_id FROM deliveries
            WHERE status = 'pending' ORDER BY endpoint_id LIMIT 1)
            UNION ALL
            SELECT n.merchant_id, n.endpoint_id FROM waiting w CROSS JOIN LATERAL (
                SELECT d.merchant_id, d.endpoint_id FROM deliveries d
                WHERE d.status = 'pending' AND d.endpoint_id > w.endpoint_id
                ORDER BY d.endpoint_id LIMIT 1
            ) n
        ), due AS MATERIALIZED (
            SELECT d.row, c.status
            FROM waiting w CROSS JOIN LATERAL (
                SELECT CASE WHEN e.deleted_at IS NULL THEN 'held' ELSE 'canceled' END AS status
                FROM callback_endpoints e
                WHERE e.merchant_id = w.merchant_id AND e.id = w.endpoint_id
                    AND (e.status = 'disabled' OR e.deleted_at IS NOT NULL) LIMIT 1
            ) c CROSS JOIN LATERAL (
                SELECT x.ctid AS row FROM deliveries x
                WHERE x.endpoint_id = w.endpoint_id AND x.status = 'pending'
                    AND (x.lease_id IS NULL OR x.due_at <= $1)
                LIMIT $2 FOR UPDATE SKIP LOCKED
            ) d LIMIT $2
        )
        UPDATE deliveries u SET status = due.status, lease_id = NULL, updated_at = $1
        FROM due WHERE u.ctid = due.row",
        now,
        STEP,
    );
    let moved = hold.execute(pool).await?.rows_affected();
    let let_go = sqlx::query!(
        "-- upkeep.free
        WITH RECURSIVE holding (merchant_id, endpoint_id) AS (
            (SELECT merchant_id, endpoint_id FROM deliveries
            WHERE status = 'held' ORDER BY endpoint_id LIMIT 1)
            UNION ALL
            SELECT n.merchant_id, n.endpoint_id FROM holding w CROSS JOIN LATERAL (
                SELECT d.merchant_id, d.endpoint_id FROM deliveries d
                WHERE d.status = 'held' AND d.endpoint_id > w.endpoint_id
                ORDER BY d.endpoint_id LIMIT 1
            ) n
        ), due AS MATERIALIZED (
            SELECT d.row, c.status
            FROM holding w CROSS JOIN LATERAL (
                SELECT CASE WHEN e.deleted_at IS NULL THEN 'pending' ELSE 'canceled' END AS status
                FROM callback_endpoints e
                WHERE e.merchant_id = w.merchant_id AND e.id = w.endpoint_id
                    AND (e.status = 'enabled' OR e.deleted_at IS NOT NULL) LIMIT 1
            ) c CROSS JOIN LATERAL (
                SELECT x.ctid AS row FROM deliveries x
                WHERE x.endpoint_id = w.endpoint_id AND x.status = 'held'
                ORDER BY x.event_sequence LIMIT $2 FOR UPDATE SKIP LOCKED
            ) d LIMIT $2
        )
        UPDATE deliveries u SET status = due.status, due_at = $1, failures = 0,
            failing_since = NULL, updated_at = $1
        FROM due WHERE u.ctid = due.row",
        now,
        STEP,
    );
    let released = let_go.execute(pool).await?.rows_affected();
    Ok(moved + released)
}

/// Forgets deliveries that nothing has happened to since `before`, with their tries, but for those
/// that are still to be sent; and replays and secrets that ended before. How many deliveries went;
/// where it is not none there may be more.
pub async fn forget(pool: &PgPool, before: OffsetDateTime) -> Result<u64, sqlx::Error> {
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
        ), tries AS (
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
