//! SQL of payment intents. Attempts and refunds have stores of their own beside it.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

pub use super::filter::Filter;

use super::{
    Attempt, CancellationReason, Intent, LastError, LineItem, LineItemKind, Opening, State, Status,
    Sums, Terms, attempt, columns, columns::StoredLine,
};
use crate::{
    base::{
        db::Window,
        ids::{AttemptId, IntentId, LinkId, MerchantId, first_id},
        money::{Currency, CurrencyError, Money},
        names::UnknownName,
    },
    domain::threads::Thread,
};
use sqlx::{PgConnection, PgExecutor, PgPool, types::Json};
use std::{collections::BTreeMap, sync::Arc};
use time::OffsetDateTime;
use uuid::Uuid;

/// How far the time in an id may be from the time of its row: the one is a process's, the other
/// Postgres'.
const MARGIN: time::Duration = time::Duration::minutes(1);

struct Row {
    merchant_id: Uuid,
    id: Uuid,
    status: String,
    currency: String,
    amount: i64,
    amount_authorized: i64,
    amount_captured: i64,
    amount_refunded: i64,
    amount_refunding: i64,
    tip: Option<i64>,
    capture_method: String,
    description: Option<String>,
    reference: Option<String>,
    thread: Option<Json<Thread>>,
    line_items: Json<Vec<StoredLine>>,
    metadata: Json<BTreeMap<String, String>>,
    rail: String,
    payment_link_id: Option<Uuid>,
    open_attempt_id: Option<Uuid>,
    open_attempt_kind: Option<String>,
    charge_attempt_id: Option<Uuid>,
    last_error: Option<Json<LastError>>,
    cancellation_reason: Option<String>,
    event_sequence: i32,
    expires_at: OffsetDateTime,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

/// What can be wrong with a row that only this service writes.
#[derive(Debug, thiserror::Error)]
enum RowError {
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error(transparent)]
    Currency(#[from] CurrencyError),
    #[error("payment intent {0} is {1} and names no open attempt")]
    NoAttempt(IntentId, Status),
}

impl Row {
    fn state(&self) -> Result<State, RowError> {
        let status: Status = self.status.parse()?;
        let reason = || {
            self.cancellation_reason
                .as_deref()
                .map(str::parse::<CancellationReason>)
                .transpose()
        };
        let attempt = || {
            self.open_attempt_id
                .map(AttemptId)
                .ok_or(RowError::NoAttempt(IntentId(self.id), status))
        };
        Ok(match status {
            Status::RequiresPayment => State::RequiresPayment,
            Status::Processing => {
                let opening = match self.open_attempt_kind.as_deref() {
                    Some("capture") => Opening::Capture,
                    Some("void") => Opening::Void(reason()?),
                    Some(_) | None => Opening::Charge,
                };
                State::Processing(attempt()?, opening)
            }
            Status::RequiresAction => State::RequiresAction(attempt()?),
            Status::RequiresCapture => State::RequiresCapture,
            Status::Succeeded => State::Succeeded,
            Status::Canceled => State::Canceled(reason()?),
            Status::Expired => State::Expired,
        })
    }
}

impl TryFrom<Row> for Intent {
    type Error = RowError;

