//! SQL of replays: ordered in the transaction of their request, worked off in steps.

use super::{Replay, ReplayRange, ReplayStatus};
use crate::base::db::Pool;
use crate::{
    base::{
        ids::{EndpointId, MerchantId, ReplayId},
        names::Word,
    },
    domain::callbacks::EventFilter,
};
use sqlx::PgConnection;
use std::collections::HashMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// Stores new replays.
pub async fn insert(db: &mut PgConnection, replays: &[Replay]) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = replays.iter().map(|r| r.merchant.0).collect();
    let ids: Vec<Uuid> = replays.iter().map(|r| r.id.0).collect();
    let endpoints: Vec<Uuid> = replays.iter().map(|r| r.endpoint.0).collect();
    let retries: Vec<bool> = replays.iter().map(|r| r.retry).collect();
    let statuses: Vec<String> = replays.iter().map(|r| r.status.to_string()).collect();
    let after: Vec<i64> = replays.iter().map(|r| r.after).collect();
    let through: Vec<i64> = replays.iter().map(|r| r.through).collect();
    let created_at: Vec<OffsetDateTime> = replays.iter().map(|r| r.created_at).collect();
    let insert = sqlx::query!(
        "-- replays.insert
        INSERT INTO replays (merchant_id, id, endpoint_id, retry, status, after_sequence,
            through_sequence, position, created_at, updated_at)
        SELECT u.merchant_id, u.id, u.endpoint_id, u.retry, u.status, u.after, u.through, u.after,
            u.created_at, u.created_at
        FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[], $5::text[], $6::bigint[],
            $7::bigint[], $8::timestamptz[])
            AS u (merchant_id, id, endpoint_id, retry, status, after, through, created_at)",
        &merchants,
        &ids,
        &endpoints,
        &retries,
        &statuses,
        &after,
        &through,
        &created_at,
    );
    insert.execute(db).await.map(drop)
}

