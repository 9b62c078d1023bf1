//! SQL of the walk through a merchant's journal and events, a page at a time.

use crate::{
    base::ids::MerchantId,
    domain::ledger::{EntryHash, store::to_hash},
};
use sqlx::PgConnection;
use std::collections::HashMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// Where a merchant's books stand.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// Whose books.
    pub merchant: MerchantId,
    /// Whether the merchant's money is real.
    pub is_live: bool,
    /// The sequence of the last entry.
    pub entry_sequence: i64,
    /// The hash of the last entry.
    pub entry_hash: EntryHash,
    /// The sequence of the last event.
    pub event_sequence: i64,
    /// When the last entry was booked; none without books.
    pub booked_at: Option<OffsetDateTime>,
}

/// The books of the first merchant after `after`. A merchant without books has empty ones, which
/// hold as long as nothing was booked.
pub(super) async fn next_books(
    db: &mut PgConnection,
    after: Uuid,
    only: Option<Uuid>,
) -> Result<Option<Head>, sqlx::Error> {
    let row = sqlx::query!(
        r#"-- verify.next_books
        SELECT m.merchant_id, m.mode = 'live' AS "is_live!",
            b.entry_sequence AS "entry_sequence?", b.entry_hash AS "entry_hash?",
            b.event_sequence AS "event_sequence?", b.booked_at AS "booked_at?"
        FROM merchants m LEFT JOIN books b ON b.merchant_id = m.merchant_id
        WHERE m.merchant_id > $1 AND ($2::uuid IS NULL OR m.merchant_id = $2)
            ORDER BY m.merchant_id LIMIT 1"#,
        after,
        only
    );
    let row = row.fetch_optional(db).await?;
    Ok(row.map(|row| Head {
        merchant: MerchantId(row.merchant_id),
        is_live: row.is_live,
        entry_sequence: row.entry_sequence.unwrap_or(0),
        entry_hash: to_hash(&row.entry_hash.unwrap_or_default()),
        event_sequence: row.event_sequence.unwrap_or(0),
        booked_at: row.booked_at,
    }))
}

/// The first entry after a sequence, whatever is missing between.
pub(super) async fn next_sequence(
    db: &mut PgConnection,
    merchant: MerchantId,
    after: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let sequence = sqlx::query_scalar!(
        "-- verify.next_sequence
        SELECT sequence FROM journal_entries
        WHERE merchant_id = $1 AND sequence > $2 ORDER BY sequence LIMIT 1",
        merchant.0,
        after
    );
    sequence.fetch_optional(db).await
}

/// An event as it is stored.
#[derive(Clone, Debug)]
pub(super) struct EventRow {
    /// Its place in the feed.
    pub sequence: i64,
    /// Its id.
    pub id: Uuid,
    /// What happened.
    pub event_type: String,
    /// The payment intent that it is about.
    pub intent_id: Option<Uuid>,
    /// Its place among the events of its intent.
    pub intent_sequence: Option<i32>,
    /// The conversation that it belongs to, by which the feed is narrowed.
    pub conversation: Option<String>,
    /// Who caused it; not known of events from before this was kept.
    pub actor: Option<String>,
    /// When it happened.
    pub created_at: OffsetDateTime,
    /// Its JSON.
    pub payload: Vec<u8>,
}

/// The next events after a place in the feed, whatever is missing between.
pub(super) async fn next_events(
    db: &mut PgConnection,
    merchant: MerchantId,
    after: i64,
    limit: i64,
) -> Result<Vec<EventRow>, sqlx::Error> {
    let rows = sqlx::query_as!(
        EventRow,
        "-- verify.next_events
        SELECT sequence, id, type AS event_type, intent_id, intent_sequence, conversation,
            actor, created_at, payload
        FROM events
        WHERE merchant_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
        merchant.0,
        after,
        limit
    );
    rows.fetch_all(db).await
}

/// A refund, or an attempt that moved money.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    /// Its id.
    pub id: Uuid,
    /// `refund` of a refund, or what the attempt asks of the rail.
    pub kind: String,
    /// The payment intent.
    pub intent: Uuid,
    /// The refund.
    pub refund: Option<Uuid>,
    /// Its status.
    pub status: String,
    /// How much, in minor units.
    pub amount: i64,
    /// Of which currency.
    pub currency: String,
    /// The rail that an attempt asks.
    pub rail: Option<String>,
}

/// The refunds and attempts with these ids that are there.
pub(super) async fn causes(
    db: &mut PgConnection,
    merchant: MerchantId,
    refunds: &[Uuid],
    attempts: &[Uuid],
) -> Result<HashMap<Uuid, Cause>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Cause,
        r#"-- verify.causes
        SELECT r.id AS "id!", 'refund' AS "kind!", r.payment_intent_id AS "intent!", r.id AS refund,
            r.status AS "status!", r.amount AS "amount!", r.currency AS "currency!",
            NULL AS rail
        FROM (SELECT UNNEST($2::uuid[]) AS id) u
        CROSS JOIN LATERAL (
            SELECT r.id, r.payment_intent_id, r.status, r.amount, r.currency FROM refunds r
            WHERE r.merchant_id = $1 AND r.id = u.id LIMIT 1
        ) r
        UNION ALL
        SELECT a.id, a.kind, a.intent_id, a.refund_id, a.status, a.amount, a.currency, a.rail
        FROM (SELECT UNNEST($3::uuid[]) AS id) u
        CROSS JOIN LATERAL (
            SELECT a.id, a.kind, a.intent_id, a.refund_id, a.status, a.amount, a.currency, a.rail
            FROM attempts a WHERE a.merchant_id = $1 AND a.id = u.id LIMIT 1
        ) a"#,
        merchant.0,
        refunds,
        attempts
    );
    let rows = rows.fetch_all(db).await?;
    Ok(rows.into_iter().map(|cause| (cause.id, cause)).collect())
}
