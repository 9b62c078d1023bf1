//! The cell's own keys: made once, kept in the database, sealed by the master key.

use super::ed25519::SeedError;
use super::{MasterKey, SealError, SealingKey, TokenKey, jwt::Signer};
use crate::ambient::Ambient;
use std::{fmt, str::FromStr};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The id of the first key of each purpose. It is the same in every cell, so that two processes
/// that start on an empty database cannot each make one.
const FIRST: Uuid = Uuid::from_u128(1);

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
    /// A key does not open.
    #[error("THREADPAY_MASTER_KEY is not the key that this database was sealed with")]
    WrongMasterKey,
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
}

impl KeyringRow {
    fn generate(
        purpose: Purpose,
        master: &MasterKey,
        ambient: &Ambient,
    ) -> Result<Self, KeyringError> {
        let key = Zeroizing::new(ambient.bytes::<32>());
        let sealed =
            master
                .sealing()
                .seal(context(purpose, FIRST).as_bytes(), key.as_slice(), ambient);
        Ok(Self {
            purpose,
            id: FIRST,
            sealed: sealed.map_err(|SealError| KeyringError::Seal(purpose))?,
        })
    }

    fn open(&self, master: &MasterKey) -> Result<Zeroizing<[u8; 32]>, KeyringError> {
        let context = context(self.purpose, self.id);
        let opened = master.sealing().open(context.as_bytes(), &self.sealed);
        let opened = opened.map_err(|SealError| KeyringError::WrongMasterKey)?;
        let key = <[u8; 32]>::try_from(opened.as_slice());
        key.map(Zeroizing::new)
            .map_err(|_| KeyringError::WrongMasterKey)
    }
}

/// What a sealed key is bound to, so that no key can be put in another's place.
fn context(purpose: Purpose, id: Uuid) -> String {
    format!("keyring/{purpose}/{id}")
}

/// The cell's keys, opened once at the start.
#[derive(Clone, Debug)]
pub struct Keyring {
    /// Derives link tokens and form tokens.
    pub tokens: TokenKey,
    /// Seals the secrets of callback endpoints.
    pub secrets: SealingKey,
    /// Signs access tokens and receipts.
    pub signing: Signer,
}

impl Keyring {
    /// New sealed keys, one for each purpose.
    pub fn generate(
        master: &MasterKey,
        ambient: &Ambient,
    ) -> Result<Vec<KeyringRow>, KeyringError> {
        let make = |purpose| KeyringRow::generate(purpose, master, ambient);
        Purpose::ALL.into_iter().map(make).collect()
    }

    /// Opens the stored keys.
    pub fn open(master: &MasterKey, rows: &[KeyringRow]) -> Result<Self, KeyringError> {
        let key = |purpose| {
            let row = rows.iter().find(|row| row.purpose == purpose);
            row.ok_or(KeyringError::Missing(purpose))?.open(master)
        };
        let seed = key(Purpose::Signing)?;
        Ok(Self {
            tokens: TokenKey::new(*key(Purpose::Tokens)?),
            secrets: SealingKey::new(*key(Purpose::Secrets)?),
            signing: Signer::from_seed(seed.as_slice())
                .map_err(|SeedError| KeyringError::WrongMasterKey)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(swapped, KeyringError::WrongMasterKey);
    }

    #[test]
    fn purposes_read_back() {
        for purpose in Purpose::ALL {
            assert_eq!(purpose.as_str().parse(), Ok(purpose));
        }
        assert!("other".parse::<Purpose>().is_err());
    }
}