/// The replays that run for these endpoints, one for each that has any.
pub async fn running(
    db: &mut PgConnection,
    endpoints: &[(MerchantId, EndpointId)],
) -> Result<HashMap<(MerchantId, EndpointId), ReplayId>, sqlx::Error> {
    let merchants: Vec<Uuid> = endpoints.iter().map(|n| n.0.0).collect();
    let ids: Vec<Uuid> = endpoints.iter().map(|n| n.1.0).collect();
    let rows = sqlx::query!(
        "-- replays.running_for
        SELECT r.merchant_id, r.endpoint_id, r.id
        FROM (SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id) u
        CROSS JOIN LATERAL (
            SELECT f.merchant_id, f.endpoint_id, f.id FROM replays f
            WHERE f.endpoint_id = u.id AND f.merchant_id = u.merchant_id
                AND f.status = 'running' AND NOT f.retry
            LIMIT 1
        ) r",
        &merchants,
        &ids
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    let named = rows.map(|row| {
        let endpoint = (MerchantId(row.merchant_id), EndpointId(row.endpoint_id));
        (endpoint, ReplayId(row.id))
    });
    Ok(named.collect())
}

/// One replay of a merchant.
pub async fn find(
    pool: &Pool,
    merchant: MerchantId,
    id: ReplayId,
) -> Result<Option<Replay>, sqlx::Error> {
    let row = sqlx::query!(
        "-- replays.find
        SELECT endpoint_id, retry, status, after_sequence, through_sequence, position, deliveries,
            created_at, updated_at
        FROM replays WHERE merchant_id = $1 AND id = $2",
        merchant.0,
        id.0,
    );
    let Some(row) = row.fetch_optional(pool).await? else {
        return Ok(None);
    };
    Ok(Some(Replay {
        merchant,
        id,
        endpoint: EndpointId(row.endpoint_id),
        retry: row.retry,
        status: Word::read(row.status),
        after: row.after_sequence,
        through: row.through_sequence,
        position: row.position,
        deliveries: row.deliveries,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }))
}

/// The places of the feed that a range begins after and ends with; no end for all there is.
/// Sequences rise with time, so a range of time is a range of places.
pub async fn places(
    pool: &Pool,
    merchant: MerchantId,
    range: ReplayRange,
) -> Result<(i64, Option<i64>), sqlx::Error> {
    let (from, to) = match range {
        ReplayRange::After(place) => return Ok((place, None)),
        ReplayRange::Between(from, to) => (from, to),
    };
    let first = first_at(pool, merchant, from).await?;
    let beyond = match to {
        Some(to) => Some(first_at(pool, merchant, to).await?),
        None => None,
    };
    Ok((first - 1, beyond.map(|beyond| beyond - 1)))
}

/// The place of the first event that happened then or later; the place after the last, if none did.
/// Found by halving, since events have no index by time.
async fn first_at(
    pool: &Pool,
    merchant: MerchantId,
    time: OffsetDateTime,
) -> Result<i64, sqlx::Error> {
    let first = sqlx::query_scalar!(
        r#"-- replays.first_at
        WITH RECURSIVE search (before, beyond) AS (
            SELECT coalesce((SELECT min(sequence) FROM events WHERE merchant_id = $1), 1) - 1,
                coalesce((SELECT max(sequence) FROM events WHERE merchant_id = $1), 0) + 1
            UNION ALL
            SELECT CASE WHEN e.created_at < $2 THEN m.middle ELSE s.before END,
                CASE WHEN e.created_at < $2 THEN s.beyond ELSE m.middle END
            FROM search s
            CROSS JOIN LATERAL (SELECT (s.before + s.beyond) / 2 AS middle) m
            CROSS JOIN LATERAL (
                SELECT x.created_at FROM events x
                WHERE x.merchant_id = $1 AND x.sequence = m.middle LIMIT 1
            ) e
            WHERE s.beyond - s.before > 1
        )
        SELECT min(beyond) AS "first!" FROM search"#,
        merchant.0,
        time,
    );
    first.fetch_one(pool).await
}

/// Events that one step looks at.
const STEP: i64 = 500;

/// Brings a replay a step forward, if it is running. Its status then, and which endpoint it is
/// for; none if it was over.
///
/// Rows that are being sent or written down at this moment are passed by: they are on their way.
pub async fn step(
    pool: &Pool,
    (merchant, id): (MerchantId, ReplayId),
    now: OffsetDateTime,
    new_id: impl Fn() -> Uuid,
) -> Result<Option<(ReplayStatus, EndpointId)>, sqlx::Error> {
    pool.again(|| async {
        let mut db = pool.begin().await?;
        let replay = sqlx::query!(
            r#"-- replays.running
        SELECT r.endpoint_id, r.retry, r.position, r.through_sequence,
            e.event_types AS "event_types?"
        FROM replays r LEFT JOIN LATERAL (
            SELECT c.event_types FROM callback_endpoints c
            WHERE c.merchant_id = r.merchant_id AND c.id = r.endpoint_id
                AND c.deleted_at IS NULL LIMIT 1
        ) e ON true
        WHERE r.merchant_id = $1 AND r.id = $2 AND r.status = 'running'
        FOR UPDATE OF r"#,
            merchant.0,
            id.0
        );
        let Some(replay) = replay.fetch_optional(&mut *db).await? else {
            return Ok(None);
        };
        let (mut position, mut made) = (replay.position, 0);
        let status = if let Some(types) = replay.event_types {
            let filter = EventFilter::stored(types);
            let events =
                events(&mut db, merchant, replay.position, replay.through_sequence).await?;
            let last = events.last().map(|event| event.sequence);
            position = last.unwrap_or(replay.through_sequence);
            // A type that this version does not know goes on as it is: only its pattern counts.
            let wanted = events
                .into_iter()
                .filter(|event| replay.retry || filter.replays(&event.event_type))
                .map(|event| (new_id(), event.sequence, event.intent_id));
            let wanted: Vec<_> = wanted.collect();
            let owner = (merchant.0, replay.endpoint_id);
            made = owe_again(&mut db, owner, &wanted, now).await?;
            if position < replay.through_sequence {
                ReplayStatus::Running
            } else {
                ReplayStatus::Completed
            }
        } else {
            ReplayStatus::Canceled
        };
        let moved = sqlx::query!(
            "-- replays.forward
        UPDATE replays SET status = $3, position = $4, deliveries = deliveries + $5,
            updated_at = $6
        WHERE merchant_id = $1 AND id = $2",
            merchant.0,
            id.0,
            status.as_str(),
            position,
            made,
            now,
        );
        moved.execute(&mut *db).await?;
        db.commit().await?;
        Ok(Some((status, EndpointId(replay.endpoint_id))))
    })
    .await
}

/// An event that a step looks at.
struct Passed {
    sequence: i64,
    event_type: String,
    intent_id: Option<Uuid>,
}

async fn events(
    db: &mut PgConnection,
    merchant: MerchantId,
    after: i64,
    through: i64,
) -> Result<Vec<Passed>, sqlx::Error> {
    let events = sqlx::query_as!(
        Passed,
        "-- replays.events
        SELECT sequence, type AS event_type, intent_id FROM events
        WHERE merchant_id = $1 AND sequence > $2 AND sequence <= $3
        ORDER BY sequence LIMIT $4",
        merchant.0,
        after,
        through,
        STEP,
    );
    events.fetch_all(db).await
}

/// Makes the deliveries of these events due, also those that never were; how many.
#[expect(
    clippy::as_conversions,
    reason = "`query!` has no other way to be told that an array's elements may be null"
)]
async fn owe_again(
    db: &mut PgConnection,
    (merchant, endpoint): (Uuid, Uuid),
    wanted: &[(Uuid, i64, Option<Uuid>)],
    now: OffsetDateTime,
) -> Result<i64, sqlx::Error> {
    let ids: Vec<Uuid> = wanted.iter().map(|w| w.0).collect();
    let sequences: Vec<i64> = wanted.iter().map(|w| w.1).collect();
    let intents: Vec<Option<Uuid>> = wanted.iter().map(|w| w.2).collect();
    let made = sqlx::query_scalar!(
        r#"-- replays.owe_again
        WITH wanted AS MATERIALIZED (
            SELECT u.id, u.event_sequence, u.intent_id
            FROM UNNEST($3::uuid[], $4::bigint[], $5::uuid[])
                AS u (id, event_sequence, intent_id)
        ), known AS MATERIALIZED (
            SELECT w.event_sequence FROM wanted w CROSS JOIN LATERAL (
                SELECT FROM deliveries x WHERE x.endpoint_id = $2
                    AND x.event_sequence = w.event_sequence LIMIT 1
            ) d
        ), free AS MATERIALIZED (
            SELECT d.row FROM wanted w CROSS JOIN LATERAL (
                SELECT x.ctid AS row FROM deliveries x
                WHERE x.endpoint_id = $2 AND x.event_sequence = w.event_sequence
                    AND (x.lease_id IS NULL OR x.due_at <= $6) AND x.status <> 'held'
                LIMIT 1 FOR UPDATE SKIP LOCKED
            ) d
        ), again AS (
            UPDATE deliveries u SET status = 'pending', due_at = $6, failures = 0,
                failing_since = NULL, lease_id = NULL, updated_at = $6
            FROM free f WHERE u.ctid = f.row RETURNING 1
        ), fresh AS (
            INSERT INTO deliveries (merchant_id, id, endpoint_id, event_sequence, intent_id,
                status, due_at, created_at, updated_at)
            SELECT $1, w.id, $2, w.event_sequence, w.intent_id, 'pending', $6, $6, $6
            FROM wanted w
            WHERE NOT EXISTS (SELECT FROM known k WHERE k.event_sequence = w.event_sequence)
            ORDER BY w.event_sequence
            ON CONFLICT DO NOTHING RETURNING 1
        )
        SELECT (SELECT count(*) FROM again) + (SELECT count(*) FROM fresh) AS "made!""#,
        merchant,
        endpoint,
        &ids,
        &sequences,
        &intents as &[Option<Uuid>],
        now,
    );
    made.fetch_one(db).await
}
