//! SQL of payment intents. Attempts and refunds have stores of their own beside it.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

pub use super::{columns::Name, filter::Filter};

use super::{
    Attempt, Intent, LastError, attempt,
    columns::{Mutable, Row, StoredLine},
};
use crate::{
    base::{
        db::{Part, Pool, Stored, Unreadable, Window, all_written, query_listed, readable},
        ids::{IntentId, MerchantId, made_between},
    },
    domain::{
        rails::{NextAction, Rail},
        threads::Thread,
    },
};
use sqlx::{PgConnection, PgExecutor};
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// An intent as it is read for its merchant.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The intent.
    pub intent: Intent,
    /// How far the merchant's clock is ahead.
    pub ahead: Duration,
}

/// Loads the intents named.
pub async fn load(
    db: impl PgExecutor<'_>,
    names: &[Name],
) -> Result<Vec<Result<Intent, Unreadable<Name>>>, sqlx::Error> {
    let rows = rows(db, names, false).await?;
    Ok(rows.into_iter().map(Row::read).collect())
}

/// The same with their merchants' clocks.
pub async fn see(
    db: impl PgExecutor<'_>,
    names: &[Name],
) -> Result<Vec<Result<Seen, Unreadable<Name>>>, sqlx::Error> {
    let rows = rows(db, names, true).await?;
    let seen = rows.into_iter().map(|row| {
        let ahead = Duration::seconds(row.clock_offset.unwrap_or_default());
        row.read().map(|intent| Seen { intent, ahead })
    });
    Ok(seen.collect())
}

async fn rows(
    db: impl PgExecutor<'_>,
    names: &[Name],
    with_clocks: bool,
) -> Result<Vec<Row>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|n| n.0.0).collect();
    let ids: Vec<Uuid> = names.iter().map(|n| n.1.0).collect();
    let rows = sqlx::query_file_as!(
        Row,
        "src/domain/intents/load.sql",
        &merchants,
        &ids,
        with_clocks
    );
    rows.fetch_all(db).await
}

/// Stores what changes in intents and, since the two mostly come together and a batch pays for each
/// round trip, their new attempts. New intents are stored by the writer, with what every batch
/// leaves (`writer/record_common.sql`).
pub async fn update_with_attempts(
    db: &mut PgConnection,
    intents: &[&Intent],
    attempts: &[&Attempt],
) -> Result<(), sqlx::Error> {
    let (m, a) = (Mutable::of(intents), attempt::store::columns(attempts));
    let update = sqlx::query_file!(
        "src/domain/intents/update_with_attempts.sql",
        // new attempts
        &a.merchants,
        &a.ids,
        &a.intents,
        &a.refunds as &[Option<Uuid>],
        &a.charges as &[Option<Uuid>],
        &a.movements as &[Option<Uuid>],
        &a.kinds as &[&str],
        &a.statuses as &[&str],
        &a.rails as &[&str],
        &a.methods as &[Option<String>],
        &a.amounts,
        &a.currencies as &[&str],
        &a.codes as &[Option<&str>],
        &a.keys as &[Option<&str>],
        &a.fingerprints as &[Option<&[u8]>],
        &a.ask as &[Option<OffsetDateTime>],
        &a.created,
        &a.updated,
        &a.accounts as &[Option<Uuid>],
        &a.references as &[Option<&str>],
        &a.actions as &[Option<String>],
        &a.expire as &[Option<OffsetDateTime>],
        &a.externals as &[Option<&str>],
        &a.requests as &[Option<&str>],
        // intents that change
        &m.merchants,
        &m.ids,
        &m.statuses as &[&str],
        &m.authorized,
        &m.captured,
        &m.refunded,
        &m.refunding,
        &m.attempts as &[Option<Uuid>],
        &m.kinds as &[Option<&str>],
        &m.charges as &[Option<Uuid>],
        &m.errors as &[Option<String>],
        &m.blocked as &[Option<OffsetDateTime>],
        &m.reasons as &[Option<&str>],
        &m.sequences,
        &m.updated,
        &m.rails as &[&str],
        &m.accounts as &[Option<Uuid>],
        &m.methods as &[Option<String>],
    );
    all_written(update.execute(db).await?, intents.len())
}

