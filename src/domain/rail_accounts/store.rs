//! SQL of rail accounts.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

use super::{AccountSettings, MOST_ACCOUNTS, Owner, RailAccount, SealedCredentials};
use crate::base::{
    db::{NotKnown, Part, Pool, Stored, Unreadable, Window, all_written, query_listed, readable},
    ids::{MerchantId, RailAccountId},
    invalid::Invalid,
    names::{UnknownName, Word},
};
use crate::domain::statements::Mapping;
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

struct Row {
    merchant_id: Uuid,
    id: Uuid,
    rail: String,
    label: Option<String>,
    settings: serde_json::Value,
    sealed_credentials: Option<Vec<u8>>,
    csv_mapping: Option<Stored<Mapping>>,
    status: String,
    created_by: String,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

/// What can be wrong with a row that only this service writes.
#[derive(Debug, thiserror::Error)]
enum RowError {
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error(transparent)]
    Settings(#[from] Invalid),
    #[error(transparent)]
    Json(#[from] NotKnown),
}

impl TryFrom<Row> for RailAccount {
    type Error = RowError;

    fn try_from(row: Row) -> Result<Self, RowError> {
        Ok(Self {
            id: RailAccountId(row.id),
            merchant: MerchantId(row.merchant_id),
            label: row.label,
            settings: AccountSettings::parse(row.rail.parse()?, "/settings", &row.settings)?,
            credentials: row.sealed_credentials.map(SealedCredentials::stored),
            csv_mapping: row.csv_mapping.map(Stored::read).transpose()?.map(Box::new),
            status: Word::read(row.status),
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Whose account, and which.
pub type Name = (MerchantId, RailAccountId);

type Read = Result<RailAccount, Unreadable<Name>>;

fn read(rows: Vec<Row>) -> Vec<Read> {
    let rows = rows.into_iter().map(|row| {
        let name = (MerchantId(row.merchant_id), RailAccountId(row.id));
        RailAccount::try_from(row).map_err(|error| Unreadable::new(name, error))
    });
    rows.collect()
}

/// All accounts of these merchants, newest first.
pub async fn all(
    db: impl PgExecutor<'_>,
    merchants: &[MerchantId],
) -> Result<Vec<Read>, sqlx::Error> {
    let merchants: Vec<Uuid> = merchants.iter().map(|merchant| merchant.0).collect();
    let rows = sqlx::query_as!(
        Row,
        "-- rail_accounts.all
        SELECT a.merchant_id, a.id, a.rail, a.label, a.settings, a.sealed_credentials,
            a.csv_mapping AS \"csv_mapping: Stored<Mapping>\", a.status, a.created_by,
            a.created_at, a.updated_at
        FROM (SELECT DISTINCT UNNEST($1::uuid[]) AS merchant_id) u
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM rail_accounts f
            WHERE f.merchant_id = u.merchant_id
            ORDER BY f.id DESC LIMIT $2
        ) f
        JOIN rail_accounts a ON a.ctid = f.row
        ORDER BY a.id DESC",
        &merchants,
        // There are never more: a bound keeps the look-up one by key.
        i64::try_from(MOST_ACCOUNTS).unwrap_or(i64::MAX)
    );
    Ok(read(rows.fetch_all(db).await?))
}

/// Those of a merchant's accounts that can be read, newest first.
pub async fn of(
    db: impl PgExecutor<'_>,
    merchant: MerchantId,
) -> Result<Vec<RailAccount>, sqlx::Error> {
    Ok(readable(all(db, &[merchant]).await?))
}

/// Accounts of a merchant, in the order of these ids.
async fn load(db: impl PgExecutor<'_>, names: &[Name]) -> Result<Vec<Read>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|name| name.0.0).collect();
    let ids: Vec<Uuid> = names.iter().map(|name| name.1.0).collect();
    let rows = sqlx::query_as!(
        Row,
        "-- rail_accounts.load
        SELECT a.merchant_id, a.id, a.rail, a.label, a.settings, a.sealed_credentials,
            a.csv_mapping AS \"csv_mapping: Stored<Mapping>\", a.status, a.created_by,
            a.created_at, a.updated_at
        FROM (SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id) u
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM rail_accounts f
            WHERE f.merchant_id = u.merchant_id AND f.id = u.id
            LIMIT 1
        ) f
        JOIN rail_accounts a ON a.ctid = f.row",
        &merchants,
        &ids
    );
    Ok(read(rows.fetch_all(db).await?))
}

/// One account of a merchant.
pub async fn get(
    pool: &Pool,
    merchant: MerchantId,
    id: RailAccountId,
) -> Result<Option<RailAccount>, sqlx::Error> {
    let found = load(pool, &[(merchant, id)]).await?.pop();
    Ok(found.transpose()?)
}

/// An account, whoever's it is: its provider knows no more of it.
pub async fn by_id(pool: &Pool, id: RailAccountId) -> Result<Option<RailAccount>, sqlx::Error> {
    let merchant = sqlx::query_scalar!(
        "-- rail_accounts.by_id
        SELECT merchant_id FROM rail_accounts WHERE id = $1",
        id.0
    );
    match merchant.fetch_optional(pool).await? {
        Some(merchant) => get(pool, MerchantId(merchant), id).await,
        None => Ok(None),
    }
}

/// A part of a merchant's accounts.
pub async fn list(
    pool: &Pool,
    merchant: MerchantId,
    window: Window,
) -> Result<Part<RailAccount>, sqlx::Error> {
    let seen = query_listed!(
        "-- rail_accounts.list
        WITH listed AS NOT MATERIALIZED (
            SELECT id, true AS is_wanted FROM rail_accounts WHERE merchant_id = $1
        )",
        merchant,
        window,
    );
    let part = window.part(seen.fetch_all(pool).await?);
    let names = part.names(|id| (merchant, RailAccountId(id)));
    // They are never deleted, so all are found, in the order of their names.
    let accounts = readable(load(pool, &names).await?);
    Ok(part.with(accounts))
}

fn stored_mapping(account: &RailAccount) -> Option<String> {
    let mapping = account.csv_mapping.as_ref()?;
    serde_json::to_string(mapping).ok()
}

fn stored_settings(account: &RailAccount) -> String {
    serde_json::to_string(&account.settings.object()).unwrap_or_default()
}

fn stored_credentials(account: &RailAccount) -> Option<&[u8]> {
    account
        .credentials
        .as_ref()
        .map(SealedCredentials::as_bytes)
}

/// Stores new accounts.
pub async fn insert(db: &mut PgConnection, accounts: &[&RailAccount]) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = accounts.iter().map(|a| a.merchant.0).collect();
    let ids: Vec<Uuid> = accounts.iter().map(|a| a.id.0).collect();
    let rails: Vec<String> = accounts.iter().map(|a| a.rail().to_string()).collect();
    let labels: Vec<Option<&str>> = accounts.iter().map(|a| a.label.as_deref()).collect();
    let settings: Vec<String> = accounts.iter().map(|a| stored_settings(a)).collect();
    let mappings: Vec<Option<String>> = accounts.iter().map(|a| stored_mapping(a)).collect();
    let sealed: Vec<Option<&[u8]>> = accounts.iter().map(|a| stored_credentials(a)).collect();
    let statuses: Vec<String> = accounts.iter().map(|a| a.status.to_string()).collect();
    let makers: Vec<&str> = accounts.iter().map(|a| a.created_by.as_str()).collect();
    let created: Vec<OffsetDateTime> = accounts.iter().map(|a| a.created_at).collect();
    let updated: Vec<OffsetDateTime> = accounts.iter().map(|a| a.updated_at).collect();
    let insert = sqlx::query!(
        "-- rail_accounts.insert
        INSERT INTO rail_accounts (
            merchant_id, id, rail, label, settings, status, created_by, created_at, updated_at,
            csv_mapping, sealed_credentials
        )
        SELECT
            UNNEST($1::uuid[]), UNNEST($2::uuid[]), UNNEST($3::text[]), UNNEST($4::text[]),
            UNNEST($5::text[])::jsonb, UNNEST($6::text[]), UNNEST($7::text[]),
            UNNEST($8::timestamptz[]), UNNEST($9::timestamptz[]),
            UNNEST($10::text[])::jsonb, UNNEST($11::bytea[])",
        &merchants,
        &ids,
        &rails,
        &labels as &[Option<&str>],
        &settings,
        &statuses,
        &makers as &[&str],
        &created,
        &updated,
        &mappings as &[Option<String>],
        &sealed as &[Option<&[u8]>]
    );
    all_written(insert.execute(db).await?, accounts.len())
}

/// Stores what changes in accounts.
pub async fn update(db: &mut PgConnection, accounts: &[&RailAccount]) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = accounts.iter().map(|a| a.merchant.0).collect();
    let ids: Vec<Uuid> = accounts.iter().map(|a| a.id.0).collect();
    let labels: Vec<Option<&str>> = accounts.iter().map(|a| a.label.as_deref()).collect();
    let settings: Vec<String> = accounts.iter().map(|a| stored_settings(a)).collect();
    let mappings: Vec<Option<String>> = accounts.iter().map(|a| stored_mapping(a)).collect();
    let sealed: Vec<Option<&[u8]>> = accounts.iter().map(|a| stored_credentials(a)).collect();
    let statuses: Vec<String> = accounts.iter().map(|a| a.status.to_string()).collect();
    let updated: Vec<OffsetDateTime> = accounts.iter().map(|a| a.updated_at).collect();
    let update = sqlx::query!(
        "-- rail_accounts.update
        UPDATE rail_accounts a SET
            label = u.label,
            settings = u.settings::jsonb,
            csv_mapping = u.csv_mapping::jsonb,
            sealed_credentials = u.sealed,
            status = u.status,
            updated_at = u.updated_at
        FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[],
                $6::timestamptz[], $7::text[], $8::bytea[])
            AS u (merchant_id, id, label, settings, status, updated_at, csv_mapping, sealed)
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM rail_accounts f
            WHERE f.merchant_id = u.merchant_id AND f.id = u.id
            LIMIT 1
        ) f
        WHERE a.ctid = f.row",
        &merchants,
        &ids,
        &labels as &[Option<&str>],
        &settings,
        &statuses,
        &updated,
        &mappings as &[Option<String>],
        &sealed as &[Option<&[u8]>]
    );
    all_written(update.execute(db).await?, accounts.len())
}

