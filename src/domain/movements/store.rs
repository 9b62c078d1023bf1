//! SQL of movements.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

use super::{Done, Movement, MovementStatus, Resolution};
use crate::base::{
    db::{Part, Pool, Unreadable, Window, all_written, query_listed, readable},
    ids::{AttemptId, EntryId, IntentId, MerchantId, MovementId, RailAccountId},
    money::{CurrencyError, Money},
    names::UnknownName,
};
use crate::domain::rails::{Rail, Route};
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

struct Row {
    merchant_id: Uuid,
    id: Uuid,
    rail: String,
    rail_account_id: Option<Uuid>,
    external_id: String,
    direction: String,
    amount: i64,
    currency: String,
    reason: String,
    payment_intent_id: Option<Uuid>,
    attempt_id: Option<Uuid>,
    entry_id: Uuid,
    occurred_at: OffsetDateTime,
    resolution: Option<String>,
    resolution_intent_id: Option<Uuid>,
    resolution_attempt_id: Option<Uuid>,
    resolution_entry_id: Option<Uuid>,
    resolution_reason: Option<String>,
    resolved_by: Option<String>,
    resolved_at: Option<OffsetDateTime>,
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
}

/// Whose movement, and which.
pub type Name = (MerchantId, MovementId);

/// Whose movement, at which rail, and what the rail calls it.
pub type ExternalName = (MerchantId, Rail, String);

impl Row {
    fn read(self) -> Result<Movement, Unreadable<Name>> {
        let name = (MerchantId(self.merchant_id), MovementId(self.id));
        Movement::try_from(self).map_err(|error| Unreadable::new(name, error))
    }
}

impl TryFrom<Row> for Movement {
    type Error = RowError;

    fn try_from(row: Row) -> Result<Self, RowError> {
        let action = row.resolution.as_deref().map(str::parse::<Done>);
        // The schema holds that whoever decides what to do is named, and the time.
        let decided = action
            .transpose()?
            .zip(row.resolved_by.zip(row.resolved_at));
        let resolution = decided.map(|(action, (by, at))| Resolution {
            action,
            intent: row.resolution_intent_id.map(IntentId),
            attempt: row.resolution_attempt_id.map(AttemptId),
            entry: row.resolution_entry_id.map(EntryId),
            reason: row.resolution_reason,
            by,
            at,
        });
        Ok(Self {
            id: MovementId(row.id),
            merchant: MerchantId(row.merchant_id),
            route: Route {
                rail: row.rail.parse()?,
                account: row.rail_account_id.map(RailAccountId),
            },
            external_id: row.external_id,
            flow: row.direction.parse()?,
            amount: Money::new(row.amount, row.currency.parse()?),
            reason: row.reason.parse()?,
            intent: row.payment_intent_id.map(IntentId),
            attempt: row.attempt_id.map(AttemptId),
            entry: EntryId(row.entry_id),
            occurred_at: row.occurred_at,
            resolution,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Loads the movements named.
pub async fn load(
    db: impl PgExecutor<'_>,
    names: &[Name],
) -> Result<Vec<Result<Movement, Unreadable<Name>>>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|n| n.0.0).collect();
    let ids: Vec<Uuid> = names.iter().map(|n| n.1.0).collect();
    let rows = sqlx::query_as!(
        Row,
        "-- movements.load
        SELECT m.merchant_id, m.id, m.rail, m.rail_account_id, m.external_id, m.direction,
            m.amount, m.currency, m.reason, m.payment_intent_id, m.attempt_id, m.entry_id,
            m.occurred_at, m.resolution,
            m.resolution_intent_id, m.resolution_attempt_id, m.resolution_entry_id,
            m.resolution_reason, m.resolved_by, m.resolved_at, m.created_at, m.updated_at
        FROM (SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id) u
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM movements f
            WHERE f.merchant_id = u.merchant_id AND f.id = u.id
            LIMIT 1
        ) f
        JOIN movements m ON m.ctid = f.row",
        &merchants,
        &ids
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    Ok(rows.map(Row::read).collect())
}

/// The names of movements that rails call so.
pub async fn named(
    db: impl PgExecutor<'_>,
    names: &[ExternalName],
) -> Result<Vec<Name>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|n| n.0.0).collect();
    let rails: Vec<&str> = names.iter().map(|n| n.1.as_str()).collect();
    let ids: Vec<&str> = names.iter().map(|n| n.2.as_str()).collect();
    let rows = sqlx::query!(
        "-- movements.named
        SELECT m.merchant_id, m.id
        FROM (
            SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::text[]) AS rail,
                UNNEST($3::text[]) AS external_id
        ) u
        CROSS JOIN LATERAL (
            SELECT f.merchant_id, f.id FROM movements f
            WHERE f.merchant_id = u.merchant_id AND f.rail = u.rail
                AND f.external_id = u.external_id
            OFFSET 0
        ) m",
        &merchants,
        &rails as &[&str],
        &ids as &[&str]
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    Ok(rows
        .map(|row| (MerchantId(row.merchant_id), MovementId(row.id)))
        .collect())
}

