//! SQL of payment links and of the tokens that open pages.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

use super::{Link, LinkStatus, LinkTerms, Price, Usage};
use crate::base::{
    db::{Part, Pool, Unreadable, Window, all_written, query_listed, readable},
    ids::{IntentId, LinkId, MerchantId, made_between},
    money::{Currency, CurrencyError, Money},
    names::UnknownName,
    quota::Used,
};
use crate::domain::{details::Details, rails::Rails};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor};
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

struct Row {
    merchant_id: Uuid,
    id: Uuid,
    status: String,
    currency: String,
    price: serde_json::Value,
    tip_options: serde_json::Value,
    usage: String,
    max_payments: Option<i32>,
    payments_count: i32,
    payments_open: i32,
    description: Option<String>,
    reference: Option<String>,
    thread: Option<serde_json::Value>,
    metadata: serde_json::Value,
    rails: Option<serde_json::Value>,
    attempts_blocked_until: Option<OffsetDateTime>,
    unseen_intent_id: Option<Uuid>,
    expires_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredPrice {
    Fixed(i64),
    #[serde(untagged)]
    Chosen {
        preset: Option<i64>,
        min: i64,
        max: i64,
    },
}

/// What can be wrong with a row that only this service writes.
#[derive(Debug, thiserror::Error)]
enum RowError {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error(transparent)]
    Currency(#[from] CurrencyError),
    #[error(transparent)]
    Count(#[from] std::num::TryFromIntError),
}

impl TryFrom<Row> for Link {
    type Error = RowError;

    fn try_from(row: Row) -> Result<Self, RowError> {
        let currency: Currency = row.currency.parse()?;
        let money = |minor| Money::new(minor, currency);
        let price = match serde_json::from_value(row.price)? {
            StoredPrice::Fixed(minor) => Price::Fixed(money(minor)),
            StoredPrice::Chosen { preset, min, max } => Price::Chosen {
                preset: preset.map(money),
                min: money(min),
                max: money(max),
            },
        };
        let tips: Vec<i64> = serde_json::from_value(row.tip_options)?;
        let terms = LinkTerms {
            price,
            tips: tips.into_iter().map(money).collect(),
            usage: row.usage.parse::<Usage>()?,
            max_payments: row.max_payments.map(u32::try_from).transpose()?,
            details: Details {
                description: row.description,
                reference: row.reference,
                thread: row.thread.map(serde_json::from_value).transpose()?,
                metadata: serde_json::from_value(row.metadata)?,
            },
            rails: Rails::stored(row.rails.map(serde_json::from_value).transpose()?),
            lifetime: row.expires_at.map(|at| at - row.created_at),
        };
        Ok(Self {
            id: LinkId(row.id),
            merchant: MerchantId(row.merchant_id),
            terms: Arc::new(terms),
            status: row.status.parse()?,
            payments: row.payments_count.try_into()?,
            open: row.payments_open.try_into()?,
            declines: Used::stored(row.attempts_blocked_until),
            unseen: row.unseen_intent_id.map(IntentId),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Whose link, and which.
pub type Name = (MerchantId, LinkId);

/// Loads the links named.
pub async fn load(
    db: impl PgExecutor<'_>,
    names: &[Name],
) -> Result<Vec<Result<Link, Unreadable<Name>>>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|n| n.0.0).collect();
    let ids: Vec<Uuid> = names.iter().map(|n| n.1.0).collect();
    let rows = sqlx::query_as!(
        Row,
        "-- links.load
        SELECT l.merchant_id, l.id, l.status, l.currency, l.price, l.tip_options, l.usage,
            l.max_payments, l.payments_count, l.payments_open, l.description, l.reference,
            l.thread, l.metadata, l.rails, l.attempts_blocked_until, l.unseen_intent_id,
            l.expires_at, l.created_at, l.updated_at
        FROM (SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id) u
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM payment_links f
            WHERE f.merchant_id = u.merchant_id AND f.id = u.id
            LIMIT 1
        ) f
        JOIN payment_links l ON l.ctid = f.row",
        &merchants,
        &ids
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    let read = rows.map(|row| {
        let name = (MerchantId(row.merchant_id), LinkId(row.id));
        Link::try_from(row).map_err(|error| Unreadable::new(name, error))
    });
    Ok(read.collect())
}

fn json<T: Serialize>(value: T) -> String {
    serde_json::to_string(&value).unwrap_or_default()
}

fn stored_price(price: Price) -> (String, Currency) {
    match price {
        Price::Fixed(amount) => (json(StoredPrice::Fixed(amount.minor())), amount.currency()),
        Price::Chosen { preset, min, max } => {
            let preset = preset.map(Money::minor);
            (
                json(StoredPrice::Chosen {
                    preset,
                    min: min.minor(),
                    max: max.minor(),
                }),
                min.currency(),
            )
        }
    }
}

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Stores new links.
pub async fn insert(db: &mut PgConnection, links: &[&Link]) -> Result<(), sqlx::Error> {
    let terms = || links.iter().map(|l| &l.terms);
    let merchants: Vec<Uuid> = links.iter().map(|l| l.merchant.0).collect();
    let ids: Vec<Uuid> = links.iter().map(|l| l.id.0).collect();
    let statuses: Vec<String> = links.iter().map(|l| l.status.as_str().to_owned()).collect();
    let (prices, currencies): (Vec<String>, Vec<String>) = terms()
        .map(|t| stored_price(t.price))
        .map(|(price, currency)| (price, currency.code().to_owned()))
        .unzip();
    let tips: Vec<String> = terms()
        .map(|t| json(t.tips.iter().map(|tip| tip.minor()).collect::<Vec<i64>>()))
        .collect();
    let usages: Vec<String> = terms().map(|t| t.usage.as_str().to_owned()).collect();
    let most: Vec<Option<i32>> = terms().map(|t| t.max_payments.map(count)).collect();
    let counts: Vec<i32> = links.iter().map(|l| count(l.payments)).collect();
    let open: Vec<i32> = links.iter().map(|l| count(l.open)).collect();
    let descriptions: Vec<Option<String>> =
        terms().map(|t| t.details.description.clone()).collect();
    let references: Vec<Option<String>> = terms().map(|t| t.details.reference.clone()).collect();
    let threads: Vec<Option<String>> = terms()
        .map(|t| t.details.thread.as_ref().map(json))
        .collect();
    let metadata: Vec<String> = terms().map(|t| json(&t.details.metadata)).collect();
    let rails: Vec<Option<String>> = terms().map(|t| t.rails.listed().map(json)).collect();
    let expires: Vec<Option<OffsetDateTime>> = links.iter().map(|l| l.expires_at()).collect();
    let blocked: Vec<Option<OffsetDateTime>> = links.iter().map(|l| l.declines.store()).collect();
    let unseen: Vec<Option<Uuid>> = links.iter().map(|l| l.unseen.map(|id| id.0)).collect();
    let created: Vec<OffsetDateTime> = links.iter().map(|l| l.created_at).collect();
    let updated: Vec<OffsetDateTime> = links.iter().map(|l| l.updated_at).collect();
    let insert = sqlx::query!(
        "-- links.insert
        INSERT INTO payment_links (
            merchant_id, id, status, currency, price, tip_options, usage,
            max_payments, payments_count, payments_open,
            description, reference, thread, metadata, rails, expires_at, created_at, updated_at,
            attempts_blocked_until, unseen_intent_id
        )
        SELECT
            UNNEST($1::uuid[]), UNNEST($2::uuid[]), UNNEST($3::text[]), UNNEST($4::text[]),
            UNNEST($5::text[])::jsonb, UNNEST($6::text[])::jsonb, UNNEST($7::text[]),
            UNNEST($8::integer[]), UNNEST($9::integer[]), UNNEST($10::integer[]),
            UNNEST($11::text[]), UNNEST($12::text[]), UNNEST($13::text[])::jsonb,
            UNNEST($14::text[])::jsonb, UNNEST($15::text[])::jsonb,
            UNNEST($16::timestamptz[]), UNNEST($17::timestamptz[]), UNNEST($18::timestamptz[]),
            UNNEST($19::timestamptz[]), UNNEST($20::uuid[])",
        &merchants,
        &ids,
        &statuses,
        &currencies,
        &prices,
        &tips,
        &usages,
        &most as &[Option<i32>],
        &counts,
        &open,
        &descriptions as &[Option<String>],
        &references as &[Option<String>],
        &threads as &[Option<String>],
        &metadata,
        &rails as &[Option<String>],
        &expires as &[Option<OffsetDateTime>],
        &created,
        &updated,
        &blocked as &[Option<OffsetDateTime>],
        &unseen as &[Option<Uuid>]
    );
    insert.execute(db).await.map(drop)
}

/// Stores what changes in links.
pub async fn update(db: &mut PgConnection, links: &[&Link]) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = links.iter().map(|l| l.merchant.0).collect();
    let ids: Vec<Uuid> = links.iter().map(|l| l.id.0).collect();
    let statuses: Vec<String> = links.iter().map(|l| l.status.as_str().to_owned()).collect();
    let counts: Vec<i32> = links.iter().map(|l| count(l.payments)).collect();
    let open: Vec<i32> = links.iter().map(|l| count(l.open)).collect();
    let blocked: Vec<Option<OffsetDateTime>> = links.iter().map(|l| l.declines.store()).collect();
    let unseen: Vec<Option<Uuid>> = links.iter().map(|l| l.unseen.map(|id| id.0)).collect();
    let updated: Vec<OffsetDateTime> = links.iter().map(|l| l.updated_at).collect();
    let update = sqlx::query!(
        "-- links.update
        UPDATE payment_links l SET
            status = u.status,
            payments_count = u.count,
            payments_open = u.open,
            attempts_blocked_until = u.blocked,
            unseen_intent_id = u.unseen,
            updated_at = u.updated_at
        FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::integer[],
                $6::timestamptz[], $7::uuid[], $8::timestamptz[])
            AS u (merchant_id, id, status, count, open, blocked, unseen, updated_at)
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM payment_links f
            WHERE f.merchant_id = u.merchant_id AND f.id = u.id
            LIMIT 1
        ) f
        WHERE l.ctid = f.row",
        &merchants,
        &ids,
        &statuses,
        &counts,
        &open,
        &blocked as &[Option<OffsetDateTime>],
        &unseen as &[Option<Uuid>],
        &updated
    );
    all_written(update.execute(db).await?, links.len())
}

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The page of one payment intent.
    Intent(IntentId),
    /// The page of a link.
    Link(LinkId),
}

