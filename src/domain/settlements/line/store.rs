//! SQL of the lines of settlements.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

use super::{SettlementLine, Sums, ToldLine};
use crate::base::{
    db::{Part, Pool, Unreadable, Window, all_written, query_listed, readable},
    ids::{AttemptId, IntentId, MerchantId, RailAccountId, SettlementId, SettlementLineId},
    money::CurrencyError,
};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// Whose settlement, and which.
pub type Name = (MerchantId, SettlementId);

struct LineRow {
    merchant_id: Uuid,
    id: Uuid,
    settlement_id: Uuid,
    external_id: String,
    kind: String,
    category: Option<String>,
    source: Option<String>,
    attempt_id: Option<Uuid>,
    payment_intent_id: Option<Uuid>,
    amount: i64,
    fee: i64,
    net: i64,
    currency: String,
    occurred_at: OffsetDateTime,
}

impl TryFrom<LineRow> for SettlementLine {
    type Error = CurrencyError;

    fn try_from(row: LineRow) -> Result<Self, CurrencyError> {
        let attempt = row.attempt_id.map(AttemptId);
        let currency = row.currency.parse()?;
        Ok(Self {
            id: SettlementLineId(row.id),
            merchant: MerchantId(row.merchant_id),
            settlement: SettlementId(row.settlement_id),
            told: ToldLine {
                external_id: row.external_id,
                kind: row.kind,
                category: row.category,
                source: row.source,
                attempt: attempt.zip(row.payment_intent_id.map(IntentId)),
                sums: Sums::new([row.amount, row.fee, row.net], currency),
                occurred_at: row.occurred_at,
            },
        })
    }
}

/// A part of the lines of a settlement.
pub async fn list(
    pool: &Pool,
    (merchant, settlement): Name,
    window: Window,
) -> Result<Part<SettlementLine>, sqlx::Error> {
    let seen = query_listed!(
        "-- settlement_lines.list
        WITH listed AS NOT MATERIALIZED (
            SELECT id, true AS is_wanted
            FROM settlement_lines WHERE merchant_id = $1 AND settlement_id = $6
        )",
        merchant,
        window,
        settlement.0,
    );
    let part = window.part(seen.fetch_all(pool).await?);
    let rows = sqlx::query_as!(
        LineRow,
        "-- settlement_lines.load
        SELECT l.merchant_id, l.id, l.settlement_id, l.external_id, l.kind, l.category, l.source,
            l.attempt_id, l.payment_intent_id, l.amount, l.fee, l.net, l.currency, l.occurred_at
        FROM UNNEST($2::uuid[]) AS u (id)
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM settlement_lines f
            WHERE f.merchant_id = $1 AND f.id = u.id
            LIMIT 1
        ) f
        JOIN settlement_lines l ON l.ctid = f.row",
        merchant.0,
        &part.rows
    );
    let rows = rows.fetch_all(pool).await?.into_iter();
    let read = rows.map(|row| {
        let name = (MerchantId(row.merchant_id), SettlementLineId(row.id));
        SettlementLine::try_from(row).map_err(|error| Unreadable::new(name, error))
    });
    let lines = readable(read);
    Ok(part.with(lines))
}

/// What a line names of ours, as the provider keeps it: our attempt, or else the payment that a charge
/// of ours made.
pub type Named = (Option<AttemptId>, Option<String>);