crate::columns! {
    /// What never changes in movements.
    pub struct Columns of Movement {
        /// Whose they are.
        merchants: Uuid = |m| m.merchant.0;
        /// Their ids.
        ids: Uuid = |m| m.id.0;
        /// Where they moved.
        rails: &'static str = |m| m.route.rail.as_str();
        /// As whom the merchant is there.
        accounts: Option<Uuid> = |m| m.route.account.map(|id| id.0);
        /// What the rails call them.
        externals: &'a str = |m| m.external_id.as_str();
        /// Whether money came or went.
        flows: &'static str = |m| m.flow.as_str();
        /// How much, in minor units.
        amounts: i64 = |m| m.amount.minor();
        /// ISO 4217 codes.
        currencies: &'static str = |m| m.amount.currency().code();
        /// Why nothing waits for them.
        reasons: &'static str = |m| m.reason.as_str();
        /// The intents that they are probably for.
        intents: Option<Uuid> = |m| m.intent.map(|id| id.0);
        /// The attempts that they were told of.
        attempts: Option<Uuid> = |m| m.attempt.map(|id| id.0);
        /// The entries that booked them.
        entries: Uuid = |m| m.entry.0;
        /// When they moved.
        occurred: OffsetDateTime = |m| m.occurred_at;
        /// When they were heard of.
        created: OffsetDateTime = |m| m.created_at;
    }
}

/// Stores new movements: nothing is decided about them yet.
pub async fn insert(db: &mut PgConnection, movements: &[&Movement]) -> Result<(), sqlx::Error> {
    let c = Columns::of(movements);
    let insert = sqlx::query!(
        "-- movements.insert
        INSERT INTO movements (
            merchant_id, id, rail, external_id, direction, amount, currency, reason,
            payment_intent_id, attempt_id, entry_id, occurred_at, created_at, updated_at,
            rail_account_id
        )
        SELECT
            UNNEST($1::uuid[]), UNNEST($2::uuid[]), UNNEST($3::text[]), UNNEST($4::text[]),
            UNNEST($5::text[]), UNNEST($6::bigint[]), UNNEST($7::text[]), UNNEST($8::text[]),
            UNNEST($9::uuid[]), UNNEST($10::uuid[]), UNNEST($11::uuid[]),
            UNNEST($12::timestamptz[]), UNNEST($13::timestamptz[]), UNNEST($13::timestamptz[]),
            UNNEST($14::uuid[])",
        &c.merchants,
        &c.ids,
        &c.rails as &[&str],
        &c.externals as &[&str],
        &c.flows as &[&str],
        &c.amounts,
        &c.currencies as &[&str],
        &c.reasons as &[&str],
        &c.intents as &[Option<Uuid>],
        &c.attempts as &[Option<Uuid>],
        &c.entries,
        &c.occurred,
        &c.created,
        &c.accounts as &[Option<Uuid>]
    );
    insert.execute(db).await.map(drop)
}

