//! Another master key, in one transaction: every key of the cell is sealed by it, and every
//! endpoint's secret by a new key of the cell. Set-up, as `setup.rs` is.

use crate::{
    base::{
        ambient::Ambient,
        crypto::{Keyring, KeyringError, MasterKey, SealingKeys},
        db::{self, Db, DbError, Use},
        ids::EndpointId,
    },
    domain::{
        auth,
        callbacks::{UnsealError, secrets},
    },
};
use sqlx::{Connection, PgConnection};
use time::Duration;

/// Secrets that are sealed anew at a time.
const CHUNK: u16 = 500;
/// How long a key that seals no more is kept: an answer that is kept for its idempotency key (25
/// hours) may hold a secret that it sealed.
const KEPT: Duration = Duration::days(2);

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rekeyed {
    /// The new master key seals everything; this many secrets were sealed anew.
    Now(usize),
    /// It did already.
    Before,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RekeyError {
    /// Nothing was ever sealed.
    #[error("this database has no keys yet: start the service with the new master key")]
    Empty,
    /// The cell's keys do not open, or cannot be sealed.
    #[error("{0}; nothing was changed")]
    Keyring(#[from] KeyringError),
    /// A secret does not open.
    #[error(
        "{source} (secret {number} of {endpoint}); nothing was changed: restore that row of endpoint_secrets from a backup, or delete it and give the endpoint a new secret"
    )]
    Secret {
        /// The endpoint.
        endpoint: EndpointId,
        /// Which of its secrets.
        number: i32,
        /// Why.
        source: UnsealError,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<sqlx::Error> for RekeyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}

/// Seals with `to` what is sealed with `from`: everything or, if it is interrupted, nothing.
pub async fn rekey(
    db: &Db,
    from: &MasterKey,
    to: &MasterKey,
    ambient: &Ambient,
) -> Result<Rekeyed, RekeyError> {
    let mut connection = db.connect(Use::Writer).await?;
    ambient.set(db::time(&mut connection)).await?;
    let mut transaction = connection.begin().await?;
    auth::store::lock_keyring(&mut transaction).await?;
    let rows = auth::store::load_keyring(&mut *transaction).await?;
    if rows.is_empty() {
        return Err(RekeyError::Empty);
    }
    if rows.iter().all(|row| row.is_sealed_by(to)) {
        return Ok(Rekeyed::Before);
    }
    let (rows, now) = (Keyring::reseal(&rows, from, to, ambient)?, ambient.now());
    let keys = Keyring::open(to, &rows)?.secrets;
    auth::store::replace_keyring(&mut transaction, &rows, now).await?;
    let count = reseal(&mut transaction, &keys, ambient).await?;
    auth::store::forget_keys(&mut transaction, now - KEPT).await?;
    transaction.commit().await?;
    Ok(Rekeyed::Now(count))
}

/// Seals all secrets with the newest of these keys.
async fn reseal(
    db: &mut PgConnection,
    keys: &SealingKeys,
    ambient: &Ambient,
) -> Result<usize, RekeyError> {
    let (mut last, mut count) = (None, 0);
    loop {
        let chunk = secrets::store::following(db, last.as_ref(), i64::from(CHUNK)).await?;
        let resealed = chunk.iter().map(|secret| {
            let resealed = secret.resealed(keys, ambient);
            resealed.map_err(|source| RekeyError::Secret {
                endpoint: secret.endpoint,
                number: secret.number,
                source,
            })
        });
        let mut resealed = resealed.collect::<Result<Vec<_>, RekeyError>>()?;
        secrets::store::replace(db, &resealed).await?;
        count += resealed.len();
        last = resealed.pop();
        if last.is_none() {
            return Ok(count);
        }
    }
}
