//! The cell's own keys, kept in the database, sealed by the master key.
//!
//! Of each purpose the newest key works. Older ones stay for what hangs on them: secrets that they
//! sealed, links that payers hold, receipts that they signed.

use super::ed25519::SeedError;
use super::seal::{self, FIRST};
use super::{MasterKey, SealError, SealingKey, SealingKeys, TokenKey, TokenKeys, jwt::Signer};
use crate::base::ambient::Ambient;
use std::{fmt, str::FromStr};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What a key of the cell is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Deriving link tokens and form tokens.
    Tokens,
    /// Sealing the secrets of callback endpoints.
    Secrets,
    /// Signing access tokens and receipts: an Ed25519 seed.
    Signing,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 3] = [Self::Tokens, Self::Secrets, Self::Signing];

    /// Its name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Secrets => "secrets",
            Self::Signing => "signing",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Purpose {
    type Err = KeyringError;
    fn from_str(text: &str) -> Result<Self, KeyringError> {
        let known = Self::ALL.into_iter().find(|p| p.as_str() == text);
        known.ok_or_else(|| KeyringError::Unknown(text.to_owned()))
    }
}

/// Why the cell's keys cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Another master key sealed them.
    #[error("THREADPAY_MASTER_KEY is not the key that this database was sealed with")]
    WrongMasterKey,
    /// The master key is right, and a key does not open.
    #[error("the key for {0} in the keyring table was changed: restore that table from a backup")]
    Damaged(Purpose),
    /// A key is not there.
    #[error("the key for {0} is missing from the keyring table: restore that table from a backup")]
    Missing(Purpose),
    /// A key of a purpose that this version does not know.
    #[error("the keyring table has a key for {0:?}, which this version does not know")]
    Unknown(String),
    /// A key cannot be sealed.
    #[error("cannot seal the key for {0}")]
    Seal(Purpose),
}

/// One sealed key, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyringRow {
    /// What it is for.
    pub purpose: Purpose,
    /// Its id.
    pub id: Uuid,
    /// The 32 bytes of the key, sealed by the master key for this purpose and id.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

impl KeyringRow {
    fn generate(
        (purpose, id): (Purpose, Uuid),
        master: &MasterKey,
        ambient: &Ambient,
    ) -> Result<Self, KeyringError> {
        let key = Zeroizing::new(ambient.bytes());
        let sealed = seal((purpose, id), &key, master, ambient)?;
        Ok(Self {
            purpose,
            id,
            sealed,
            created_at: ambient.now(),
        })
    }

    /// One more key for a purpose, that works from now on.
    pub fn another(
        purpose: Purpose,
        master: &MasterKey,
        ambient: &Ambient,
    ) -> Result<Self, KeyringError> {
        Self::generate((purpose, ambient.id()), master, ambient)
    }

    fn open(&self, master: &MasterKey) -> Result<Zeroizing<[u8; 32]>, KeyringError> {
        let context = context(self.purpose, self.id);
        let opened = master.sealing().open(context.as_bytes(), &self.sealed);
        let opened = opened.map_err(|error| match error {
            SealError::OtherKey => KeyringError::WrongMasterKey,
            // A row of the time before ids does not say who sealed it; a wrong key is likelier.
            SealError::Changed if seal::key_id(&self.sealed).is_none() => {
                KeyringError::WrongMasterKey
            }
            SealError::Changed | SealError::TooLong => KeyringError::Damaged(self.purpose),
        })?;
        let key = <[u8; 32]>::try_from(opened.as_slice()).map(Zeroizing::new);
        key.map_err(|_| KeyringError::Damaged(self.purpose))
    }

    /// Whether it names this master key as the one that sealed it.
    pub fn is_sealed_by(&self, master: &MasterKey) -> bool {
        seal::key_id(&self.sealed) == Some(master.sealing().id())
    }
}