crate::columns! {
    /// What changes in movements.
    pub struct Changes of Movement {
        /// Whose they are.
        merchants: Uuid = |m| m.merchant.0;
        /// Their ids.
        ids: Uuid = |m| m.id.0;
        /// What is done with them.
        actions: Option<&'static str> = |m| m.resolution.as_ref().map(|r| r.action.as_str());
        /// The intents that they went to.
        intents: Option<Uuid> = |m| m.resolution.as_ref()?.intent.map(|id| id.0);
        /// The attempts at giving them back.
        attempts: Option<Uuid> = |m| m.resolution.as_ref()?.attempt.map(|id| id.0);
        /// The entries that took them out of suspense.
        entries: Option<Uuid> = |m| m.resolution.as_ref()?.entry.map(|id| id.0);
        /// Why, in the words of those who decided.
        reasons: Option<&'a str> = |m| m.resolution.as_ref()?.reason.as_deref();
        /// Who decided.
        deciders: Option<&'a str> = |m| m.resolution.as_ref().map(|r| r.by.as_str());
        /// When.
        decided: Option<OffsetDateTime> = |m| m.resolution.as_ref().map(|r| r.at);
        /// When they last changed.
        updated: OffsetDateTime = |m| m.updated_at;
    }
}

/// Stores what changes in movements.
pub async fn update(db: &mut PgConnection, movements: &[&Movement]) -> Result<(), sqlx::Error> {
    let c = Changes::of(movements);
    let update = sqlx::query!(
        "-- movements.update
        UPDATE movements m SET
            resolution = u.action,
            resolution_intent_id = u.intent,
            resolution_attempt_id = u.attempt,
            resolution_entry_id = u.entry,
            resolution_reason = u.reason,
            resolved_by = u.decider,
            resolved_at = u.decided,
            updated_at = u.updated_at
        FROM (
            SELECT
                UNNEST($1::uuid[]) AS merchant_id,
                UNNEST($2::uuid[]) AS id,
                UNNEST($3::text[]) AS action,
                UNNEST($4::uuid[]) AS intent,
                UNNEST($5::uuid[]) AS attempt,
                UNNEST($6::uuid[]) AS entry,
                UNNEST($7::text[]) AS reason,
                UNNEST($8::text[]) AS decider,
                UNNEST($9::timestamptz[]) AS decided,
                UNNEST($10::timestamptz[]) AS updated_at
        ) u
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM movements f
            WHERE f.merchant_id = u.merchant_id AND f.id = u.id
            LIMIT 1
        ) f
        WHERE m.ctid = f.row",
        &c.merchants,
        &c.ids,
        &c.actions as &[Option<&str>],
        &c.intents as &[Option<Uuid>],
        &c.attempts as &[Option<Uuid>],
        &c.entries as &[Option<Uuid>],
        &c.reasons as &[Option<&str>],
        &c.deciders as &[Option<&str>],
        &c.decided as &[Option<OffsetDateTime>],
        &c.updated
    );
    all_written(update.execute(db).await?, movements.len())
}

/// One movement of a merchant.
pub async fn get(
    pool: &Pool,
    merchant: MerchantId,
    id: MovementId,
) -> Result<Option<Movement>, sqlx::Error> {
    let found = load(pool, &[(merchant, id)]).await?.pop();
    Ok(found.transpose()?)
}

/// Which movements a list holds; all of the merchant's where nothing is said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Those of this status.
    pub status: Option<MovementStatus>,
    /// Those that are probably for this intent.
    pub intent: Option<IntentId>,
}

/// A part of a merchant's movements.
pub async fn list(
    pool: &Pool,
    merchant: MerchantId,
    filter: Filter,
    window: Window,
) -> Result<Part<Movement>, sqlx::Error> {
    let seen = query_listed!(
        "-- movements.list
        WITH listed AS NOT MATERIALIZED (
            -- The status has no index: $7.
            SELECT id,
                ($7::text IS NULL OR ($7 = 'resolved') = (resolution_entry_id IS NOT NULL))
                    AS is_wanted
            FROM movements
            -- What has an index: $6.
            WHERE merchant_id = $1 AND ($6::uuid IS NULL OR payment_intent_id = $6)
        )",
        merchant,
        window,
        filter.intent.map(|id| id.0),
        filter.status.map(MovementStatus::as_str),
    );
    let part = window.part(seen.fetch_all(pool).await?);
    let names = part.names(|id| (merchant, MovementId(id)));
    // They are never deleted, so all are found, in the order of their names.
    let movements = readable(load(pool, &names).await?);
    Ok(part.with(movements))
}
