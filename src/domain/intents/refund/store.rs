//! SQL of refunds.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

use super::{Refund, RefundStatus};
use crate::base::{
    db::Window,
    ids::{IntentId, MerchantId, RefundId, made_between},
    money::{CurrencyError, Money},
    names::UnknownName,
};
use sqlx::{PgConnection, PgPool};
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

/// What can be wrong with a row that only this service writes.
#[derive(Debug, thiserror::Error)]
enum RowError {
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error(transparent)]
    Currency(#[from] CurrencyError),
}

impl TryFrom<Row> for Refund {
    type Error = RowError;

    fn try_from(row: Row) -> Result<Self, RowError> {
        Ok(Self {
            id: RefundId(row.id),
            merchant: MerchantId(row.merchant_id),
            intent: IntentId(row.payment_intent_id),
            status: row.status.parse()?,
            amount: Money::new(row.amount, row.currency.parse()?),
            reason: row.reason,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn read(rows: Vec<Row>) -> Result<Vec<Refund>, sqlx::Error> {
    rows.into_iter()
        .map(|row| Refund::try_from(row).map_err(|e| sqlx::Error::Decode(e.into())))
        .collect()
}

/// Loads the refunds named, for the writer.
pub async fn load(
    db: &mut PgConnection,
    names: &[(MerchantId, RefundId)],
) -> Result<Vec<Refund>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|n| n.0.0).collect();
    let ids: Vec<Uuid> = names.iter().map(|n| n.1.0).collect();
    let rows = sqlx::query_as!(
        Row,
        "-- refunds.load
        SELECT r.merchant_id, r.id, r.payment_intent_id, r.status, r.amount, r.currency, r.reason,
            r.created_at, r.updated_at
        FROM UNNEST($1::uuid[], $2::uuid[]) AS u (merchant_id, id) CROSS JOIN LATERAL (
            SELECT x.merchant_id, x.id, x.payment_intent_id, x.status, x.amount, x.currency,
                x.reason, x.created_at, x.updated_at
            FROM refunds x WHERE x.merchant_id = u.merchant_id AND x.id = u.id LIMIT 1
        ) r",
        &merchants,
        &ids
    );
    read(rows.fetch_all(db).await?)
}

/// Stores new refunds.
pub async fn insert(db: &mut PgConnection, refunds: &[&Refund]) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = refunds.iter().map(|r| r.merchant.0).collect();
    let ids: Vec<Uuid> = refunds.iter().map(|r| r.id.0).collect();
    let intents: Vec<Uuid> = refunds.iter().map(|r| r.intent.0).collect();
    let statuses: Vec<String> = refunds
        .iter()
        .map(|r| r.status.as_str().to_owned())
        .collect();
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
        INSERT INTO refunds (merchant_id, id, payment_intent_id, status, amount, currency, reason,
            created_at, updated_at)
        SELECT UNNEST($1::uuid[]), UNNEST($2::uuid[]), UNNEST($3::uuid[]), UNNEST($4::text[]),
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
    let statuses: Vec<String> = refunds
        .iter()
        .map(|r| r.status.as_str().to_owned())
        .collect();
    let updated: Vec<OffsetDateTime> = refunds.iter().map(|r| r.updated_at).collect();
    let update = sqlx::query!(
        "-- refunds.update
        UPDATE refunds r SET status = x.status, updated_at = x.updated_at
        FROM (SELECT f.ctid AS row, u.status, u.updated_at
            FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) AS u (merchant_id, id, status, updated_at)
            CROSS JOIN LATERAL (SELECT ctid FROM refunds f WHERE f.merchant_id = u.merchant_id AND f.id = u.id LIMIT 1) f) x
        WHERE r.ctid = x.row",
        &merchants, &ids, &statuses, &updated
    );
    update.execute(db).await.map(drop)
}

/// One refund of a merchant.
pub async fn get(
    pool: &PgPool,
    merchant: MerchantId,
    id: RefundId,
) -> Result<Option<Refund>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "-- refunds.get
        SELECT merchant_id, id, payment_intent_id, status, amount, currency, reason, created_at,
            updated_at
        FROM refunds WHERE merchant_id = $1 AND id = $2",
        merchant.0,
        id.0
    );
    Ok(read(row.fetch_all(pool).await?)?.pop())
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

/// A merchant's refunds, newest first, and whether there are more.
pub async fn list(
    pool: &PgPool,
    merchant: MerchantId,
    filter: Filter,
    window: Window,
) -> Result<(Vec<Refund>, bool), sqlx::Error> {
    let (first, last) = made_between(filter.created_from, filter.created_to);
    let rows = sqlx::query_as!(
        Row,
        "-- refunds.list
        WITH wanted AS NOT MATERIALIZED (
            SELECT id FROM refunds WHERE merchant_id = $1
                AND ($5::uuid IS NULL OR payment_intent_id = $5)
                AND ($6::text IS NULL OR status = $6)
                AND ($7::timestamptz IS NULL OR created_at >= $7)
                AND ($8::timestamptz IS NULL OR created_at < $8)
                AND ($9::uuid IS NULL OR id >= $9) AND ($10::uuid IS NULL OR id < $10))
        SELECT r.merchant_id, r.id, r.payment_intent_id, r.status, r.amount, r.currency,
            r.reason, r.created_at, r.updated_at
        FROM (
            (SELECT id FROM wanted WHERE $3::uuid IS NULL AND ($2::uuid IS NULL OR id < $2)
                ORDER BY id DESC LIMIT $4)
            UNION ALL
            (SELECT id FROM wanted WHERE id > $3 ORDER BY id ASC LIMIT $4)
        ) page CROSS JOIN LATERAL (
            SELECT x.merchant_id, x.id, x.payment_intent_id, x.status, x.amount, x.currency,
                x.reason, x.created_at, x.updated_at
            FROM refunds x WHERE x.merchant_id = $1 AND x.id = page.id LIMIT 1
        ) r
        ORDER BY page.id DESC",
        merchant.0,
        window.older_than,
        window.newer_than,
        window.reach(),
        filter.intent.map(|id| id.0),
        filter.status.map(RefundStatus::as_str),
        filter.created_from,
        filter.created_to,
        first,
        last
    );
    Ok(window.cut(read(rows.fetch_all(pool).await?)?))
}
