//! SQL of the dispatcher. It writes outside of the writer, but only its own columns: leases,
//! attempts and what became of them.
//!
//! Every look-up goes through `LATERAL (… LIMIT 1)` and every update through the `ctid` found
//! there, so that a plan made while the tables were empty is still a look-up when they are full.
//! A row that another dispatcher changes in between is simply not updated.

use super::{ClaimTerms, Claimed, Sent};
use crate::base::db::Pool;
use crate::{
    base::ids::{DeliveryId, EndpointId, EventId, MerchantId},
    domain::callbacks::{DeliveryStatus, Health, Outcome},
};
use sqlx::{PgConnection, Postgres, pool::PoolConnection};
use time::OffsetDateTime;
use uuid::Uuid;

/// How many rows that must wait for their intent's earlier event a claim looks past.
const PAST_BLOCKED: i64 = 24;

/// Leases deliveries that are due: of each endpoint the oldest first, of all endpoints one each
/// before two of any. Endpoints come in an order that changes with every claim, so that none is
/// always last. Also says whether more is due than it took.
///
/// An endpoint's row is locked meanwhile (a claim that meets it locked passes by), so that claims of
/// several processes at the same moment do not take more together than the endpoint may get. A
/// delivery whose intent has an earlier one still to be sent is left alone; where that one has failed,
/// it is put off until that one is due, or until it has been failing for 15 minutes, so that what
/// waits is never before what it waits for.
pub async fn claim(pool: &Pool, terms: &ClaimTerms) -> Result<(Vec<Claimed>, bool), sqlx::Error> {
    let (merchants, rooms): (Vec<Uuid>, Vec<i64>) = terms
        .rooms
        .iter()
        .map(|(merchant, room)| (merchant.0, room))
        .unzip();
    let rows = sqlx::query_file_as!(
        Row,
        "src/domain/callbacks/outbox/claim.sql",
        terms.lease,
        terms.now,
        terms.until,
        terms.limit,
        terms.per_endpoint,
        PAST_BLOCKED,
        terms.turn,
        terms.kept_for_idle,
        terms.per_merchant,
        &merchants,
        &rooms,
    );
    let rows = rows.fetch_all(pool).await?;
    let others_wait = rows.iter().any(|row| row.others_wait);
    let claimed = rows.into_iter().filter_map(|row| row.read(terms));
    Ok((claimed.collect(), others_wait))
}

struct Row {
    others_wait: bool,
    merchant_id: Option<Uuid>,
    id: Option<Uuid>,
    endpoint_id: Option<Uuid>,
    attempts: Option<i32>,
    failed: Option<i32>,
    url: Option<String>,
    stripe_signature: Option<bool>,
    endpoint_updated_at: Option<OffsetDateTime>,
    sealed: Option<Vec<Vec<u8>>>,
    in_flight_limit: Option<i32>,
    failures: Option<i32>,
    failing_since: Option<OffsetDateTime>,
    paused_until: Option<OffsetDateTime>,
    pauses: Option<i32>,
    event_id: Option<Uuid>,
    payload: Option<Vec<u8>>,
}

impl Row {
    /// The delivery, unless none was claimed.
    fn read(self, terms: &ClaimTerms) -> Option<Claimed> {
        Some(Claimed {
            merchant: MerchantId(self.merchant_id?),
            delivery: DeliveryId(self.id?),
            lease: terms.lease,
            endpoint: EndpointId(self.endpoint_id?),
            event: EventId(self.event_id?),
            attempt: self.attempts?,
            failures: self.failed?,
            url: self.url?,
            sealed_secrets: self.sealed.unwrap_or_default(),
            stripe_signature: self.stripe_signature?,
            endpoint_updated_at: self.endpoint_updated_at?,
            health: Health {
                in_flight_limit: self.in_flight_limit.unwrap_or(terms.per_endpoint),
                failures: self.failures.unwrap_or(0),
                failing_since: self.failing_since,
                paused_until: self.paused_until,
                pauses: self.pauses.unwrap_or(0),
            },
            payload: self.payload?,
        })
    }
}

