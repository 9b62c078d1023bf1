//! SQL of settlements.
use super::{Name, Settlement, Sums};
use crate::base::{
    db::{Part, Pool, Unreadable, Window, all_written, query_listed, readable},
    ids::{MerchantId, RailAccountId, SettlementId},
    money::{CurrencyError, Money},
    names::UnknownName,
};
use sqlx::{PgConnection, PgExecutor};
use std::num::TryFromIntError;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

/// Whose settlement, and which.
pub type SettlementName = (MerchantId, SettlementId);

struct Row {
    merchant_id: Uuid,
    id: Uuid,
    rail_account_id: Uuid,
    external_id: String,
    amount: i64,
    currency: String,
    payout_status: String,
    arrives_on: Date,
    occurred_at: OffsetDateTime,
    status: String,
    gross: i64,
    fee: i64,
    net: i64,
    lines_count: i32,
    odd_lines: i32,
    read_to: Option<String>,
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
    Count(#[from] TryFromIntError),
}

impl Row {
    fn read(self) -> Result<Settlement, Unreadable<SettlementName>> {
        let name = (MerchantId(self.merchant_id), SettlementId(self.id));
        Settlement::try_from(self).map_err(|error| Unreadable::new(name, error))
    }
}

impl TryFrom<Row> for Settlement {
    type Error = RowError;

    fn try_from(row: Row) -> Result<Self, RowError> {
        let currency = row.currency.parse()?;
        Ok(Self {
            id: SettlementId(row.id),
            merchant: MerchantId(row.merchant_id),
            account: RailAccountId(row.rail_account_id),
            external_id: row.external_id,
            amount: Money::new(row.amount, currency),
            payout_status: row.payout_status,
            arrives_on: row.arrives_on,
            occurred_at: row.occurred_at,
            status: row.status.parse()?,
            sums: Sums::new([row.gross, row.fee, row.net], currency),
            lines: row.lines_count.try_into()?,
            odd_lines: row.odd_lines.try_into()?,
            read_to: row.read_to,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// The settlement that a provider calls so, if it was heard of.
pub async fn named(
    db: impl PgExecutor<'_>,
    name: &Name,
) -> Result<Option<Result<Settlement, Unreadable<SettlementName>>>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "-- settlements.named
        SELECT merchant_id, id, rail_account_id, external_id, amount, currency, payout_status,
            arrives_on, occurred_at, status, gross, fee, net, lines_count, odd_lines, read_to,
            created_at, updated_at
        FROM settlements
        WHERE merchant_id = $1 AND rail_account_id = $2 AND external_id = $3",
        name.0.0,
        name.1.0,
        name.2
    );
    Ok(row.fetch_optional(db).await?.map(Row::read))
}

async fn load(
    pool: &Pool,
    names: &[SettlementName],
) -> Result<Vec<Result<Settlement, Unreadable<SettlementName>>>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|name| name.0.0).collect();
    let ids: Vec<Uuid> = names.iter().map(|name| name.1.0).collect();
    let rows = sqlx::query_as!(
        Row,
        "-- settlements.load
        SELECT s.merchant_id, s.id, s.rail_account_id, s.external_id, s.amount, s.currency,
            s.payout_status, s.arrives_on, s.occurred_at, s.status, s.gross, s.fee, s.net,
            s.lines_count, s.odd_lines, s.read_to, s.created_at, s.updated_at
        FROM (SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id) u
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM settlements f
            WHERE f.merchant_id = u.merchant_id AND f.id = u.id
            LIMIT 1
        ) f
        JOIN settlements s ON s.ctid = f.row",
        &merchants,
        &ids
    );
    let rows = rows.fetch_all(pool).await?.into_iter();
    Ok(rows.map(Row::read).collect())
}

/// One settlement of a merchant.
pub async fn get(
    pool: &Pool,
    merchant: MerchantId,
    id: SettlementId,
) -> Result<Option<Settlement>, sqlx::Error> {
    let found = load(pool, &[(merchant, id)]).await?.pop();
    Ok(found.transpose()?)
}

/// A part of a merchant's settlements, or of those from one account.
pub async fn list(
    pool: &Pool,
    merchant: MerchantId,
    account: Option<RailAccountId>,
    window: Window,
) -> Result<Part<Settlement>, sqlx::Error> {
    let seen = query_listed!(
        "-- settlements.list
        WITH listed AS NOT MATERIALIZED (
            SELECT id, ($6::uuid IS NULL OR rail_account_id = $6) AS is_wanted
            FROM settlements WHERE merchant_id = $1
        )",
        merchant,
        window,
        account.map(|id| id.0),
    );
    let part = window.part(seen.fetch_all(pool).await?);
    let names = part.names(|id| (merchant, SettlementId(id)));
    // They are never deleted, so all are found, in the order of their names.
    let settlements = readable(load(pool, &names).await?);
    Ok(part.with(settlements))
}

/// Stores new settlements.
pub async fn insert(db: &mut PgConnection, made: &[&Settlement]) -> Result<(), sqlx::Error> {
    for settlement in made {
        let insert = sqlx::query!(
            "-- settlements.insert
            INSERT INTO settlements (
                merchant_id, id, rail_account_id, external_id, amount, currency, payout_status,
                arrives_on, occurred_at, status, gross, fee, net, lines_count, odd_lines, read_to,
                created_at, updated_at
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                $18)",
            settlement.merchant.0,
            settlement.id.0,
            settlement.account.0,
            settlement.external_id,
            settlement.amount.minor(),
            settlement.amount.currency().code(),
            settlement.payout_status,
            settlement.arrives_on,
            settlement.occurred_at,
            settlement.status.as_str(),
            settlement.sums.gross.minor(),
            settlement.sums.fee.minor(),
            settlement.sums.net.minor(),
            i32::try_from(settlement.lines).unwrap_or(i32::MAX),
            i32::try_from(settlement.odd_lines).unwrap_or(i32::MAX),
            settlement.read_to,
            settlement.created_at,
            settlement.updated_at
        );
        insert.execute(&mut *db).await?;
    }
    Ok(())
}

/// Stores what is known of settlements now.
pub async fn update(db: &mut PgConnection, changed: &[&Settlement]) -> Result<(), sqlx::Error> {
    for settlement in changed {
        let update = sqlx::query!(
            "-- settlements.update
            UPDATE settlements SET payout_status = $3, arrives_on = $4, status = $5, gross = $6,
                fee = $7, net = $8, lines_count = $9, odd_lines = $10, read_to = $11,
                updated_at = $12
            WHERE merchant_id = $1 AND id = $2",
            settlement.merchant.0,
            settlement.id.0,
            settlement.payout_status,
            settlement.arrives_on,
            settlement.status.as_str(),
            settlement.sums.gross.minor(),
            settlement.sums.fee.minor(),
            settlement.sums.net.minor(),
            i32::try_from(settlement.lines).unwrap_or(i32::MAX),
            i32::try_from(settlement.odd_lines).unwrap_or(i32::MAX),
            settlement.read_to,
            settlement.updated_at
        );
        all_written(update.execute(&mut *db).await?, 1)?;
    }
    Ok(())
}
