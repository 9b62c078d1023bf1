//! SQL of the dispatcher. It writes outside of the writer, but only its own columns: leases,
//! tries and what became of them.
//!
//! Every look-up goes through `LATERAL (… LIMIT 1)` and every update through the `ctid` found
//! there, so that a plan made while the tables were empty is still a look-up when they are full.
//! A row that another dispatcher changes in between is simply not updated.

use super::{ClaimTerms, Claimed, Sent};
use crate::{
    callbacks::{DeliveryStatus, Health, Outcome},
    ids::{DeliveryId, EndpointId, EventId, MerchantId},
};
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

/// How many rows that must wait for their intent's earlier event a claim looks past.
const PAST_BLOCKED: i32 = 24;

/// Leases deliveries that are due: of each endpoint the oldest first, of all endpoints one each
/// before two of any. Endpoints come in an order that changes with every lease, so that none is
/// always last.
///
/// An endpoint's row is locked meanwhile (whoever meets it locked passes by), so that claims of
/// several processes at the same moment do not take more together than the endpoint may get. A
/// delivery whose intent has an earlier one still owed is left alone; where that one has failed,
/// it is put off until that one's next try, or until it has been failing for 15 minutes.
pub async fn claim(pool: &PgPool, terms: ClaimTerms) -> Result<Vec<Claimed>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"-- outbox.claim
        WITH RECURSIVE waiting (merchant_id, endpoint_id, due_at) AS (
            (SELECT merchant_id, endpoint_id, due_at FROM deliveries
            WHERE status = 'pending' ORDER BY endpoint_id, due_at LIMIT 1)
            UNION ALL
            SELECT n.merchant_id, n.endpoint_id, n.due_at FROM waiting w CROSS JOIN LATERAL (
                SELECT d.merchant_id, d.endpoint_id, d.due_at FROM deliveries d
                WHERE d.status = 'pending' AND d.endpoint_id > w.endpoint_id
                ORDER BY d.endpoint_id, d.due_at LIMIT 1
            ) n
        ), ready AS MATERIALIZED (
            SELECT w.endpoint_id, e.url, e.ordering, e.stripe_signature, s.sealed,
                h.in_flight_limit, h.failures, h.failing_since, h.paused_until, h.pauses,
                greatest(0, CASE WHEN h.paused_until IS NULL
                    THEN coalesce(h.in_flight_limit, $5) ELSE 1 END - f.under_way) AS free
            FROM (
                SELECT * FROM waiting WHERE due_at <= $2
                ORDER BY uuid_hash_extended(endpoint_id, uuid_hash($1)::bigint)
            ) w LEFT JOIN LATERAL (
                SELECT x.* FROM endpoint_health x
                WHERE x.merchant_id = w.merchant_id AND x.endpoint_id = w.endpoint_id
                    AND x.updated_at >= (
                        SELECT c.updated_at FROM callback_endpoints c
                        WHERE c.merchant_id = w.merchant_id AND c.id = w.endpoint_id)
                LIMIT 1
            ) h ON true CROSS JOIN LATERAL (
                SELECT c.url, c.ordering, c.stripe_signature FROM callback_endpoints c
                WHERE c.merchant_id = w.merchant_id AND c.id = w.endpoint_id
                    AND c.status = 'enabled' AND c.deleted_at IS NULL
                    AND coalesce(h.paused_until <= $2, true)
                LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
            ) e CROSS JOIN LATERAL (
                SELECT count(*)::integer AS under_way FROM deliveries f
                WHERE f.endpoint_id = w.endpoint_id AND f.status = 'pending'
                    AND f.lease_id IS NOT NULL AND f.due_at > $2 AND f.due_at <= $3
            ) f CROSS JOIN LATERAL (
                SELECT array_agg(k.sealed ORDER BY k.number DESC) AS sealed
                FROM endpoint_secrets k
                WHERE k.merchant_id = w.merchant_id AND k.endpoint_id = w.endpoint_id
                    AND (k.expires_at IS NULL OR k.expires_at > $2)
            ) s
        ), due AS MATERIALIZED (
            SELECT r.*, d.row, d.due_at, d.event_sequence, b.put_off
            FROM ready r CROSS JOIN LATERAL (
                SELECT x.ctid AS row, x.due_at, x.event_sequence, x.intent_id FROM deliveries x
                WHERE x.endpoint_id = r.endpoint_id AND x.status = 'pending' AND x.due_at <= $2
                ORDER BY x.due_at, x.event_sequence
                LIMIT CASE WHEN r.free > 0 THEN r.free + $6 ELSE 0 END
                FOR UPDATE SKIP LOCKED
            ) d LEFT JOIN LATERAL (
                SELECT CASE WHEN p.lease_id IS NULL AND p.failing_since IS NOT NULL
                    THEN least(p.due_at, p.failing_since + interval '15 minutes')
                    ELSE $2 END AS put_off
                FROM deliveries p
                WHERE r.ordering = 'intent' AND p.endpoint_id = r.endpoint_id
                    AND p.intent_id = d.intent_id AND p.event_sequence < d.event_sequence
                    AND (p.status = 'held' OR p.status = 'pending' AND coalesce(
                        p.failing_since > $2::timestamptz - interval '15 minutes', true))
                ORDER BY p.event_sequence LIMIT 1
            ) b ON true
        ), later AS (
            UPDATE deliveries u SET due_at = due.put_off
            FROM due WHERE u.ctid = due.row AND due.put_off > $2
        ), chosen AS MATERIALIZED (
            SELECT * FROM (
                SELECT due.*, row_number() OVER (
                    PARTITION BY endpoint_id ORDER BY due_at, event_sequence) AS place
                FROM due WHERE put_off IS NULL
            ) p WHERE place <= free ORDER BY place LIMIT $4
        ), claimed AS (
            UPDATE deliveries u
            SET lease_id = $1, due_at = $3, attempts = u.attempts + 1, updated_at = $2
            FROM chosen c WHERE u.ctid = c.row
            RETURNING u.merchant_id, u.id, u.endpoint_id, u.event_sequence, u.attempts,
                u.failures AS failed, c.url, c.stripe_signature, c.sealed, c.in_flight_limit,
                c.failures, c.failing_since, c.paused_until, c.pauses
        )
        SELECT c.merchant_id AS "merchant_id!", c.id AS "id!", c.endpoint_id AS "endpoint_id!",
            c.attempts AS "attempts!", c.failed AS "failed!", c.url AS "url!",
            c.stripe_signature AS "stripe_signature!", c.sealed,
            c.in_flight_limit AS "in_flight_limit?", c.failures AS "failures?",
            c.failing_since AS "failing_since?", c.paused_until AS "paused_until?",
            c.pauses AS "pauses?", v.id AS event_id, v.payload,
            EXISTS (SELECT FROM due WHERE put_off IS NOT NULL) AS "others_wait!"
        FROM claimed c CROSS JOIN LATERAL (
            SELECT e.id, e.payload FROM events e
            WHERE e.merchant_id = c.merchant_id AND e.sequence = c.event_sequence LIMIT 1
        ) v"#,
        terms.lease,
        terms.now,
        terms.until,
        terms.limit,
        terms.per_endpoint,
        PAST_BLOCKED,
    );
    let rows = rows.fetch_all(pool).await?.into_iter().map(|row| Claimed {
        merchant: MerchantId(row.merchant_id),
        delivery: DeliveryId(row.id),
        lease: terms.lease,
        endpoint: EndpointId(row.endpoint_id),
        event: EventId(row.event_id),
        attempt: row.attempts,
        failures: row.failed,
        url: row.url,
        sealed_secrets: row.sealed.unwrap_or_default(),
        stripe_signature: row.stripe_signature,
        health: Health {
            in_flight_limit: row.in_flight_limit.unwrap_or(terms.per_endpoint),
            failures: row.failures.unwrap_or(0),
            failing_since: row.failing_since,
            paused_until: row.paused_until,
            pauses: row.pauses.unwrap_or(0),
        },
        payload: row.payload,
        others_wait: row.others_wait,
    });
    Ok(rows.collect())
}

