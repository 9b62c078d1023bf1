//! The cell's keys at the start of a process: made by the first that comes, opened by all.

use super::store;
use crate::base::ambient::Ambient;
use crate::base::crypto::{Keyring, KeyringError, MasterKey};
use crate::base::db::Pool;

/// Why the cell's keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// They are there and do not open.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Postgres does not answer as it should.
    #[error("cannot read the keyring table: {0}")]
    Sql(#[from] sqlx::Error),
}

/// Opens the cell's keys, after making them if there are none. Processes that start at the same
/// time agree: what is opened is always what is in the database.
pub async fn open_keyring(
    pool: &Pool,
    master: &MasterKey,
    ambient: &Ambient,
) -> Result<Keyring, OpenError> {
    let mut rows = store::load_keyring(pool).await?;
    if rows.is_empty() {
        let new = Keyring::generate(master, ambient)?;
        if store::insert_keyring(pool, &new, ambient.now()).await? {
            tracing::warn!(
                master_key = master.fingerprint(),
                "this database had no keys: they were made, and are sealed by THREADPAY_MASTER_KEY from now on; the key with this fingerprint is needed for ever, so keep a copy of it"
            );
        }
        rows = store::load_keyring(pool).await?;
    }
    Ok(Keyring::open(master, &rows)?)
}
