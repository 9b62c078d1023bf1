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
use time::OffsetDateTime;

/// What is chosen of a new key.
#[derive(Clone, Debug)]
pub struct KeyChoice {
    /// What it may do.
    pub role: Role,
    /// What its owner calls it.
    pub name: Option<String>,
    /// From when on it is refused.
    pub expires_at: Option<OffsetDateTime>,
}

impl From<Role> for KeyChoice {
    fn from(role: Role) -> Self {
        Self {
            role,
            name: None,
            expires_at: None,
        }
    }
}

/// That there is no such merchant.
pub fn no_merchant(id: MerchantId) -> ProgramError {
    ProgramError::Failed(format!(
        "there is no merchant {id}: see `threadpay merchant list`, or make one with `threadpay merchant create`"
    ))
}

/// A new key of a merchant that exists.
pub async fn create(
    db: &Db,
    merchant: MerchantId,
    choice: KeyChoice,
) -> Result<NewApiKey, ProgramError> {
    let ambient = Ambient::system();
    let pool = db.pool(Use::General, 1).await?;
    let found = auth::store::merchant(&pool, merchant).await;
    let mode = found
        .map_err(DbError::from)?
        .ok_or_else(|| no_merchant(merchant))?
        .mode;
    let mut key = NewApiKey::generate(&ambient, merchant, mode, choice.role);
    key.name = choice.name;
    key.expires_at = choice.expires_at;
    writer::create_key(db, &key, &ambient).await?;
    Ok(key)
}