/// One intent of a merchant.
pub async fn get(
    db: impl PgExecutor<'_>,
    merchant: MerchantId,
    id: IntentId,
) -> Result<Option<Intent>, sqlx::Error> {
    let found = load(db, &[(merchant, id)]).await?.pop();
    Ok(found.transpose()?)
}

/// A part of a merchant's intents.
pub async fn list(
    pool: &Pool,
    merchant: MerchantId,
    filter: &Filter,
    window: Window,
) -> Result<Part<Intent>, sqlx::Error> {
    let (first, last) = made_between(filter.created_from, filter.created_to);
    let seen = query_listed!(
        "-- intents.list
        WITH listed AS NOT MATERIALIZED (
            SELECT
                id,
                -- What has no index: $13..$16. The status is the one that is printed: an intent
                -- whose time is over is expired before a worker says so.
                coalesce(
                    ($13::text IS NULL OR $13 = CASE
                        WHEN status = 'requires_payment' AND expires_at <= $14
                            THEN 'expired'
                        ELSE status
                    END)
                    AND ($15::text IS NULL OR thread ->> 'channel' = $15)
                    AND ($16::text IS NULL OR thread ->> 'thread' = $16),
                    false
                ) AS is_wanted
            FROM payment_intents
            -- What has an index: $6..$12, ids in the order of time.
            WHERE merchant_id = $1
                AND ($6::text IS NULL OR reference = $6)
                AND ($7::uuid IS NULL OR payment_link_id = $7)
                AND ($8::text IS NULL OR (thread IS NOT NULL AND thread ->> 'conversation' = $8))
                AND ($9::timestamptz IS NULL OR created_at >= $9)
                AND ($10::timestamptz IS NULL OR created_at < $10)
                AND ($11::uuid IS NULL OR id >= $11)
                AND ($12::uuid IS NULL OR id < $12)
        )",
        merchant,
        window,
        filter.reference,
        filter.payment_link.map(|l| l.0),
        filter.conversation,
        filter.created_from,
        filter.created_to,
        first,
        last,
        // without one
        filter.status.map(|(status, _)| status.as_str()),
        filter.status.map(|(_, at)| at),
        filter.channel,
        filter.thread,
    );
    let part = window.part(seen.fetch_all(pool).await?);
    let names = part.names(|id| (merchant, IntentId(id)));
    // They are never deleted, so all are found, in the order of their names.
    let intents = readable(load(pool, &names).await?);
    Ok(part.with(intents))
}

/// An intent whose time is over.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// Its merchant.
    pub merchant: MerchantId,
    /// The intent.
    pub intent: IntentId,
    /// When its time ended.
    pub at: OffsetDateTime,
    /// Whether it could still be paid otherwise.
    pub is_open: bool,
}

/// Intents whose time ended by `until`, in the order of their ends: those after a place in it, at
/// most `limit`.
pub async fn ended(
    pool: &Pool,
    (at, id): (OffsetDateTime, Uuid),
    until: OffsetDateTime,
    limit: i64,
) -> Result<Vec<Ended>, sqlx::Error> {
    let rows = sqlx::query!(
        "-- intents.ended
        SELECT merchant_id, id, expires_at,
            status IN ('requires_payment', 'requires_action') AS \"is_open!\"
        FROM payment_intents
        WHERE expires_at >= $1 AND (expires_at, id) > ($1, $2) AND expires_at <= $3
        ORDER BY expires_at, id LIMIT $4",
        at,
        id,
        until,
        limit
    );
    let rows = rows.fetch_all(pool).await?;
    let ended = rows.into_iter().map(|row| Ended {
        merchant: MerchantId(row.merchant_id),
        intent: IntentId(row.id),
        at: row.expires_at,
        is_open: row.is_open,
    });
    Ok(ended.collect())
}