/// Sealed credentials of the accounts that come after this one.
pub async fn sealed_after(
    db: &mut PgConnection,
    last: RailAccountId,
    limit: i64,
) -> Result<Vec<(Owner, SealedCredentials)>, sqlx::Error> {
    let rows = sqlx::query!(
        "-- rail_accounts.sealed_after
        SELECT merchant_id, id, sealed_credentials AS \"sealed!\" FROM rail_accounts
        WHERE id > $1 AND sealed_credentials IS NOT NULL ORDER BY id LIMIT $2 FOR UPDATE",
        last.0,
        limit
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    let sealed = rows.map(|row| {
        let owner = (MerchantId(row.merchant_id), RailAccountId(row.id));
        (owner, SealedCredentials::stored(row.sealed))
    });
    Ok(sealed.collect())
}

/// Stores credentials that were sealed anew.
pub async fn replace_sealed(
    db: &mut PgConnection,
    (merchant, id): Owner,
    sealed: &SealedCredentials,
) -> Result<(), sqlx::Error> {
    let update = sqlx::query!(
        "-- rail_accounts.replace_sealed
        UPDATE rail_accounts SET sealed_credentials = $3 WHERE merchant_id = $1 AND id = $2",
        merchant.0,
        id.0,
        sealed.as_bytes()
    );
    all_written(update.execute(db).await?, 1)
}
