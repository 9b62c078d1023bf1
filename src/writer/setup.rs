//! Set-up: what exists before any merchant has a lane. The operator's commands make merchants and
//! keys, each by one statement of its own.

use crate::{
    base::{
        ambient::Ambient,
        db::{self, Db, DbError, Use},
        ids::{EndpointId, KeyId, MerchantId},
        mode::Mode,
    },
    domain::{
        auth::{self, Merchant, NewApiKey},
        callbacks, ledger,
    },
};
use sqlx::{Connection, PgConnection};

/// A connection by whose Postgres the time is set: this machine's clock may be off.
pub(super) async fn connect(db: &Db, ambient: &Ambient) -> Result<PgConnection, DbError> {
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
        ahead: time::Duration::ZERO,
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

/// Revokes a key and, if they shall end with it, disables the endpoints that it made: those that
/// were enabled until now are given. `None` if there is no such key.
pub async fn revoke_key(
    db: &Db,
    id: KeyId,
    with_endpoints: bool,
    ambient: &Ambient,
) -> Result<Option<Vec<EndpointId>>, DbError> {
    let mut connection = connect(db, ambient).await?;
    let mut transaction = connection.begin().await?;
    let now = ambient.now();
    let revoked = auth::store::revoke_key(&mut transaction, id, now).await?;
    let Some(merchant) = revoked else {
        return Ok(None);
    };
    let mut disabled = Vec::new();
    if with_endpoints {
        // A batch under way has read the endpoints, and would write them back as they were.
        ledger::store::lock_books(&mut transaction, merchant).await?;
        let reason = format!("{id}, the API key that made this endpoint, was revoked");
        let made =
            callbacks::store::disable_made_by(&mut transaction, (merchant, id), &reason, now);
        disabled = made.await?;
    }
    transaction.commit().await?;
    Ok(Some(disabled))
}