    fn try_from(row: Row) -> Result<Self, RowError> {
        let currency: Currency = row.currency.parse()?;
        let money = |minor| Money::new(minor, currency);
        let state = row.state()?;
        let line = |l: StoredLine| LineItem {
            kind: l.kind.unwrap_or(LineItemKind::Item),
            label: l.label,
            quantity: l.quantity,
            unit_amount: money(l.unit_amount),
        };
        let terms = Terms {
            amount: money(row.amount),
            tip: row.tip.map(money),
            capture_method: row.capture_method.parse()?,
            description: row.description,
            reference: row.reference,
            thread: row.thread.map(|thread| thread.0),
            line_items: row.line_items.0.into_iter().map(line).collect(),
            metadata: row.metadata.0,
            rail: row.rail.parse()?,
            payment_link: row.payment_link_id.map(LinkId),
            lifetime: row.expires_at - row.created_at,
        };
        let sums = Sums {
            authorized: money(row.amount_authorized),
            captured: money(row.amount_captured),
            refunded: money(row.amount_refunded),
            refunding: money(row.amount_refunding),
        };
        Ok(Self {
            id: IntentId(row.id),
            merchant: MerchantId(row.merchant_id),
            terms: Arc::new(terms),
            state,
            sums,
            last_error: row.last_error.map(|error| error.0),
            charge: row.charge_attempt_id.map(AttemptId),
            event_sequence: row.event_sequence,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn read(rows: Vec<Row>) -> Result<Vec<Intent>, sqlx::Error> {
    let intents = rows.into_iter().map(Intent::try_from);
    let intents = intents.map(|intent| intent.map_err(|e| sqlx::Error::Decode(e.into())));
    intents.collect()
}

/// The intents of a list, without those that this version cannot read: a newer one wrote a word
/// that it does not know. They must not hide the others.
fn readable(rows: Vec<Row>) -> Vec<Intent> {
    let read = rows.into_iter().filter_map(|row| {
        let id = IntentId(row.id);
        let read = Intent::try_from(row);
        read.inspect_err(|error| tracing::error!(%id, %error, "an intent cannot be read"))
            .ok()
    });
    read.collect()
}

/// Whose intent, and which.
pub type Name = (MerchantId, IntentId);

/// Loads the intents named.
pub async fn load(db: &mut PgConnection, names: &[Name]) -> Result<Vec<Intent>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|n| n.0.0).collect();
    let ids: Vec<Uuid> = names.iter().map(|n| n.1.0).collect();
    let rows = sqlx::query_as!(
        Row,
        "-- intents.load
        SELECT i.merchant_id, i.id, status, currency, amount, amount_authorized, amount_captured, amount_refunded, amount_refunding, tip,
            capture_method, description, reference, thread AS \"thread: Json<Thread>\", line_items AS \"line_items: Json<Vec<StoredLine>>\",
            metadata AS \"metadata: Json<BTreeMap<String, String>>\", rail, payment_link_id, open_attempt_id, open_attempt_kind, charge_attempt_id,
            last_error AS \"last_error: Json<LastError>\", cancellation_reason, event_sequence, expires_at, created_at, updated_at
        FROM (SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id) u
        CROSS JOIN LATERAL (
            SELECT x.merchant_id, x.id, x.status, x.currency, x.amount,
                x.amount_authorized, x.amount_captured, x.amount_refunded, x.amount_refunding,
                x.tip, x.capture_method, x.description, x.reference, x.thread, x.line_items,
                x.metadata, x.rail, x.payment_link_id, x.open_attempt_id, x.open_attempt_kind,
                x.charge_attempt_id, x.last_error, x.cancellation_reason, x.event_sequence,
                x.expires_at, x.created_at, x.updated_at
            FROM payment_intents x
            WHERE x.merchant_id = u.merchant_id AND x.id = u.id LIMIT 1
        ) i",
        &merchants, &ids
    );
    let rows = rows.fetch_all(db).await?;
    read(rows)
}

/// Stores what changes in intents and, since the two mostly come together and a batch pays for each
/// round trip, their new attempts.
pub async fn update_with_attempts(
    db: &mut PgConnection,
    (intents, attempts): (&[&Intent], &[&Attempt]),
) -> Result<(), sqlx::Error> {
    let (m, a) = (columns::moving(intents), attempt::store::columns(attempts));
    let update = sqlx::query!(
        "-- intents.update_with_attempts
        WITH attempted AS (
            INSERT INTO attempts (merchant_id, id, intent_id, refund_id, kind, status, rail, payment_method, amount, currency,
                decline_code, idempotency_key, ask_at, created_at, updated_at)
            SELECT UNNEST($15::uuid[]), UNNEST($16::uuid[]), UNNEST($17::uuid[]), UNNEST($18::uuid[]), UNNEST($19::text[]), UNNEST($20::text[]),
                UNNEST($21::text[]), UNNEST($22::text[]), UNNEST($23::bigint[]), UNNEST($24::text[]), UNNEST($25::text[]), UNNEST($26::text[]),
                UNNEST($27::timestamptz[]), UNNEST($28::timestamptz[]), UNNEST($29::timestamptz[]))
        UPDATE payment_intents i SET status = x.status, amount_authorized = x.authorized, amount_captured = x.captured,
            amount_refunded = x.refunded, amount_refunding = x.refunding, open_attempt_id = x.attempt, open_attempt_kind = x.kind,
            charge_attempt_id = x.charge, last_error = x.error::jsonb, cancellation_reason = x.reason, event_sequence = x.sequence, updated_at = x.updated_at
        FROM (SELECT f.ctid AS row, u.status, u.authorized, u.captured, u.refunded, u.refunding,
                u.attempt, u.kind, u.charge, u.error, u.reason, u.sequence, u.updated_at
            FROM (SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id, UNNEST($3::text[]) AS status, UNNEST($4::bigint[]) AS authorized,
                UNNEST($5::bigint[]) AS captured, UNNEST($6::bigint[]) AS refunded, UNNEST($7::bigint[]) AS refunding, UNNEST($8::uuid[]) AS attempt,
                UNNEST($9::text[]) AS kind, UNNEST($10::uuid[]) AS charge, UNNEST($11::text[]) AS error, UNNEST($12::text[]) AS reason,
                UNNEST($13::integer[]) AS sequence, UNNEST($14::timestamptz[]) AS updated_at) u
            CROSS JOIN LATERAL (SELECT ctid FROM payment_intents f WHERE f.merchant_id = u.merchant_id AND f.id = u.id LIMIT 1) f) x
        WHERE i.ctid = x.row",
        &m.merchants, &m.ids, &m.statuses as &[&str], &m.authorized, &m.captured, &m.refunded, &m.refunding,
        &m.attempts as &[Option<Uuid>], &m.kinds as &[Option<&str>], &m.charges as &[Option<Uuid>], &m.errors as &[Option<String>],
        &m.reasons as &[Option<&str>], &m.sequences, &m.updated,
        &a.merchants, &a.ids, &a.intents, &a.refunds as &[Option<Uuid>], &a.kinds as &[&str], &a.statuses as &[&str], &a.rails as &[&str],
        &a.methods as &[Option<String>], &a.amounts, &a.currencies as &[&str], &a.codes as &[Option<&str>], &a.keys as &[Option<&str>],
        &a.ask as &[Option<OffsetDateTime>], &a.created, &a.updated
    );
    update.execute(db).await.map(drop)
}

/// One intent of a merchant.
pub async fn get(
    db: impl PgExecutor<'_>,
    merchant: MerchantId,
    id: IntentId,
) -> Result<Option<Intent>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "-- intents.get
        SELECT merchant_id, id, status, currency, amount, amount_authorized, amount_captured, amount_refunded, amount_refunding, tip,
            capture_method, description, reference, thread AS \"thread: Json<Thread>\", line_items AS \"line_items: Json<Vec<StoredLine>>\",
            metadata AS \"metadata: Json<BTreeMap<String, String>>\", rail, payment_link_id, open_attempt_id, open_attempt_kind, charge_attempt_id,
            last_error AS \"last_error: Json<LastError>\", cancellation_reason, event_sequence, expires_at, created_at, updated_at
        FROM payment_intents WHERE merchant_id = $1 AND id = $2",
        merchant.0,
        id.0
    );
    Ok(read(row.fetch_all(db).await?)?.pop())
}

/// A merchant's intents, newest first, and whether there are more.
pub async fn list(
    pool: &PgPool,
    merchant: MerchantId,
    filter: &Filter,
    window: Window,
) -> Result<(Vec<Intent>, bool), sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "-- intents.list
        WITH wanted AS NOT MATERIALIZED (
            SELECT id FROM payment_intents WHERE merchant_id = $1
                AND ($5::text IS NULL OR status = $5) AND ($6::text IS NULL OR reference = $6)
                AND ($7::uuid IS NULL OR payment_link_id = $7) AND ($8::text IS NULL OR thread ->> 'channel' = $8)
                AND ($9::text IS NULL OR (thread IS NOT NULL AND thread ->> 'conversation' = $9))
                AND ($10::text IS NULL OR thread ->> 'thread' = $10)
                AND ($11::timestamptz IS NULL OR created_at >= $11)
                AND ($12::timestamptz IS NULL OR created_at < $12)
                -- Ids are in the order of time, and have an index.
                AND ($13::uuid IS NULL OR id >= $13) AND ($14::uuid IS NULL OR id < $14))
        SELECT merchant_id, i.id, status, currency, amount, amount_authorized, amount_captured, amount_refunded, amount_refunding, tip,
            capture_method, description, reference, thread AS \"thread: Json<Thread>\", line_items AS \"line_items: Json<Vec<StoredLine>>\",
            metadata AS \"metadata: Json<BTreeMap<String, String>>\", rail, payment_link_id, open_attempt_id, open_attempt_kind, charge_attempt_id,
            last_error AS \"last_error: Json<LastError>\", cancellation_reason, event_sequence, expires_at, created_at, updated_at
        FROM (
            (SELECT id FROM wanted WHERE $3::uuid IS NULL AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $4)
            UNION ALL
            (SELECT id FROM wanted WHERE id > $3 ORDER BY id ASC LIMIT $4)
        ) page CROSS JOIN LATERAL (
            SELECT x.merchant_id, x.id, x.status, x.currency, x.amount,
                x.amount_authorized, x.amount_captured, x.amount_refunded, x.amount_refunding,
                x.tip, x.capture_method, x.description, x.reference, x.thread, x.line_items,
                x.metadata, x.rail, x.payment_link_id, x.open_attempt_id, x.open_attempt_kind,
                x.charge_attempt_id, x.last_error, x.cancellation_reason, x.event_sequence,
                x.expires_at, x.created_at, x.updated_at
            FROM payment_intents x
            WHERE x.merchant_id = $1 AND x.id = page.id LIMIT 1
        ) i
        ORDER BY page.id DESC",
        merchant.0, window.older_than, window.newer_than, window.reach(),
        filter.status.map(Status::as_str), filter.reference, filter.payment_link.map(|l| l.0), filter.channel,
        filter.conversation, filter.thread, filter.created_from, filter.created_to,
        filter.created_from.map(|from| first_id(from.saturating_sub(MARGIN))),
        filter.created_to.map(|to| first_id(to.saturating_add(MARGIN)))
    );
    let (rows, has_more) = window.cut(rows.fetch_all(pool).await?);
    Ok((readable(rows), has_more))
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
    pool: &PgPool,
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