fn seal(
    (purpose, id): (Purpose, Uuid),
    key: &[u8; 32],
    master: &MasterKey,
    ambient: &Ambient,
) -> Result<Vec<u8>, KeyringError> {
    let context = context(purpose, id);
    let sealed = master.sealing().seal(context.as_bytes(), key, ambient);
    sealed.map_err(|_| KeyringError::Seal(purpose))
}

/// What a sealed key is bound to, so that no key can be put in another's place.
fn context(purpose: Purpose, id: Uuid) -> String {
    format!("keyring/{purpose}/{id}")
}

/// The cell's keys, opened once at the start.
#[derive(Clone, Debug)]
pub struct Keyring {
    /// Derive link tokens and form tokens.
    pub tokens: TokenKeys,
    /// Seal the secrets of callback endpoints.
    pub secrets: SealingKeys,
    /// Signs access tokens and receipts.
    pub signing: Signer,
}

impl Keyring {
    /// New sealed keys, one for each purpose.
    pub fn generate(
        master: &MasterKey,
        ambient: &Ambient,
    ) -> Result<Vec<KeyringRow>, KeyringError> {
        let make = |purpose| KeyringRow::generate((purpose, FIRST), master, ambient);
        Purpose::ALL.into_iter().map(make).collect()
    }

    /// The same keys, sealed by `to` in place of `from`.
    pub fn reseal(
        rows: &[KeyringRow],
        from: &MasterKey,
        to: &MasterKey,
        ambient: &Ambient,
    ) -> Result<Vec<KeyringRow>, KeyringError> {
        let resealed = rows.iter().map(|row| {
            let sealed = seal((row.purpose, row.id), &*row.open(from)?, to, ambient)?;
            Ok(KeyringRow {
                sealed,
                ..row.clone()
            })
        });
        resealed.collect()
    }

    /// Opens the stored keys.
    pub fn open(master: &MasterKey, rows: &[KeyringRow]) -> Result<Self, KeyringError> {
        let of = |purpose| {
            let mut rows: Vec<_> = rows.iter().filter(|row| row.purpose == purpose).collect();
            rows.sort_by_key(|row| row.id);
            let opened = rows.into_iter().map(|row| Ok((row, row.open(master)?)));
            opened.collect::<Result<Vec<_>, KeyringError>>()
        };
        let tokens = of(Purpose::Tokens)?.into_iter();
        let tokens = tokens.map(|(row, key)| (row.id, TokenKey::new(*key)));
        let secrets = of(Purpose::Secrets)?.into_iter();
        let secrets = secrets.map(|(row, key)| SealingKey::new(row.id, *key));
        Ok(Self {
            tokens: TokenKeys::new(tokens.collect())
                .ok_or(KeyringError::Missing(Purpose::Tokens))?,
            secrets: SealingKeys::new(secrets.collect())
                .ok_or(KeyringError::Missing(Purpose::Secrets))?,
            signing: signer(of(Purpose::Signing)?)?,
        })
    }
}

