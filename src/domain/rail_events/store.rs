//! SQL of what providers told.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays of texts"
)]

use super::{Name, RailEvent};
use crate::base::{
    db::{Pool, all_written},
    ids::{MerchantId, RailAccountId, RailEventId},
};
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

struct Row {
    merchant_id: Uuid,
    rail_account_id: Uuid,
    external_id: String,
    id: Uuid,
    event_type: String,
    body: Vec<u8>,
    received_at: OffsetDateTime,
}

impl From<Row> for RailEvent {
    fn from(row: Row) -> Self {
        Self {
            id: RailEventId(row.id),
            merchant: MerchantId(row.merchant_id),
            account: RailAccountId(row.rail_account_id),
            external_id: row.external_id,
            event_type: row.event_type,
            body: row.body,
            received_at: row.received_at,
        }
    }
}

/// Those of these events that came before.
pub async fn load(db: impl PgExecutor<'_>, names: &[Name]) -> Result<Vec<RailEvent>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|name| name.0.0).collect();
    let accounts: Vec<Uuid> = names.iter().map(|name| name.1.0).collect();
    let externals: Vec<&str> = names.iter().map(|name| name.2.as_str()).collect();
    let rows = sqlx::query_as!(
        Row,
        "-- rail_events.load
        SELECT e.merchant_id, e.rail_account_id, e.external_id, e.id, e.event_type, e.body,
            e.received_at
        FROM UNNEST($1::uuid[], $2::uuid[], $3::text[]) AS u (merchant_id, account, external_id)
        CROSS JOIN LATERAL (
            SELECT f.merchant_id, f.rail_account_id, f.external_id, f.id, f.event_type, f.body,
                f.received_at
            FROM rail_events f
            WHERE f.merchant_id = u.merchant_id AND f.rail_account_id = u.account
                AND f.external_id = u.external_id
            LIMIT 1
        ) e",
        &merchants,
        &accounts,
        &externals as &[&str]
    );
    let rows = rows.fetch_all(db).await?;
    Ok(rows.into_iter().map(RailEvent::from).collect())
}

/// One event that was not handled yet.
pub async fn waiting(
    pool: &Pool,
    merchant: MerchantId,
    id: RailEventId,
) -> Result<Option<RailEvent>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "-- rail_events.waiting
        SELECT merchant_id, rail_account_id, external_id, id, event_type, body, received_at
        FROM rail_events WHERE merchant_id = $1 AND id = $2 AND handled_at IS NULL",
        merchant.0,
        id.0
    );
    Ok(row.fetch_optional(pool).await?.map(RailEvent::from))
}

/// Keeps new events.
pub async fn insert(db: &mut PgConnection, events: &[&RailEvent]) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = events.iter().map(|e| e.merchant.0).collect();
    let accounts: Vec<Uuid> = events.iter().map(|e| e.account.0).collect();
    let externals: Vec<&str> = events.iter().map(|e| e.external_id.as_str()).collect();
    let ids: Vec<Uuid> = events.iter().map(|e| e.id.0).collect();
    let types: Vec<&str> = events.iter().map(|e| e.event_type.as_str()).collect();
    let bodies: Vec<&[u8]> = events.iter().map(|e| e.body.as_slice()).collect();
    let received: Vec<OffsetDateTime> = events.iter().map(|e| e.received_at).collect();
    let insert = sqlx::query!(
        "-- rail_events.insert
        INSERT INTO rail_events (
            merchant_id, rail_account_id, external_id, id, event_type, body, received_at
        )
        SELECT
            UNNEST($1::uuid[]), UNNEST($2::uuid[]), UNNEST($3::text[]), UNNEST($4::uuid[]),
            UNNEST($5::text[]), UNNEST($6::bytea[]), UNNEST($7::timestamptz[])",
        &merchants,
        &accounts,
        &externals as &[&str],
        &ids,
        &types as &[&str],
        &bodies as &[&[u8]],
        &received
    );
    all_written(insert.execute(db).await?, events.len())
}

/// Says that what an event tells was found out.
pub async fn handled(
    pool: &Pool,
    merchant: MerchantId,
    id: RailEventId,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let update = sqlx::query!(
        "-- rail_events.handled
        UPDATE rail_events SET handled_at = $3 WHERE merchant_id = $1 AND id = $2",
        merchant.0,
        id.0,
        now
    );
    update.execute(pool).await.map(drop)
}

/// Forgets events that were handled before then, at most so many; says how many.
pub async fn forget(pool: &Pool, before: OffsetDateTime, limit: i64) -> Result<u64, sqlx::Error> {
    let delete = sqlx::query!(
        "-- rail_events.forget
        DELETE FROM rail_events WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM rail_events WHERE handled_at < $1 ORDER BY handled_at LIMIT $2))",
        before,
        limit
    );
    delete.execute(pool).await.map(|done| done.rows_affected())
}