/// A token's hash, whose page it opens, and what the page shows.
pub type TokenRow = ([u8; 32], MerchantId, Subject);

/// One link of a merchant.
pub async fn get(
    pool: &Pool,
    merchant: MerchantId,
    id: LinkId,
) -> Result<Option<Link>, sqlx::Error> {
    let found = load(pool, &[(merchant, id)]).await?.pop();
    Ok(found.transpose()?)
}

/// Which links a list holds; all of the merchant's where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those with this status at that time.
    pub status: Option<(LinkStatus, OffsetDateTime)>,
    /// Those with this reference.
    pub reference: Option<String>,
    /// Those asked for in this conversation.
    pub conversation: Option<String>,
    /// Those made at this time or later.
    pub created_from: Option<OffsetDateTime>,
    /// Those made before this time.
    pub created_to: Option<OffsetDateTime>,
}

/// A part of a merchant's links.
pub async fn list(
    pool: &Pool,
    merchant: MerchantId,
    filter: &Filter,
    window: Window,
) -> Result<Part<Link>, sqlx::Error> {
    let (first, last) = made_between(filter.created_from, filter.created_to);
    let seen = query_listed!(
        "-- links.list
        WITH listed AS NOT MATERIALIZED (
            SELECT
                id,
                -- What has no index: $12..$13. The status is the one that is printed: a link whose
                -- time is over is expired before a worker says so.
                ($12::text IS NULL OR $12 = CASE
                    WHEN status = 'active' AND expires_at <= $13 THEN 'expired'
                    ELSE status
                END) AS is_wanted
            FROM payment_links
            -- What has an index: $6..$11, ids in the order of time.
            WHERE merchant_id = $1
                AND ($6::text IS NULL OR reference = $6)
                AND ($7::text IS NULL OR (thread IS NOT NULL AND thread ->> 'conversation' = $7))
                AND ($8::timestamptz IS NULL OR created_at >= $8)
                AND ($9::timestamptz IS NULL OR created_at < $9)
                AND ($10::uuid IS NULL OR id >= $10)
                AND ($11::uuid IS NULL OR id < $11)
        )",
        merchant,
        window,
        filter.reference,
        filter.conversation,
        filter.created_from,
        filter.created_to,
        first,
        last,
        filter.status.map(|(status, _)| status.as_str()),
        filter.status.map(|(_, at)| at),
    );
    let part = window.part(seen.fetch_all(pool).await?);
    let names = part.names(|id| (merchant, LinkId(id)));
    // They are never deleted, so all are found, in the order of their names.
    let links = readable(load(pool, &names).await?);
    Ok(part.with(links))
}

/// A link whose time is over, and when it ended.
pub type Due = (OffsetDateTime, MerchantId, LinkId);

/// Active links whose time ended by `until`, in the order of their ends: those after a place in it,
/// at most `limit`.
pub async fn due(
    pool: &Pool,
    (at, id): (OffsetDateTime, Uuid),
    until: OffsetDateTime,
    limit: i64,
) -> Result<Vec<Due>, sqlx::Error> {
    let rows = sqlx::query!(
        "-- links.due
        SELECT merchant_id, id, expires_at AS \"expires_at!\" FROM payment_links
        WHERE status = 'active' AND expires_at >= $1 AND (expires_at, id) > ($1, $2)
            AND expires_at <= $3
        ORDER BY expires_at, id LIMIT $4",
        at,
        id,
        until,
        limit
    );
    let rows = rows.fetch_all(pool).await?.into_iter();
    let due = rows.map(|row| (row.expires_at, MerchantId(row.merchant_id), LinkId(row.id)));
    Ok(due.collect())
}
