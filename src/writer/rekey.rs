//! Another master key, in one transaction: every key of the cell is sealed by it, and every
//! endpoint's secret and rail account's credentials by a new key of the cell. Keys for signing and for tokens are replaced where it
//! is asked for. Set-up, as `setup.rs` is.

use crate::{
    base::{
        ambient::Ambient,
        crypto::{
            Keyring, KeyringError, KeyringRow, MasterKey, Purpose, SealingKeys, TokenKey, TokenKeys,
        },
        db::{self, Db, DbError, Use},
        ids::{EndpointId, RailAccountId},
    },
    domain::{
        auth,
        callbacks::{UnsealError, secrets},
        links::{store::Subject, token},
        rail_accounts::{self, CredentialsError},
    },
};
use sqlx::{Connection, PgConnection};
use time::Duration;
use uuid::Uuid;

/// Secrets that are sealed anew at a time.
const CHUNK: u16 = 500;
/// How long a key that seals no more is kept: an answer that is kept for its idempotency key (25
/// hours) may hold a secret that it sealed.
const KEPT: Duration = Duration::days(2);

crate::names! {
    /// What is replaced beside the master key.
    pub enum Rotation {
        /// The key that signs access tokens and receipts.
        Signing = "signing",
        /// The key for tokens of pages: of those that are made from now on.
        Tokens = "tokens",
        /// The tokens of all pages: links that stand in threads open nothing any more.
        Links = "links",
    }
}

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
    /// The credentials of a rail account do not open.
    #[error(
        "{source} (credentials of {account}); nothing was changed: restore that row of rail_accounts from a backup, or empty its sealed_credentials and give the account new ones"
    )]
    Credentials {
        /// The account.
        account: RailAccountId,
        /// Why.
        source: CredentialsError,
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

/// Seals with `to` what is sealed with `from`, and replaces what is named: everything or, if it is
/// interrupted, nothing.
pub async fn rekey(
    db: &Db,
    (from, to): (&MasterKey, &MasterKey),
    rotations: &[Rotation],
    ambient: &Ambient,
) -> Result<Rekeyed, RekeyError> {
    let mut connection = db.connect(Use::Writer).await?;
    ambient.set(db::time(&mut connection)).await?;
    let mut transaction = connection.begin().await?;
    auth::store::lock_keyring(&mut transaction).await?;
    let mut rows = auth::store::load_keyring(&mut *transaction).await?;
    if rows.is_empty() {
        return Err(RekeyError::Empty);
    }
    let now = ambient.now();
    let mut rekeyed = Rekeyed::Before;
    if !rows.iter().all(|row| row.is_sealed_by(to)) {
        rows = Keyring::reseal(&rows, from, to, ambient)?;
        rows.push(KeyringRow::another(Purpose::Secrets, to, ambient)?);
        let keys = Keyring::open(to, &rows)?.secrets;
        let secrets = reseal(&mut transaction, &keys, ambient).await?;
        let credentials = reseal_credentials(&mut transaction, &keys, ambient).await?;
        rekeyed = Rekeyed::Now(secrets + credentials);
    }
    for rotation in rotations {
        let purpose = match rotation {
            Rotation::Signing => Purpose::Signing,
            Rotation::Tokens | Rotation::Links => Purpose::Tokens,
        };
        let another = KeyringRow::another(purpose, to, ambient)?;
        if *rotation == Rotation::Links {
            rows.retain(|row| row.purpose != Purpose::Tokens);
            auth::store::forget_other_token_keys(&mut transaction, another.id).await?;
        }
        rows.push(another);
    }
    let keyring = Keyring::open(to, &rows)?;
    auth::store::replace_keyring(&mut transaction, &rows, now).await?;
    if rotations.contains(&Rotation::Links) {
        end_links(&mut transaction, &keyring.tokens).await?;
    }
    if rekeyed != Rekeyed::Before {
        auth::store::forget_keys(&mut transaction, now - KEPT).await?;
    }
    transaction.commit().await?;
    Ok(rekeyed)
}

/// Gives every page another token. Rows come in the order of their hashes, which change: one that
/// comes twice has its new hash already.
async fn end_links(db: &mut PgConnection, keys: &TokenKeys) -> Result<(), RekeyError> {
    let mut last = Vec::new();
    loop {
        let chunk = token::store::following(db, &last, i64::from(CHUNK)).await?;
        let (old, subjects): (Vec<_>, Vec<_>) = chunk.into_iter().unzip();
        let Some(end) = old.last().cloned() else {
            return Ok(());
        };
        let new = subjects.iter().map(|subject| {
            let subject = match subject {
                Subject::Intent(id) => id.to_string(),
                Subject::Link(id) => id.to_string(),
            };
            TokenKey::hash(&keys.link_token(&subject)).to_vec()
        });
        token::store::replace(db, (&old, &new.collect::<Vec<_>>())).await?;
        last = end;
    }
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

/// Seals the credentials of all rail accounts with the newest of these keys.
async fn reseal_credentials(
    db: &mut PgConnection,
    keys: &SealingKeys,
    ambient: &Ambient,
) -> Result<usize, RekeyError> {
    let (mut last, mut count) = (RailAccountId(Uuid::nil()), 0);
    loop {
        let chunk = rail_accounts::store::sealed_after(db, last, i64::from(CHUNK)).await?;
        for (owner, sealed) in &chunk {
            let resealed = sealed.resealed(*owner, keys, ambient);
            let resealed = resealed.map_err(|source| RekeyError::Credentials {
                account: owner.1,
                source,
            })?;
            rail_accounts::store::replace_sealed(db, *owner, &resealed).await?;
        }
        count += chunk.len();
        match chunk.last() {
            Some((owner, _)) => last = owner.1,
            None => return Ok(count),
        }
    }
}