/// Writes down how attempts ended. Where the lease has passed to another, the attempt is kept for the
/// record and the delivery is left alone. Doing it twice does no harm.
#[expect(
    clippy::as_conversions,
    reason = "`query!` has no other way to be told that an array's elements may be null"
)]
pub async fn record(pool: &Pool, sent: &[Sent]) -> Result<(), sqlx::Error> {
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
            SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id,
                UNNEST($3::uuid[]) AS lease_id, UNNEST($4::integer[]) AS number,
                UNNEST($5::timestamptz[]) AS started_at, UNNEST($6::timestamptz[]) AS ended_at,
                UNNEST($7::text[]) AS status, UNNEST($8::timestamptz[]) AS due_at,
                UNNEST($9::smallint[]) AS status_code, UNNEST($10::text[]) AS error,
                UNNEST($11::text[]) AS response
        ), found AS MATERIALIZED (
            SELECT x.row, s.status, s.due_at, s.ended_at
            FROM sent s CROSS JOIN LATERAL (
                SELECT d.ctid AS row FROM deliveries d
                WHERE d.merchant_id = s.merchant_id AND d.id = s.id
                    AND d.lease_id = s.lease_id AND d.attempts = s.number LIMIT 1
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

/// The status that follows from an attempt, and when the delivery is due again.
fn next(sent: &Sent) -> (String, Option<OffsetDateTime>) {
    let (status, due_at) = match sent.outcome {
        Outcome::Delivered => (DeliveryStatus::Delivered, None),
        Outcome::Retry(at) => (DeliveryStatus::Pending, Some(at)),
        Outcome::Exhausted => (DeliveryStatus::Exhausted, None),
    };
    (status.as_str().to_owned(), due_at)
}

/// Takes a connection that shows to all that the holder of these leases lives. Give it to
/// [`let_go`] in the end.
pub async fn hold(pool: &Pool, lease: Uuid) -> Result<PoolConnection<Postgres>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let lock = sqlx::query!(
        "-- outbox.hold
        SELECT pg_advisory_lock(uuid_hash_extended($1, 0))",
        lease
    );
    lock.fetch_one(&mut *connection).await?;
    Ok(connection)
}

/// The holder of these leases has none any more.
pub async fn let_go(
    mut connection: PoolConnection<Postgres>,
    lease: Uuid,
) -> Result<(), sqlx::Error> {
    let unlock = sqlx::query!(
        "-- outbox.let_go
        SELECT pg_advisory_unlock(uuid_hash_extended($1, 0))",
        lease
    );
    unlock.fetch_one(&mut *connection).await.map(drop)
}

/// Makes due what is under a lease whose holder is dead; how many deliveries. `lease` is one's
/// own, and `until` the end of the longest lease there may be.
pub async fn reclaim(
    db: &mut PgConnection,
    lease: Uuid,
    (now, until): (OffsetDateTime, OffsetDateTime),
) -> Result<u64, sqlx::Error> {
    let reclaim = sqlx::query!(
        "-- outbox.reclaim
        WITH RECURSIVE waiting (endpoint_id) AS (
            (SELECT endpoint_id FROM deliveries
            WHERE status = 'pending' ORDER BY endpoint_id LIMIT 1)
            UNION ALL
            SELECT n.endpoint_id FROM waiting w CROSS JOIN LATERAL (
                SELECT d.endpoint_id FROM deliveries d
                WHERE d.status = 'pending' AND d.endpoint_id > w.endpoint_id
                ORDER BY d.endpoint_id LIMIT 1
            ) n
        ), leased AS MATERIALIZED (
            SELECT d.row, d.lease_id FROM waiting w CROSS JOIN LATERAL (
                SELECT x.ctid AS row, x.lease_id FROM deliveries x
                WHERE x.endpoint_id = w.endpoint_id AND x.status = 'pending'
                    AND x.due_at > $2 AND x.due_at <= $3
                    AND x.lease_id IS NOT NULL AND x.lease_id <> $1
                FOR UPDATE SKIP LOCKED
            ) d
        ), dead AS MATERIALIZED (
            SELECT lease_id FROM (SELECT DISTINCT lease_id FROM leased) l
            WHERE pg_try_advisory_xact_lock(uuid_hash_extended(lease_id, 0))
        )
        UPDATE deliveries u SET lease_id = NULL, due_at = u.created_at, updated_at = $2
        FROM leased l WHERE u.ctid = l.row AND l.lease_id IN (SELECT lease_id FROM dead)",
        lease,
        now,
        until,
    );
    Ok(reclaim.execute(db).await?.rows_affected())
}

/// Gives deliveries back that were leased and not sent, without an attempt counted: due `at` some time,
/// or again where they stood before.
pub async fn release(
    pool: &Pool,
    claimed: &[(MerchantId, DeliveryId, Uuid)],
    at: Option<OffsetDateTime>,
) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = claimed.iter().map(|(merchant, _, _)| merchant.0).collect();
    let ids: Vec<Uuid> = claimed.iter().map(|(_, id, _)| id.0).collect();
    let leases: Vec<Uuid> = claimed.iter().map(|(_, _, lease)| *lease).collect();
    let release = sqlx::query!(
        "-- outbox.release
        WITH found AS MATERIALIZED (
            SELECT x.row
            FROM (SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id,
                UNNEST($3::uuid[]) AS lease_id) u
            CROSS JOIN LATERAL (
                SELECT d.ctid AS row FROM deliveries d
                WHERE d.merchant_id = u.merchant_id AND d.id = u.id
                    AND d.lease_id = u.lease_id LIMIT 1
            ) x
        )
        UPDATE deliveries d SET lease_id = NULL, due_at = coalesce($4, d.created_at),
            attempts = d.attempts - 1
        FROM found f WHERE d.ctid = f.row",
        &merchants,
        &ids,
        &leases,
        at,
    );
    release.execute(pool).await.map(drop)
}

/// Since when the oldest delivery waits that could be sent now, if any does: how far the
/// dispatcher lags behind.
pub async fn oldest_due(
    pool: &Pool,
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
