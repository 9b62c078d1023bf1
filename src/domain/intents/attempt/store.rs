//! SQL of attempts.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

use super::Attempt;
use crate::{
    base::{
        db::{
            NotKnown, Part, Pool, Stored, Unreadable, Window, all_written, query_listed, readable,
        },
        ids::{AttemptId, IntentId, MerchantId, MovementId, RailAccountId, RefundId},
        money::{CurrencyError, Money},
        names::UnknownName,
    },
    domain::rails::{DeclineCode, NextAction, PaymentMethod, Rail, Route},
};
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

struct Row {
    merchant_id: Uuid,
    id: Uuid,
    intent_id: Uuid,
    refund_id: Option<Uuid>,
    charge_id: Option<Uuid>,
    movement_id: Option<Uuid>,
    released_by: Option<Uuid>,
    kind: String,
    status: String,
    rail: String,
    rail_account_id: Option<Uuid>,
    payment_method: Option<String>,
    rail_reference: Option<String>,
    next_action: Option<Stored<NextAction>>,
    request: Option<String>,
    expires_at: Option<OffsetDateTime>,
    external_id: Option<String>,
    amount: i64,
    currency: String,
    decline_code: Option<String>,
    idempotency_key: Option<String>,
    key_fingerprint: Option<Vec<u8>>,
    ask_at: Option<OffsetDateTime>,
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
    #[error(transparent)]
    Json(#[from] NotKnown),
}

impl TryFrom<Row> for Attempt {
    type Error = RowError;

