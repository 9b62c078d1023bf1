//! SQL of idempotency keys.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

use super::{Answer, Fingerprint, KeyRecord};
use crate::base::db::Pool;
use crate::base::{db::all_written, ids::MerchantId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// A merchant's key.
pub type KeyName = (MerchantId, String);

/// Loads what is known of `names`.
pub async fn load(
    db: &mut PgConnection,
    names: &[KeyName],
) -> Result<Vec<(KeyName, KeyRecord)>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|n| n.0.0).collect();
    let keys: Vec<String> = names.iter().map(|n| n.1.clone()).collect();
    let rows = sqlx::query!(
        "-- idempotency.load
        SELECT k.merchant_id, k.key, k.fingerprint, k.status, k.answer
        FROM (SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::text[]) AS key) u
        CROSS JOIN LATERAL (
            SELECT f.merchant_id, f.key, f.fingerprint, f.status, f.answer FROM idempotency_keys f
            WHERE f.merchant_id = u.merchant_id AND f.key = u.key
            LIMIT 1
        ) k",
        &merchants,
        &keys
    );
    let rows = rows.fetch_all(db).await?;
    Ok(rows
        .into_iter()
        .map(|r| {
            (
                (MerchantId(r.merchant_id), r.key),
                record(r.fingerprint, (r.status, r.answer)),
            )
        })
        .collect())
}

/// What is known of a key, from the columns of its row.
pub fn record(fingerprint: Vec<u8>, (status, body): (Option<i16>, Option<Vec<u8>>)) -> KeyRecord {
    KeyRecord {
        // The schema holds this column to 32 bytes.
        fingerprint: Fingerprint(fingerprint.try_into().unwrap_or_default()),
        answer: status.zip(body).map(|(status, body)| Answer {
            status: u16::try_from(status).unwrap_or(500),
            body,
        }),
    }
}

/// Keys as the columns of their table.
#[derive(Debug)]
pub struct Columns<'a> {
    /// Whose they are.
    pub merchants: Vec<Uuid>,
    /// The keys themselves.
    pub keys: Vec<&'a str>,
    /// Of the first request with each.
    pub fingerprints: Vec<&'a [u8]>,
    /// HTTP statuses of the answers that are there.
    pub statuses: Vec<Option<i16>>,
    /// Bodies of the answers that are there.
    pub answers: Vec<Option<&'a [u8]>>,
}

/// The columns of `records`.
pub fn columns<'a>(records: &[(&'a KeyName, &'a KeyRecord)]) -> Columns<'a> {
    let answers = || records.iter().map(|(_, record)| record.answer.as_ref());
    Columns {
        merchants: records.iter().map(|(name, _)| name.0.0).collect(),
        keys: records.iter().map(|(name, _)| name.1.as_str()).collect(),
        fingerprints: records
            .iter()
            .map(|(_, record)| record.fingerprint.0.as_slice())
            .collect(),
        statuses: answers()
            .map(|answer| answer.and_then(|a| i16::try_from(a.status).ok()))
            .collect(),
        answers: answers()
            .map(|answer| answer.map(|a| a.body.as_slice()))
            .collect(),
    }
}

/// Stores the answers of requests that were running. From now on their keys are kept for as long as
/// any: what a caller waited for must not be forgotten as soon as it is there.
pub async fn finish(
    db: &mut PgConnection,
    records: &[(&KeyName, &KeyRecord)],
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let c = columns(records);
    let update = sqlx::query!(
        "-- idempotency.finish
        UPDATE idempotency_keys k SET status = u.status, answer = u.answer, created_at = $5
        FROM (
            SELECT
                UNNEST($1::uuid[]) AS merchant_id,
                UNNEST($2::text[]) AS key,
                UNNEST($3::smallint[]) AS status,
                UNNEST($4::bytea[]) AS answer
        ) u
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM idempotency_keys f
            WHERE f.merchant_id = u.merchant_id AND f.key = u.key
            LIMIT 1
        ) f
        WHERE k.ctid = f.row",
        &c.merchants,
        &c.keys as &[&str],
        &c.statuses as &[Option<i16>],
        &c.answers as &[Option<&[u8]>],
        now
    );
    all_written(update.execute(db).await?, records.len())
}

/// Forgets at most `limit` keys that were answered before `before`, and says how many.
pub async fn forget(pool: &Pool, before: OffsetDateTime, limit: i64) -> Result<u64, sqlx::Error> {
    let delete = sqlx::query!(
        "-- idempotency.forget
        DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM idempotency_keys WHERE created_at < $1 AND status IS NOT NULL
            ORDER BY created_at LIMIT $2))",
        before,
        limit
    );
    delete.execute(pool).await.map(|done| done.rows_affected())
}
