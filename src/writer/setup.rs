//! Set-up: what exists before any merchant has a lane. The operator's commands make merchants and
//! keys, each by one statement of its own.

use crate::{
    base::{
        ambient::Ambient,
        db::{self, Db, DbError, Use},
        ids::{KeyId, MerchantId},
        mode::Mode,
    },
    domain::auth::{self, Merchant, NewApiKey},
};
use sqlx::PgConnection;

/// A connection by whose Postgres the time is set: this machine's clock may be off.
async fn connect(db: &Db, ambient: &Ambient) -> Result<PgConnection, DbError> {
    let mut connection = db.connect(Use::General).await?;
    ambient.set(db::time(&mut connection)).await?;
    Ok(connection)
}

/// Makes a merchant with empty books. Its mode is for ever.
pub async fn create_merchant(
    db: &Db,
    name: &str,
    mode: Mode,
    ambient: &Ambient,
) -> Result<Merchant, DbError> {
    let mut connection = connect(db, ambient).await?;
    let merchant = Merchant {
        id: ambient.id(),
        name: name.to_owned(),
        mode,
        created_at: ambient.now(),
    };
    auth::store::insert_merchant(&mut connection, &merchant).await?;
    Ok(merchant)
}

/// Gives a merchant another name, and says whether there is such a merchant.
pub async fn rename_merchant(db: &Db, id: MerchantId, name: &str) -> Result<bool, DbError> {
    let mut connection = db.connect(Use::General).await?;
    Ok(auth::store::rename_merchant(&mut connection, id, name).await?)
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