/// The attempts by an account that lines name, each with its payment intent and the place of the line.
pub async fn attempts(
    pool: &Pool,
    (merchant, account): (MerchantId, RailAccountId),
    lines: &[Named],
) -> Result<Vec<(usize, (AttemptId, IntentId))>, sqlx::Error> {
    let ids: Vec<Option<Uuid>> = lines.iter().map(|line| line.0.map(|id| id.0)).collect();
    let payments: Vec<Option<&str>> = lines.iter().map(|line| line.1.as_deref()).collect();
    let rows = sqlx::query!(
        r#"-- settlement_lines.attempts
        SELECT u.place AS "place!", a.id AS "id!", a.intent_id AS "intent_id!"
        FROM UNNEST($3::uuid[], $4::text[]) WITH ORDINALITY AS u (id, payment, place)
        CROSS JOIN LATERAL (
            (SELECT f.id, f.intent_id FROM attempts f
            WHERE f.merchant_id = $1 AND f.rail_account_id = $2 AND f.id = u.id)
            UNION ALL
            (SELECT f.id, f.intent_id FROM attempts f
            WHERE f.merchant_id = $1 AND f.rail_account_id = $2 AND f.kind = 'charge'
                AND u.id IS NULL AND f.external_id = u.payment)
            LIMIT 1
        ) a"#,
        merchant.0,
        account.0,
        &ids as &[Option<Uuid>],
        &payments as &[Option<&str>]
    );
    let rows = rows.fetch_all(pool).await?.into_iter();
    let found = rows.filter_map(|row| {
        let place = usize::try_from(row.place).ok()?.checked_sub(1)?;
        Some((place, (AttemptId(row.id), IntentId(row.intent_id))))
    });
    Ok(found.collect())
}

crate::columns! {
    /// Lines, which never change.
    pub struct Columns of SettlementLine {
        /// Whose they are.
        merchants: Uuid = |l| l.merchant.0;
        /// Their ids.
        ids: Uuid = |l| l.id.0;
        /// Of which payouts.
        settlements: Uuid = |l| l.settlement.0;
        /// What the provider calls them.
        externals: &'a str = |l| l.told.external_id.as_str();
        /// What they are.
        kinds: &'a str = |l| l.told.kind.as_str();
        /// How they count in reports.
        categories: Option<&'a str> = |l| l.told.category.as_deref();
        /// What they are about there.
        sources: Option<&'a str> = |l| l.told.source.as_deref();
        /// What they are about here.
        attempts: Option<Uuid> = |l| l.told.attempt.map(|(attempt, _)| attempt.0);
        /// Their payment intents.
        intents: Option<Uuid> = |l| l.told.attempt.map(|(_, intent)| intent.0);
        /// How much, in minor units.
        amounts: i64 = |l| l.told.sums.gross.minor();
        /// The fees.
        fees: i64 = |l| l.told.sums.fee.minor();
        /// What is left.
        nets: i64 = |l| l.told.sums.net.minor();
        /// ISO 4217 codes.
        currencies: &'static str = |l| l.told.sums.gross.currency().code();
        /// When they happened.
        occurred: OffsetDateTime = |l| l.told.occurred_at;
    }
}

/// Stores new lines.
pub async fn insert(db: &mut PgConnection, lines: &[&SettlementLine]) -> Result<(), sqlx::Error> {
    let c = Columns::of(lines);
    let insert = sqlx::query!(
        "-- settlement_lines.insert
        INSERT INTO settlement_lines (
            merchant_id, id, settlement_id, external_id, kind, category, source, attempt_id,
            payment_intent_id, amount, fee, net, currency, occurred_at
        )
        SELECT
            UNNEST($1::uuid[]), UNNEST($2::uuid[]), UNNEST($3::uuid[]), UNNEST($4::text[]),
            UNNEST($5::text[]), UNNEST($6::text[]), UNNEST($7::text[]), UNNEST($8::uuid[]),
            UNNEST($9::uuid[]), UNNEST($10::bigint[]), UNNEST($11::bigint[]),
            UNNEST($12::bigint[]), UNNEST($13::text[]), UNNEST($14::timestamptz[])",
        &c.merchants,
        &c.ids,
        &c.settlements,
        &c.externals as &[&str],
        &c.kinds as &[&str],
        &c.categories as &[Option<&str>],
        &c.sources as &[Option<&str>],
        &c.attempts as &[Option<Uuid>],
        &c.intents as &[Option<Uuid>],
        &c.amounts,
        &c.fees,
        &c.nets,
        &c.currencies as &[&str],
        &c.occurred
    );
    all_written(insert.execute(db).await?, lines.len())
}
