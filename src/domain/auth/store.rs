//! Merchants, API keys and the keyring in Postgres.

use super::{Merchant, NewApiKey, Role};
use crate::base::crypto::KeyringRow;
use crate::base::db::Pool;
use crate::base::ids::{KeyId, MerchantId};
use crate::base::mode::Mode;
use sqlx::{PgConnection, PgExecutor};
use std::sync::atomic::AtomicBool;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// What is known of an API key that was not revoked.
#[derive(Debug)]
pub struct StoredKey {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Whether the merchant's money is real.
    pub mode: Mode,
    /// What it may do.
    pub role: Role,
    /// SHA-256 of its secret.
    pub secret_hash: Vec<u8>,
    /// From when on it is refused.
    pub expires_at: Option<OffsetDateTime>,
    /// Whether it let somebody in since it was read.
    pub used: AtomicBool,
}

fn corrupt<E: std::error::Error + Send + Sync + 'static>(error: E) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

/// The API key of this id, unless it was revoked.
pub async fn find_key(pool: &Pool, id: KeyId) -> Result<Option<StoredKey>, sqlx::Error> {
    let row = sqlx::query!(
        "-- auth.find_key
        SELECT k.merchant_id, m.mode, k.role, k.secret_hash, k.expires_at
        FROM api_keys k JOIN merchants m ON m.merchant_id = k.merchant_id
        WHERE k.id = $1 AND k.revoked_at IS NULL",
        id.0
    );
    let Some(row) = row.fetch_optional(pool).await? else {
        return Ok(None);
    };
    Ok(Some(StoredKey {
        merchant: MerchantId(row.merchant_id),
        mode: row.mode.parse().map_err(corrupt)?,
        role: row.role.parse().map_err(corrupt)?,
        secret_hash: row.secret_hash,
        expires_at: row.expires_at,
        used: AtomicBool::new(false),
    }))
}

struct MerchantRow {
    merchant_id: Uuid,
    name: String,
    mode: String,
    created_at: OffsetDateTime,
    clock_offset: i64,
}

impl MerchantRow {
    fn read(self) -> Result<Merchant, sqlx::Error> {
        Ok(Merchant {
            id: MerchantId(self.merchant_id),
            name: self.name,
            mode: self.mode.parse().map_err(corrupt)?,
            created_at: self.created_at,
            ahead: Duration::seconds(self.clock_offset),
        })
    }
}

/// The merchant of this id.
pub async fn merchant(pool: &Pool, id: MerchantId) -> Result<Option<Merchant>, sqlx::Error> {
    let row = sqlx::query_as!(
        MerchantRow,
        "-- auth.merchant
        SELECT m.merchant_id, m.name, m.mode, m.created_at, b.clock_offset
        FROM merchants m JOIN books b ON b.merchant_id = m.merchant_id WHERE m.merchant_id = $1",
        id.0
    );
    let row = row.fetch_optional(pool).await?;
    row.map(MerchantRow::read).transpose()
}

/// All merchants, oldest first.
pub async fn merchants(pool: &Pool) -> Result<Vec<Merchant>, sqlx::Error> {
    let rows = sqlx::query_as!(
        MerchantRow,
        "-- auth.merchants
        SELECT m.merchant_id, m.name, m.mode, m.created_at, b.clock_offset
        FROM merchants m JOIN books b ON b.merchant_id = m.merchant_id ORDER BY m.merchant_id"
    );
    let rows = rows.fetch_all(pool).await?;
    rows.into_iter().map(MerchantRow::read).collect()
}

/// Gives a merchant another name; false if there is none of this id.
pub async fn rename_merchant(
    connection: &mut PgConnection,
    id: MerchantId,
    name: &str,
) -> Result<bool, sqlx::Error> {
    let update = sqlx::query!(
        "-- auth.rename_merchant
        UPDATE merchants SET name = $2 WHERE merchant_id = $1",
        id.0,
        name
    );
    Ok(update.execute(connection).await?.rows_affected() > 0)
}

/// Writes a new merchant, with empty books. One statement, so that neither is there alone.
pub async fn insert_merchant(
    connection: &mut PgConnection,
    merchant: &Merchant,
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query!(
        "-- auth.insert_merchant
        WITH merchant AS (
            INSERT INTO merchants (merchant_id, name, mode, created_at) VALUES ($1, $2, $4, $3)
        )
        INSERT INTO books (merchant_id, entry_hash, booked_at)
        VALUES ($1, decode(repeat('00', 32), 'hex'), $3)",
        merchant.id.0,
        merchant.name,
        merchant.created_at,
        merchant.mode.as_str()
    );
    insert.execute(connection).await.map(drop)
}