    fn try_from(row: Row) -> Result<Self, RowError> {
        let rail: Rail = row.rail.parse()?;
        Ok(Self {
            id: AttemptId(row.id),
            merchant: MerchantId(row.merchant_id),
            intent: IntentId(row.intent_id),
            refund: row.refund_id.map(RefundId),
            charge: row.charge_id.map(AttemptId),
            movement: row.movement_id.map(MovementId),
            released_by: row.released_by.map(AttemptId),
            kind: row.kind.parse()?,
            status: row.status.parse()?,
            route: Route {
                rail,
                account: row.rail_account_id.map(RailAccountId),
            },
            method: row
                .payment_method
                .map(|name| PaymentMethod::parse(rail, &name))
                .transpose()?,
            reference: row.rail_reference,
            next_action: row.next_action.map(Stored::read).transpose()?.map(Box::new),
            request: row.request,
            expires_at: row.expires_at,
            external_id: row.external_id,
            amount: Money::new(row.amount, row.currency.parse()?),
            decline_code: row
                .decline_code
                .map(|code| code.parse::<DeclineCode>())
                .transpose()?,
            idempotency_key: row.idempotency_key,
            // The schema holds it to 32 bytes.
            key_fingerprint: row.key_fingerprint.and_then(|f| f.try_into().ok()),
            ask_at: row.ask_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Whose attempt, and which.
pub type Name = (MerchantId, AttemptId);

/// Loads the attempts named.
pub async fn load(
    db: impl PgExecutor<'_>,
    names: &[Name],
) -> Result<Vec<Result<Attempt, Unreadable<Name>>>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|n| n.0.0).collect();
    let ids: Vec<Uuid> = names.iter().map(|n| n.1.0).collect();
    let rows = sqlx::query_as!(
        Row,
        "-- attempts.load
        SELECT a.merchant_id, a.id, a.intent_id, a.refund_id, a.charge_id, a.movement_id,
            a.released_by, a.kind, a.status, a.rail, a.rail_account_id, a.payment_method,
            a.rail_reference, a.next_action AS \"next_action: Stored<NextAction>\",
            a.request, a.expires_at, a.external_id, a.amount, a.currency, a.decline_code,
            a.idempotency_key, a.key_fingerprint, a.ask_at, a.created_at, a.updated_at
        FROM (SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id) u
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM attempts f
            WHERE f.merchant_id = u.merchant_id AND f.id = u.id
            LIMIT 1
        ) f
        JOIN attempts a ON a.ctid = f.row",
        &merchants,
        &ids
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    let read = rows.map(|row| {
        let name = (MerchantId(row.merchant_id), AttemptId(row.id));
        Attempt::try_from(row).map_err(|error| Unreadable::new(name, error))
    });
    Ok(read.collect())
}

/// Attempts as the columns of their table.
#[derive(Debug)]
pub struct Columns<'a> {
    /// Whose they are.
    pub merchants: Vec<Uuid>,
    /// Their ids.
    pub ids: Vec<Uuid>,
    /// The intents that they are for.
    pub intents: Vec<Uuid>,
    /// The refunds that they are for.
    pub refunds: Vec<Option<Uuid>>,
    /// The charges that they are about.
    pub charges: Vec<Option<Uuid>>,
    /// The movements that they are about.
    pub movements: Vec<Option<Uuid>>,
    /// The voids that let go of what they hold.
    pub released: Vec<Option<Uuid>>,
    /// What they ask of the rail.
    pub kinds: Vec<&'static str>,
    /// What is known of them.
    pub statuses: Vec<&'static str>,
    /// The rails that they ask.
    pub rails: Vec<&'static str>,
    /// As whom.
    pub accounts: Vec<Option<Uuid>>,
    /// What pays.
    pub methods: Vec<Option<String>>,
    /// What they are called at the rails.
    pub references: Vec<Option<&'a str>>,
    /// What their payers must do, as JSON.
    pub actions: Vec<Option<String>>,
    /// What the rails are sent.
    pub requests: Vec<Option<&'a str>>,
    /// Until when their payers may pay.
    pub expire: Vec<Option<OffsetDateTime>>,
    /// What the rails call the money that came by them.
    pub externals: Vec<Option<&'a str>>,
    /// How much they are about, in minor units.
    pub amounts: Vec<i64>,
    /// ISO 4217 codes.
    pub currencies: Vec<&'static str>,
    /// Why they were refused.
    pub codes: Vec<Option<&'static str>>,
    /// The keys of the requests that wait for them.
    pub keys: Vec<Option<&'a str>>,
    /// What these requests are.
    pub fingerprints: Vec<Option<&'a [u8]>>,
    /// When a worker asks what became of them.
    pub ask: Vec<Option<OffsetDateTime>>,
    /// When they were made.
    pub created: Vec<OffsetDateTime>,
    /// When they last changed.
    pub updated: Vec<OffsetDateTime>,
}

fn stored_action(attempt: &Attempt) -> Option<String> {
    let action = attempt.next_action.as_ref()?;
    serde_json::to_string(action).ok()
}

/// The columns of these attempts.
pub fn columns<'a>(attempts: &[&'a Attempt]) -> Columns<'a> {
    let codes = attempts.iter().map(|a| a.decline_code);
    Columns {
        merchants: attempts.iter().map(|a| a.merchant.0).collect(),
        ids: attempts.iter().map(|a| a.id.0).collect(),
        intents: attempts.iter().map(|a| a.intent.0).collect(),
        refunds: attempts.iter().map(|a| a.refund.map(|r| r.0)).collect(),
        charges: attempts.iter().map(|a| a.charge.map(|c| c.0)).collect(),
        movements: attempts.iter().map(|a| a.movement.map(|m| m.0)).collect(),
        released: attempts
            .iter()
            .map(|a| a.released_by.map(|v| v.0))
            .collect(),
        kinds: attempts.iter().map(|a| a.kind.as_str()).collect(),
        statuses: attempts.iter().map(|a| a.status.as_str()).collect(),
        rails: attempts.iter().map(|a| a.route.rail.as_str()).collect(),
        accounts: attempts
            .iter()
            .map(|a| a.route.account.map(|id| id.0))
            .collect(),
        references: attempts.iter().map(|a| a.reference.as_deref()).collect(),
        actions: attempts.iter().map(|a| stored_action(a)).collect(),
        requests: attempts.iter().map(|a| a.request.as_deref()).collect(),
        expire: attempts.iter().map(|a| a.expires_at).collect(),
        externals: attempts.iter().map(|a| a.external_id.as_deref()).collect(),
        methods: attempts
            .iter()
            .map(|a| a.method.map(|m| m.to_string()))
            .collect(),
        amounts: attempts.iter().map(|a| a.amount.minor()).collect(),
        currencies: attempts
            .iter()
            .map(|a| a.amount.currency().code())
            .collect(),
        codes: codes.map(|code| code.map(DeclineCode::as_str)).collect(),
        keys: attempts
            .iter()
            .map(|a| a.idempotency_key.as_deref())
            .collect(),
        fingerprints: attempts
            .iter()
            .map(|a| a.key_fingerprint.as_ref().map(<[u8; 32]>::as_slice))
            .collect(),
        ask: attempts.iter().map(|a| a.ask_at).collect(),
        created: attempts.iter().map(|a| a.created_at).collect(),
        updated: attempts.iter().map(|a| a.updated_at).collect(),
    }
}