/// Writes down how tries ended. Where the lease has passed to another, the try is kept for the
/// record and the delivery is left alone. Doing it twice does no harm.
#[expect(
    clippy::as_conversions,
    reason = "`query!` has no other way to be told that an array's elements may be null"
)]
pub async fn record(pool: &PgPool, sent: &[Sent]) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = sent.iter().map(|s| s.merchant.0).collect();
    let ids: Vec<Uuid> = sent.iter().map(|s| s.delivery.0).collect();
    let leases: Vec<Uuid> = sent.iter().map(|s| s.lease).collect();
    let numbers: Vec<i32> = sent.iter().map(|s| s.attempt).collect();
    let started_at: Vec<OffsetDateTime> = sent.iter().map(|s| s.started_at).collect();
    let ended_at: Vec<OffsetDateTime> = sent.iter().map(|s| s.ended_at).collect();
    let (statuses, due_at): (Vec<String>, Vec<Option<OffsetDateTime>>) =
        sent.iter().map(next).unzip();
    let codes: Vec<Option<i16>> = sent
        .iter()
        .map(|s| i16::try_from(s.answer.as_ref().ok()?.0).ok())
        .collect();
    let errors: Vec<Option<&str>> = sent
        .iter()
        .map(|s| s.answer.as_ref().err().map(String::as_str))
        .collect();
    let responses: Vec<Option<&str>> = sent
        .iter()
        .map(|s| s.answer.as_ref().ok().map(|(_, head)| head.as_str()))
        .collect();
    let record = sqlx::query!(
        "-- outbox.record
        WITH sent AS MATERIALIZED (
            SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[],
                $5::timestamptz[], $6::timestamptz[], $7::text[], $8::timestamptz[],
                $9::smallint[], $10::text[], $11::text[])
                AS u (merchant_id, id, lease_id, number, started_at, ended_at, status, due_at,
                    status_code, error, response)
        ), found AS MATERIALIZED (
            SELECT x.row, s.status, s.due_at, s.ended_at
            FROM sent s CROSS JOIN LATERAL (
                SELECT d.ctid AS row FROM deliveries d
                WHERE d.merchant_id = s.merchant_id AND d.id = s.id
                    AND d.lease_id = s.lease_id LIMIT 1
            ) x
        ), done AS (
            UPDATE deliveries u SET status = f.status, due_at = coalesce(f.due_at, u.due_at),
                lease_id = NULL, updated_at = f.ended_at,
                failures = u.failures + CASE f.status WHEN 'delivered' THEN 0 ELSE 1 END,
                failing_since = CASE f.status WHEN 'delivered' THEN NULL
                    ELSE coalesce(u.failing_since, f.ended_at) END
            FROM found f WHERE u.ctid = f.row
        )
        INSERT INTO delivery_attempts (merchant_id, delivery_id, number, started_at, duration_ms,
            status_code, error, response)
        SELECT s.merchant_id, s.id, s.number, s.started_at,
            greatest(0, extract(epoch FROM s.ended_at - s.started_at) * 1000)::integer,
            s.status_code, s.error, s.response
        FROM sent s ON CONFLICT DO NOTHING",
        &merchants,
        &ids,
        &leases,
        &numbers,
        &started_at,
        &ended_at,
        &statuses,
        &due_at as &[Option<OffsetDateTime>],
        &codes as &[Option<i16>],
        &errors as &[Option<&str>],
        &responses as &[Option<&str>],
    );
    record.execute(pool).await.map(drop)
}

