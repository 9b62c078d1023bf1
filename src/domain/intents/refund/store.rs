//! SQL of refunds.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

use super::{Refund, RefundStatus};
use crate::base::{
    db::{Part, Pool, Unreadable, Window, all_written, query_listed, readable},
    ids::{IntentId, MerchantId, RefundId, made_between},
    money::{CurrencyError, Money},
    names::Word,
};
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

struct Row {
    merchant_id: Uuid,
    id: Uuid,
    payment_intent_id: Uuid,
    status: String,
    amount: i64,
    currency: String,
    reason: Option<String>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl Row {
    /// The refund. Its status may be a word of a newer version.
    fn read(self) -> Result<Refund, Unreadable<Name>> {
        let name = (MerchantId(self.merchant_id), RefundId(self.id));
        let currency = self.currency.parse();
        let currency = currency.map_err(|error: CurrencyError| Unreadable::new(name, error))?;
        Ok(Refund {
            id: name.1,
            merchant: name.0,
            intent: IntentId(self.payment_intent_id),
            status: Word::read(self.status),
            amount: Money::new(self.amount, currency),
            reason: self.reason,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Whose refund, and which.
pub type Name = (MerchantId, RefundId);

/// Loads the refunds named, to be changed: so each must be one that this version knows how to change.
pub async fn load(
    db: impl PgExecutor<'_>,
    names: &[Name],
) -> Result<Vec<Result<Refund, Unreadable<Name>>>, sqlx::Error> {
    let rows = rows(db, names).await?.into_iter();
    let read = rows.map(|row| {
        let refund = row.read()?;
        match &refund.status {
            Word::Known(_) => Ok(refund),
            Word::Other(word) => {
                let fault = format!("{word:?} is no status of a refund");
                Err(Unreadable::new((refund.merchant, refund.id), fault))
            }
        }
    });
    Ok(read.collect())
}

async fn rows(db: impl PgExecutor<'_>, names: &[Name]) -> Result<Vec<Row>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|n| n.0.0).collect();
    let ids: Vec<Uuid> = names.iter().map(|n| n.1.0).collect();
    let rows = sqlx::query_as!(
        Row,
        "-- refunds.load
        SELECT r.merchant_id, r.id, r.payment_intent_id, r.status, r.amount, r.currency, r.reason,
            r.created_at, r.updated_at
        FROM (SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id) u
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM refunds f
            WHERE f.merchant_id = u.merchant_id AND f.id = u.id
            LIMIT 1
        ) f
        JOIN refunds r ON r.ctid = f.row",
        &merchants,
        &ids
    );
    rows.fetch_all(db).await
}

/// Stores new refunds.
pub async fn insert(db: &mut PgConnection, refunds: &[&Refund]) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = refunds.iter().map(|r| r.merchant.0).collect();
    let ids: Vec<Uuid> = refunds.iter().map(|r| r.id.0).collect();
    let intents: Vec<Uuid> = refunds.iter().map(|r| r.intent.0).collect();
    let statuses: Vec<String> = refunds.iter().map(|r| r.status.to_string()).collect();
    let amounts: Vec<i64> = refunds.iter().map(|r| r.amount.minor()).collect();
    let currencies: Vec<String> = refunds
        .iter()
        .map(|r| r.amount.currency().code().to_owned())
        .collect();
    let reasons: Vec<Option<String>> = refunds.iter().map(|r| r.reason.clone()).collect();
    let created: Vec<OffsetDateTime> = refunds.iter().map(|r| r.created_at).collect();
    let updated: Vec<OffsetDateTime> = refunds.iter().map(|r| r.updated_at).collect();
    let insert = sqlx::query!(
        "-- refunds.insert
        INSERT INTO refunds (
            merchant_id, id, payment_intent_id, status, amount, currency, reason,
            created_at, updated_at
        )
        SELECT
            UNNEST($1::uuid[]), UNNEST($2::uuid[]), UNNEST($3::uuid[]), UNNEST($4::text[]),
            UNNEST($5::bigint[]), UNNEST($6::text[]), UNNEST($7::text[]),
            UNNEST($8::timestamptz[]), UNNEST($9::timestamptz[])",
        &merchants,
        &ids,
        &intents,
        &statuses,
        &amounts,
        &currencies,
        &reasons as &[Option<String>],
        &created,
        &updated
    );
    insert.execute(db).await.map(drop)
}

/// Stores what changes in refunds.
pub async fn update(db: &mut PgConnection, refunds: &[&Refund]) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = refunds.iter().map(|r| r.merchant.0).collect();
    let ids: Vec<Uuid> = refunds.iter().map(|r| r.id.0).collect();
    let statuses: Vec<String> = refunds.iter().map(|r| r.status.to_string()).collect();
    let updated: Vec<OffsetDateTime> = refunds.iter().map(|r| r.updated_at).collect();
    let update = sqlx::query!(
        "-- refunds.update
        UPDATE refunds r SET status = u.status, updated_at = u.updated_at
        FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
            AS u (merchant_id, id, status, updated_at)
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM refunds f
            WHERE f.merchant_id = u.merchant_id AND f.id = u.id
            LIMIT 1
        ) f
        WHERE r.ctid = f.row",
        &merchants,
        &ids,
        &statuses,
        &updated
    );
    all_written(update.execute(db).await?, refunds.len())
}

/// One refund of a merchant.
pub async fn get(
    pool: &Pool,
    merchant: MerchantId,
    id: RefundId,
) -> Result<Option<Refund>, sqlx::Error> {
    let found = rows(pool, &[(merchant, id)]).await?.pop();
    Ok(found.map(Row::read).transpose()?)
}

/// Which refunds a list holds; all of the merchant's where nothing is said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Those of this intent.
    pub intent: Option<IntentId>,
    /// Those with this status.
    pub status: Option<RefundStatus>,
    /// Those made at this time or later.
    pub created_from: Option<OffsetDateTime>,
    /// Those made before this time.
    pub created_to: Option<OffsetDateTime>,
}

/// A part of a merchant's refunds.
pub async fn list(
    pool: &Pool,
    merchant: MerchantId,
    filter: Filter,
    window: Window,
) -> Result<Part<Refund>, sqlx::Error> {
    let (first, last) = made_between(filter.created_from, filter.created_to);
    let seen = query_listed!(
        "-- refunds.list
        WITH listed AS NOT MATERIALIZED (
            -- The status has no index: $11.
            SELECT id, ($11::text IS NULL OR status = $11) AS is_wanted
            FROM refunds
            -- What has an index: $6..$10, ids in the order of time.
            WHERE merchant_id = $1
                AND ($6::uuid IS NULL OR payment_intent_id = $6)
                AND ($7::timestamptz IS NULL OR created_at >= $7)
                AND ($8::timestamptz IS NULL OR created_at < $8)
                AND ($9::uuid IS NULL OR id >= $9)
                AND ($10::uuid IS NULL OR id < $10)
        )",
        merchant,
        window,
        filter.intent.map(|id| id.0),
        filter.created_from,
        filter.created_to,
        first,
        last,
        filter.status.map(RefundStatus::as_str),
    );
    let part = window.part(seen.fetch_all(pool).await?);
    let names = part.names(|id| (merchant, RefundId(id)));
    // They are never deleted, so all are found, in the order of their names.
    let rows = rows(pool, &names).await?.into_iter();
    Ok(part.with(readable(rows.map(Row::read))))
}
