//! SQL of the dispatcher. It writes outside of the writer, but only its own columns: leases,
//! tries and what became of them.
//!
//! Every look-up goes through `LATERAL (… LIMIT 1)` and every update through the `ctid` found
//! there, so that a plan made while the tables were empty is still a look-up when they are full.
//! A row that another dispatcher changes in between is simply not updated.

use super::{ClaimTerms, Claimed, Sent};
use crate::{
    callbacks::{DeliveryStatus, Outcome},
    ids::{DeliveryId, EndpointId, EventId, MerchantId},
};
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

/// Leases deliveries that are due, the oldest of each endpoint first. Endpoints come in an order
/// that changes with every lease, so that none is always last.
pub async fn claim(pool: &PgPool, terms: ClaimTerms) -> Result<Vec<Claimed>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"-- callbacks.claim
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
            SELECT d.row, e.url, e.sealed_secret
            FROM (
                SELECT * FROM waiting
                ORDER BY uuid_hash_extended(endpoint_id, uuid_hash($1)::bigint)
            ) w CROSS JOIN LATERAL (
                SELECT c.url, c.sealed_secret FROM callback_endpoints c
                WHERE c.merchant_id = w.merchant_id AND c.id = w.endpoint_id
                    AND c.status = 'enabled' AND c.deleted_at IS NULL LIMIT 1
            ) e CROSS JOIN LATERAL (
                SELECT x.ctid AS row FROM deliveries x
                WHERE x.endpoint_id = w.endpoint_id AND x.status = 'pending' AND x.due_at <= $2
                ORDER BY x.due_at
                LIMIT greatest(0, $5 - (
                    SELECT count(*) FROM deliveries f
                    WHERE f.endpoint_id = w.endpoint_id AND f.status = 'pending'
                        AND f.lease_id IS NOT NULL AND f.due_at > $2 AND f.due_at <= $3
                ))
                FOR UPDATE SKIP LOCKED
            ) d
            LIMIT $4
        ), claimed AS (
            UPDATE deliveries u
            SET lease_id = $1, due_at = $3, attempts = u.attempts + 1, updated_at = $2
            FROM due WHERE u.ctid = due.row
            RETURNING u.merchant_id, u.id, u.endpoint_id, u.event_sequence, u.attempts,
                due.url, due.sealed_secret
        )
        SELECT c.merchant_id AS "merchant_id!", c.id AS "id!", c.endpoint_id AS "endpoint_id!",
            c.attempts AS "attempts!", c.url AS "url!", c.sealed_secret AS "sealed_secret!",
            v.id AS event_id, v.payload
        FROM claimed c CROSS JOIN LATERAL (
            SELECT e.id, e.payload FROM events e
            WHERE e.merchant_id = c.merchant_id AND e.sequence = c.event_sequence LIMIT 1
        ) v"#,
        terms.lease,
        terms.now,
        terms.until,
        terms.limit,
        terms.per_endpoint,
    );
    let rows = rows.fetch_all(pool).await?.into_iter().map(|row| Claimed {
        merchant: MerchantId(row.merchant_id),
        delivery: DeliveryId(row.id),
        lease: terms.lease,
        endpoint: EndpointId(row.endpoint_id),
        event: EventId(row.event_id),
        attempt: row.attempts,
        url: row.url,
        sealed_secret: row.sealed_secret,
        payload: row.payload,
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
        "-- callbacks.record
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
                lease_id = NULL, updated_at = f.ended_at
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
        "-- callbacks.release
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
        "-- callbacks.oldest_due
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
