//! Merchants, API keys and the keyring in Postgres.

use super::{NewApiKey, Role};
use crate::base::crypto::KeyringRow;
use crate::base::ids::{KeyId, MerchantId};
use sqlx::{PgConnection, PgExecutor, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

/// What is known of an API key that was not revoked.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// Whose it is.
    pub merchant: MerchantId,
    /// What it may do.
    pub role: Role,
    /// SHA-256 of its secret.
    pub secret_hash: Vec<u8>,
}

fn corrupt<E: std::error::Error + Send + Sync + 'static>(error: E) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

/// The API key of this id, unless it was revoked.
pub async fn find_key(pool: &PgPool, id: KeyId) -> Result<Option<StoredKey>, sqlx::Error> {
    let row = sqlx::query!(
        "-- auth.find_key
        SELECT merchant_id, role, secret_hash FROM api_keys WHERE id = $1 AND revoked_at IS NULL",
        id.0
    );
    let Some(row) = row.fetch_optional(pool).await? else {
        return Ok(None);
    };
    Ok(Some(StoredKey {
        merchant: MerchantId(row.merchant_id),
        role: row.role.parse().map_err(corrupt)?,
        secret_hash: row.secret_hash,
    }))
}

/// Whether this merchant exists.
pub async fn merchant_exists(pool: &PgPool, id: MerchantId) -> Result<bool, sqlx::Error> {
    let exists = sqlx::query_scalar!(
        r#"-- auth.merchant_exists
        SELECT EXISTS (SELECT FROM merchants WHERE merchant_id = $1) AS "exists!""#,
        id.0
    );
    exists.fetch_one(pool).await
}

/// The name of this merchant, as payers read it.
pub async fn merchant_name(pool: &PgPool, id: MerchantId) -> Result<String, sqlx::Error> {
    let name = sqlx::query_scalar!(
        "-- auth.merchant_name
        SELECT name FROM merchants WHERE merchant_id = $1",
        id.0
    );
    name.fetch_one(pool).await
}

/// Writes a new merchant, with empty books. One statement, so that neither stands alone.
pub async fn insert_merchant(
    connection: &mut PgConnection,
    id: MerchantId,
    name: &str,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query!(
        "-- auth.insert_merchant
        WITH merchant AS (
            INSERT INTO merchants (merchant_id, name, created_at) VALUES ($1, $2, $3)
        )
        INSERT INTO books (merchant_id, entry_hash, booked_at)
        VALUES ($1, decode(repeat('00', 32), 'hex'), $3)",
        id.0,
        name,
        now
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
        INSERT INTO api_keys (merchant_id, id, role, secret_hash, last_four, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)",
        key.merchant.0,
        key.id.0,
        key.role.as_str(),
        secret_hash.as_slice(),
        key.last_four(),
        now
    );
    insert.execute(connection).await.map(drop)
}

/// Revokes an API key; false if there is none of this id. A second time changes nothing.
pub async fn revoke_key(
    connection: &mut PgConnection,
    id: KeyId,
    now: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let update = sqlx::query!(
        "-- auth.revoke_key
        UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1",
        id.0,
        now
    );
    Ok(update.execute(connection).await?.rows_affected() > 0)
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
        SELECT purpose, id, sealed FROM keyring ORDER BY purpose, id"
    );
    let rows = rows.fetch_all(db).await?;
    let read = rows.into_iter().map(|row| {
        Ok(KeyringRow {
            purpose: row.purpose.parse().map_err(corrupt)?,
            id: row.id,
            sealed: row.sealed,
        })
    });
    read.collect()
}

/// Writes sealed keys of the cell; one that is there is left as it is.
pub async fn insert_keyring(
    db: impl PgExecutor<'_>,
    rows: &[KeyringRow],
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
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
    insert.execute(db).await.map(drop)
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
