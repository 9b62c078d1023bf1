//! SQL of payment intents. Attempts and refunds have stores of their own beside it.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

pub use super::{columns::Name, filter::Filter};

use super::{
    Attempt, Intent, LastError, Status, attempt,
    columns::{Mutable, Row, StoredLine},
};
use crate::base::db::Pool;
use crate::{
    base::{
        db::{Unreadable, Window, all_written},
        ids::{IntentId, MerchantId, first_id},
    },
    domain::threads::Thread,
};
use sqlx::{PgConnection, PgExecutor, types::Json};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// How far the time in an id may be from the time of its row: the one is a process's, the other
/// Postgres'.
const MARGIN: time::Duration = time::Duration::minutes(1);

/// Loads the intents named.
pub async fn load(
    db: impl PgExecutor<'_>,
    names: &[Name],
) -> Result<Vec<Result<Intent, Unreadable<Name>>>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|n| n.0.0).collect();
    let ids: Vec<Uuid> = names.iter().map(|n| n.1.0).collect();
    let rows = sqlx::query_file_as!(Row, "src/domain/intents/load.sql", &merchants, &ids);
    let rows = rows.fetch_all(db).await?;
    Ok(rows.into_iter().map(Row::read).collect())
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
        &m.reasons as &[Option<&str>],
        &m.sequences,
        &m.updated,
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

/// A merchant's intents, newest first, and whether there are more.
pub async fn list(
    pool: &Pool,
    merchant: MerchantId,
    filter: &Filter,
    window: Window,
) -> Result<(Vec<Intent>, bool), sqlx::Error> {
    pool.again(|| async {
    let ids = sqlx::query_scalar!(
        r#"-- intents.list
        WITH wanted AS NOT MATERIALIZED (
            SELECT id FROM payment_intents
            WHERE merchant_id = $1
                AND ($5::text IS NULL OR status = $5)
                AND ($6::text IS NULL OR reference = $6)
                AND ($7::uuid IS NULL OR payment_link_id = $7)
                AND ($8::text IS NULL OR thread ->> 'channel' = $8)
                AND ($9::text IS NULL
                    OR (thread IS NOT NULL AND thread ->> 'conversation' = $9))
                AND ($10::text IS NULL OR thread ->> 'thread' = $10)
                AND ($11::timestamptz IS NULL OR created_at >= $11)
                AND ($12::timestamptz IS NULL OR created_at < $12)
                -- Ids are in the order of time, and have an index.
                AND ($13::uuid IS NULL OR id >= $13)
                AND ($14::uuid IS NULL OR id < $14)
        )
        SELECT page.id AS "id!"
        FROM (
            (
                SELECT id FROM wanted
                WHERE $3::uuid IS NULL AND ($2::uuid IS NULL OR id < $2)
                ORDER BY id DESC LIMIT $4
            )
            UNION ALL
            (SELECT id FROM wanted WHERE id > $3 ORDER BY id ASC LIMIT $4)
        ) page
        ORDER BY page.id DESC"#,
        merchant.0,
        window.older_than,
        window.newer_than,
        window.reach(),
        filter.status.map(Status::as_str),
        filter.reference,
        filter.payment_link.map(|l| l.0),
        filter.channel,
        filter.conversation,
        filter.thread,
        filter.created_from,
        filter.created_to,
        filter
            .created_from
            .map(|from| first_id(from.saturating_sub(MARGIN))),
        filter
            .created_to
            .map(|to| first_id(to.saturating_add(MARGIN)))
    );
    let mut db = pool.acquire().await?;
    let (ids, has_more) = window.cut(ids.fetch_all(&mut *db).await?);
    let names: Vec<Name> = ids.iter().map(|id| (merchant, IntentId(*id))).collect();
    // They are never deleted, so all are found, in the order of their names. One that a newer
    // version wrote, with a word that this one does not know, hides no other.
    let intents = load(&mut *db, &names).await?.into_iter().filter_map(|read| {
        let fault = |row: &Unreadable<Name>| tracing::error!(id = %row.name.1, error = %row.fault, "an intent cannot be read");
        read.inspect_err(fault).ok()
    });
    Ok((intents.collect(), has_more))
    })
    .await
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