/// Signs with the newest of these keys. Each before it signed until the next one was made.
fn signer(mut keys: Vec<(&KeyringRow, Zeroizing<[u8; 32]>)>) -> Result<Signer, KeyringError> {
    let damaged = |SeedError| KeyringError::Damaged(Purpose::Signing);
    let (newest, seed) = keys.pop().ok_or(KeyringError::Missing(Purpose::Signing))?;
    let mut until = newest.created_at;
    let mut signer = Signer::from_seed(seed.as_slice()).map_err(damaged)?;
    for (row, seed) in keys.into_iter().rev() {
        signer = signer
            .with_retired(seed.as_slice(), until)
            .map_err(damaged)?;
        until = row.created_at;
    }
    Ok(signer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::STANDARD};

    #[test]
    fn opens_with_the_master_key_that_sealed_it() {
        let (master, ambient) = (MasterKey::new([1; 32]), Ambient::system());
        let mut rows = Keyring::generate(&master, &ambient).unwrap();
        let first = Keyring::open(&master, &rows).unwrap();
        let again = Keyring::open(&master, &rows).unwrap();
        assert_eq!(
            first.tokens.link_token("pi_1"),
            again.tokens.link_token("pi_1")
        );
        assert_eq!(first.signing.key_id(), again.signing.key_id());
        let wrong = Keyring::open(&MasterKey::new([2; 32]), &rows);
        assert_eq!(wrong.unwrap_err(), KeyringError::WrongMasterKey);
        let missing = Keyring::open(&master, &rows[1..]).unwrap_err();
        assert_eq!(missing, KeyringError::Missing(Purpose::Tokens));
        rows.swap(0, 1);
        (rows[0].purpose, rows[1].purpose) = (rows[1].purpose, rows[0].purpose);
        let swapped = Keyring::open(&master, &rows).unwrap_err();
        assert_eq!(swapped, KeyringError::Damaged(Purpose::Tokens));
    }

    #[test]
    fn another_master_key_keeps_tokens_signatures_and_what_is_sealed() {
        let ambient = Ambient::system();
        let [old, new] = [1, 2].map(|byte| MasterKey::new([byte; 32]));
        let rows = Keyring::generate(&old, &ambient).unwrap();
        let before = Keyring::open(&old, &rows).unwrap();
        let sealed = before.secrets.seal(b"ep_1", b"whsec", &ambient).unwrap();
        let wrong = Keyring::reseal(&rows, &new, &old, &ambient).unwrap_err();
        assert_eq!(wrong, KeyringError::WrongMasterKey);
        let mut rows = Keyring::reseal(&rows, &old, &new, &ambient).unwrap();
        rows.push(KeyringRow::another(Purpose::Secrets, &new, &ambient).unwrap());
        assert!(rows.iter().all(|row| row.is_sealed_by(&new)));
        let refused = Keyring::open(&old, &rows).unwrap_err();
        assert_eq!(refused, KeyringError::WrongMasterKey);
        let after = Keyring::open(&new, &rows).unwrap();
        assert_eq!(
            after.tokens.link_token("pi_1"),
            before.tokens.link_token("pi_1")
        );
        assert_eq!(after.signing.key_id(), before.signing.key_id());
        let opened = after.secrets.open(b"ep_1", &sealed).unwrap();
        assert_eq!(opened.as_slice(), b"whsec");
        let again = after.secrets.seal(b"ep_1", b"whsec", &ambient).unwrap();
        let by_old = before.secrets.open(b"ep_1", &again);
        assert_eq!(by_old, Err(SealError::OtherKey));
    }

    #[test]
    fn keys_that_were_sealed_before_master_keys_had_ids_open() {
        // `[9; 32]` for tokens by the master key `[1; 32]`, as another library makes it.
        let sealed =
            "AQABAgMEBQYHCAkKC7KvnC8p9w9w92PuzSlgwaqnz2ID/JhMCXjDMYmojjS7oQxKonkr0jBcYbewgbmLXw==";
        let sealed = STANDARD.decode(sealed).unwrap();
        let (purpose, id) = (Purpose::Tokens, FIRST);
        let row = KeyringRow {
            purpose,
            id,
            sealed,
            created_at: OffsetDateTime::UNIX_EPOCH,
        };
        let [right, wrong] = [1, 2].map(|byte| MasterKey::new([byte; 32]));
        assert_eq!(*row.open(&right).unwrap(), [9; 32]);
        assert_eq!(row.open(&wrong), Err(KeyringError::WrongMasterKey));
        assert!(!row.is_sealed_by(&right));
    }

    #[test]
    fn purposes_read_back() {
        for purpose in Purpose::ALL {
            assert_eq!(purpose.as_str().parse(), Ok(purpose));
        }
        assert!("other".parse::<Purpose>().is_err());
    }
}