/// Stores what changes in attempts. New ones are stored with the intents that wait for them
/// (`intents/update_with_attempts.sql`).
pub async fn update(db: &mut PgConnection, attempts: &[&Attempt]) -> Result<(), sqlx::Error> {
    let c = columns(attempts);
    let update = sqlx::query!(
        "-- attempts.update
        UPDATE attempts a SET
            status = u.status,
            decline_code = u.code,
            ask_at = u.ask_at,
            released_by = u.released_by,
            external_id = u.external_id,
            rail_reference = u.reference,
            next_action = u.action,
            updated_at = u.updated_at
        FROM (
            SELECT
                UNNEST($1::uuid[]) AS merchant_id,
                UNNEST($2::uuid[]) AS id,
                UNNEST($3::text[]) AS status,
                UNNEST($4::text[]) AS code,
                UNNEST($5::timestamptz[]) AS ask_at,
                UNNEST($6::uuid[]) AS released_by,
                UNNEST($7::text[]) AS external_id,
                UNNEST($8::timestamptz[]) AS updated_at,
                UNNEST($9::text[]) AS reference,
                UNNEST($10::text[])::jsonb AS action
        ) u
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM attempts f
            WHERE f.merchant_id = u.merchant_id AND f.id = u.id
            LIMIT 1
        ) f
        WHERE a.ctid = f.row",
        &c.merchants,
        &c.ids,
        &c.statuses as &[&str],
        &c.codes as &[Option<&str>],
        &c.ask as &[Option<OffsetDateTime>],
        &c.released as &[Option<Uuid>],
        &c.externals as &[Option<&str>],
        &c.updated,
        &c.references as &[Option<&str>],
        &c.actions as &[Option<String>]
    );
    all_written(update.execute(db).await?, attempts.len())
}

/// A part of the attempts of an intent.
pub async fn list(
    pool: &Pool,
    merchant: MerchantId,
    intent: IntentId,
    window: Window,
) -> Result<Part<Attempt>, sqlx::Error> {
    let seen = query_listed!(
        "-- attempts.list
        WITH listed AS NOT MATERIALIZED (
            SELECT id, true AS is_wanted FROM attempts WHERE merchant_id = $1 AND intent_id = $6
        )",
        merchant,
        window,
        intent.0,
    );
    let part = window.part(seen.fetch_all(pool).await?);
    let names = part.names(|id| (merchant, AttemptId(id)));
    // They are never deleted, so all are found, in the order of their names.
    let attempts = readable(load(pool, &names).await?);
    Ok(part.with(attempts))
}

/// One attempt, with the attempt that charged the payer of its intent.
pub async fn get(
    pool: &Pool,
    merchant: MerchantId,
    id: AttemptId,
) -> Result<Option<(Attempt, Option<AttemptId>)>, sqlx::Error> {
    let found = load(pool, &[(merchant, id)]).await?.pop();
    let Some(attempt) = found.transpose()? else {
        return Ok(None);
    };
    let charge = sqlx::query_scalar!(
        "-- attempts.charge_of_intent
        SELECT charge_attempt_id FROM payment_intents WHERE merchant_id = $1 AND id = $2",
        merchant.0,
        attempt.intent.0
    );
    let charge = charge.fetch_optional(pool).await?.flatten();
    Ok(Some((attempt, charge.map(AttemptId))))
}