/// Writes a new API key.
pub async fn insert_key(
    connection: &mut PgConnection,
    key: &NewApiKey,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let secret_hash = key.secret_hash();
    let insert = sqlx::query!(
        "-- auth.insert_key
        INSERT INTO api_keys
            (merchant_id, id, role, secret_hash, last_four, created_at, name, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        key.merchant.0,
        key.id.0,
        key.role.as_str(),
        secret_hash.as_slice(),
        key.last_four(),
        now,
        key.name,
        key.expires_at
    );
    insert.execute(connection).await.map(drop)
}

/// An API key as its merchant lists it.
#[derive(Clone, Debug)]
pub struct ListedKey {
    /// Its id.
    pub id: KeyId,
    /// What its owner calls it.
    pub name: Option<String>,
    /// What it may do.
    pub role: Role,
    /// The end of its secret, by which people tell their keys apart.
    pub last_four: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// From when on it is refused; `None` for never.
    pub expires_at: Option<OffsetDateTime>,
    /// When it last let somebody in, give or take some minutes.
    pub last_used_at: Option<OffsetDateTime>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<OffsetDateTime>,
}

/// All API keys of a merchant, oldest first, the useless ones too.
pub async fn keys(pool: &Pool, merchant: MerchantId) -> Result<Vec<ListedKey>, sqlx::Error> {
    let rows = sqlx::query!(
        "-- auth.keys
        SELECT id, name, role, last_four, created_at, expires_at, last_used_at, revoked_at
        FROM api_keys WHERE merchant_id = $1 ORDER BY id",
        merchant.0
    );
    let rows = rows.fetch_all(pool).await?;
    let read = rows.into_iter().map(|row| {
        Ok(ListedKey {
            id: KeyId(row.id),
            name: row.name,
            role: row.role.parse().map_err(corrupt)?,
            last_four: row.last_four,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        })
    });
    read.collect()
}

/// Writes when keys last let somebody in. A later time that is there already stays.
pub async fn note_uses(pool: &Pool, uses: &[(KeyId, OffsetDateTime)]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = uses.iter().map(|(id, _)| id.0).collect();
    let times: Vec<OffsetDateTime> = uses.iter().map(|(_, at)| *at).collect();
    let update = sqlx::query!(
        "-- auth.note_uses
        UPDATE api_keys k SET last_used_at = used.at
        FROM UNNEST($1::uuid[], $2::timestamptz[]) AS used (id, at)
        WHERE k.id = used.id AND (k.last_used_at IS NULL OR k.last_used_at < used.at)",
        &ids,
        &times
    );
    update.execute(pool).await.map(drop)
}

/// Revokes an API key and says whose it is; `None` if there is none of this id. A second time
/// changes nothing.
pub async fn revoke_key(
    connection: &mut PgConnection,
    id: KeyId,
    now: OffsetDateTime,
) -> Result<Option<MerchantId>, sqlx::Error> {
    let update = sqlx::query_scalar!(
        "-- auth.revoke_key
        UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1
        RETURNING merchant_id",
        id.0,
        now
    );
    Ok(update.fetch_optional(connection).await?.map(MerchantId))
}

/// Keeps all others from changing the keyring until the transaction ends.
pub async fn lock_keyring(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let lock = sqlx::query!(
        "-- auth.lock_keyring
        LOCK TABLE keyring IN EXCLUSIVE MODE"
    );
    lock.execute(connection).await.map(drop)
}

/// The sealed keys of the cell.
pub async fn load_keyring(db: impl PgExecutor<'_>) -> Result<Vec<KeyringRow>, sqlx::Error> {
    let rows = sqlx::query!(
        "-- auth.load_keyring
        SELECT purpose, id, sealed, created_at FROM keyring ORDER BY purpose, id"
    );
    let rows = rows.fetch_all(db).await?;
    let read = rows.into_iter().map(|row| {
        Ok(KeyringRow {
            purpose: row.purpose.parse().map_err(corrupt)?,
            id: row.id,
            sealed: row.sealed,
            created_at: row.created_at,
        })
    });
    read.collect()
}

/// Writes sealed keys of the cell, and says whether it did; one that is there is left as it is.
pub async fn insert_keyring(
    db: impl PgExecutor<'_>,
    rows: &[KeyringRow],
    now: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let (purposes, ids, sealed) = columns(rows);
    let insert = sqlx::query!(
        "-- auth.insert_keyring
        INSERT INTO keyring (purpose, id, sealed, created_at)
        SELECT purpose, id, sealed, $4
        FROM UNNEST($1::text[], $2::uuid[], $3::bytea[]) AS new (purpose, id, sealed)
        ON CONFLICT (purpose, id) DO NOTHING",
        &purposes,
        &ids,
        &sealed,
        now
    );
    Ok(insert.execute(db).await?.rows_affected() > 0)
}

/// Writes sealed keys of the cell; one that is there gets these sealed bytes.
pub async fn replace_keyring(
    connection: &mut PgConnection,
    rows: &[KeyringRow],
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let (purposes, ids, sealed) = columns(rows);
    let replace = sqlx::query!(
        "-- auth.replace_keyring
        INSERT INTO keyring (purpose, id, sealed, created_at)
        SELECT purpose, id, sealed, $4
        FROM UNNEST($1::text[], $2::uuid[], $3::bytea[]) AS new (purpose, id, sealed)
        ON CONFLICT (purpose, id) DO UPDATE SET sealed = excluded.sealed",
        &purposes,
        &ids,
        &sealed,
        now
    );
    replace.execute(connection).await.map(drop)
}

fn columns(rows: &[KeyringRow]) -> (Vec<String>, Vec<Uuid>, Vec<Vec<u8>>) {
    let purposes = rows.iter().map(|row| row.purpose.as_str().to_owned());
    let ids = rows.iter().map(|row| row.id);
    let sealed = rows.iter().map(|row| row.sealed.clone());
    (purposes.collect(), ids.collect(), sealed.collect())
}

/// Removes the keys that have sealed no secret since `before`: those whose successor is older.
pub async fn forget_keys(
    connection: &mut PgConnection,
    before: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let delete = sqlx::query!(
        "-- auth.forget_keys
        DELETE FROM keyring k WHERE purpose = 'secrets' AND EXISTS (
            SELECT FROM keyring next
            WHERE next.purpose = 'secrets' AND next.id > k.id AND next.created_at < $1)",
        before
    );
    delete.execute(connection).await.map(drop)
}

/// Removes all keys for tokens but this one.
pub async fn forget_other_token_keys(
    connection: &mut PgConnection,
    kept: Uuid,
) -> Result<(), sqlx::Error> {
    let delete = sqlx::query!(
        "-- auth.forget_other_token_keys
        DELETE FROM keyring WHERE purpose = 'tokens' AND id <> $1",
        kept
    );
    delete.execute(connection).await.map(drop)
}