/// The status that follows from a try, and when the delivery is due again.
fn next(sent: &Sent) -> (String, Option<OffsetDateTime>) {
    let (status, due_at) = match sent.outcome {
        Outcome::Delivered => (DeliveryStatus::Delivered, None),
        Outcome::Retry(at) => (DeliveryStatus::Pending, Some(at)),
        Outcome::Exhausted => (DeliveryStatus::Exhausted, None),
    };
    (status.as_str().to_owned(), due_at)
}

/// Gives deliveries back that were leased and not sent, due at once and without a try counted.
pub async fn release(
    pool: &PgPool,
    claimed: &[(MerchantId, DeliveryId, Uuid)],
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = claimed.iter().map(|(merchant, _, _)| merchant.0).collect();
    let ids: Vec<Uuid> = claimed.iter().map(|(_, id, _)| id.0).collect();
    let leases: Vec<Uuid> = claimed.iter().map(|(_, _, lease)| *lease).collect();
    let release = sqlx::query!(
        "-- outbox.release
        WITH found AS MATERIALIZED (
            SELECT x.row
            FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[]) AS u (merchant_id, id, lease_id)
            CROSS JOIN LATERAL (
                SELECT d.ctid AS row FROM deliveries d
                WHERE d.merchant_id = u.merchant_id AND d.id = u.id
                    AND d.lease_id = u.lease_id LIMIT 1
            ) x
        )
        UPDATE deliveries d SET lease_id = NULL, due_at = $4, updated_at = $4,
            attempts = d.attempts - 1
        FROM found f WHERE d.ctid = f.row",
        &merchants,
        &ids,
        &leases,
        now,
    );
    release.execute(pool).await.map(drop)
}

/// Since when the oldest delivery waits that could be sent now, if any does: how far the
/// dispatcher lags behind.
pub async fn oldest_due(
    pool: &PgPool,
    now: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    let oldest = sqlx::query_scalar!(
        "-- outbox.oldest_due
        WITH RECURSIVE waiting (merchant_id, endpoint_id, due_at) AS (
            (SELECT merchant_id, endpoint_id, due_at FROM deliveries
            WHERE status = 'pending' ORDER BY endpoint_id, due_at LIMIT 1)
            UNION ALL
            SELECT n.merchant_id, n.endpoint_id, n.due_at FROM waiting w CROSS JOIN LATERAL (
                SELECT d.merchant_id, d.endpoint_id, d.due_at FROM deliveries d
                WHERE d.status = 'pending' AND d.endpoint_id > w.endpoint_id
                ORDER BY d.endpoint_id, d.due_at LIMIT 1
            ) n
        )
        SELECT min(w.due_at) FROM waiting w CROSS JOIN LATERAL (
            SELECT c.id FROM callback_endpoints c
            WHERE c.merchant_id = w.merchant_id AND c.id = w.endpoint_id
                AND c.status = 'enabled' AND c.deleted_at IS NULL LIMIT 1
        ) e WHERE w.due_at <= $1",
        now
    );
    oldest.fetch_one(pool).await
}
