//! API keys as the commands make them.

use super::ProgramError;
use crate::{
    base::{
        ambient::Ambient,
        db::{Db, DbError, Use},
        ids::MerchantId,
    },
    domain::auth::{self, NewApiKey, Role},
    writer,
};

/// A new key of a merchant that exists.
pub async fn create(db: &Db, merchant: MerchantId, role: Role) -> Result<NewApiKey, ProgramError> {
    let ambient = Ambient::system();
    let pool = db.pool(Use::General, 1).await?;
    let exists = auth::store::merchant_exists(&pool, merchant)
        .await
        .map_err(DbError::Sql)?;
    if !exists {
        return Err(ProgramError::Failed(format!(
            "there is no merchant {merchant}: make one with `threadpay merchant create`"
        )));
    }
    let key = NewApiKey::generate(&ambient, merchant, role);
    writer::create_key(db, &key, &ambient).await?;
    Ok(key)
}
