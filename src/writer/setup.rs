//! Set-up: what exists before any merchant has a lane. The operator's commands make merchants and
//! keys, each by one statement of its own.

use crate::{
    base::{
        ambient::Ambient,
        db::{self, Db, DbError, Use},
        ids::{KeyId, MerchantId},
    },
    domain::auth::{self, NewApiKey},
};
use sqlx::PgConnection;

/// A connection by whose Postgres the time is set: this machine's clock may be off.
async fn connect(db: &Db, ambient: &Ambient) -> Result<PgConnection, DbError> {
    let mut connection = db.connect(Use::General).await?;
    ambient.set(db::time(&mut connection)).await?;
    Ok(connection)
}

/// Makes a merchant with empty books.
pub async fn create_merchant(
    db: &Db,
    name: &str,
    ambient: &Ambient,
) -> Result<MerchantId, DbError> {
    let mut connection = connect(db, ambient).await?;
    let id: MerchantId = ambient.id();
    auth::store::insert_merchant(&mut connection, id, name, ambient.now()).await?;
    Ok(id)
}

/// Stores a new API key; only its hash is kept.
pub async fn create_key(db: &Db, key: &NewApiKey, ambient: &Ambient) -> Result<(), DbError> {
    let mut connection = connect(db, ambient).await?;
    auth::store::insert_key(&mut connection, key, ambient.now()).await?;
    Ok(())
}

/// Revokes a key, and says whether there was one to revoke.
pub async fn revoke_key(db: &Db, id: KeyId, ambient: &Ambient) -> Result<bool, DbError> {
    let mut connection = connect(db, ambient).await?;
    let revoked = auth::store::revoke_key(&mut connection, id, ambient.now()).await?;
    Ok(revoked)
}
