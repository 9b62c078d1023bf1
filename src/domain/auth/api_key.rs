//! The API key as text: `tp_test_<key id>_<secret>`.
//!
//! The key id is the cell (`00`) and the 26 characters of the key's printed id; the secret is 43
//! letters of base62, which is 256 bits.

use super::Role;
use crate::base::ambient::Ambient;
use crate::base::crypto::{hash, random_base62};
use crate::base::ids::{KeyId, MerchantId};
use std::fmt;
use zeroize::Zeroizing;

const PREFIX: &str = "tp_test_";
const CELL: &str = "00";
const SECRET_LENGTH: usize = 43;
/// Letters of the secret that are kept in the clear, so that people can tell their keys apart.
const LAST: usize = 4;

/// The text is not an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// It does not begin like one.
    #[error("an API key begins with tp_test_")]
    Prefix,
    /// The part before the secret is not the id of a key.
    #[error("the API key is damaged: the part after tp_test_ is not the id of a key")]
    KeyId,
    /// The secret has another length or other characters.
    #[error("the API key is damaged: its secret has 43 letters and digits")]
    Secret,
}

/// An API key as a caller gives it. Its secret prints nothing and is wiped when dropped.
pub struct ApiKey {
    /// Which key it says it is.
    pub id: KeyId,
    secret: Zeroizing<String>,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl ApiKey {
    /// Reads `tp_test_<key id>_<secret>`.
    pub fn parse(text: &str) -> Result<Self, ApiKeyError> {
        let rest = text.strip_prefix(PREFIX).ok_or(ApiKeyError::Prefix)?;
        let (id, secret) = rest.split_once('_').ok_or(ApiKeyError::Secret)?;
        Self::from_parts(id, secret)
    }

    /// Reads the two parts where they come apart, as OAuth's `client_id` and `client_secret` do.
    /// The secret may also be the whole API key.
    pub fn from_parts(client_id: &str, secret: &str) -> Result<Self, ApiKeyError> {
        let id = parse_client_id(client_id)?;
        if secret.starts_with(PREFIX) {
            let whole = Self::parse(secret)?;
            return if whole.id == id {
                Ok(whole)
            } else {
                Err(ApiKeyError::KeyId)
            };
        }
        let letters = secret.bytes().all(|b| b.is_ascii_alphanumeric());
        if letters && secret.len() == SECRET_LENGTH {
            let secret = Zeroizing::new(secret.to_owned());
            Ok(Self { id, secret })
        } else {
            Err(ApiKeyError::Secret)
        }
    }

    /// What is stored of the secret.
    pub fn secret_hash(&self) -> [u8; 32] {
        hash::sha256(self.secret.as_bytes())
    }
}

/// Reads the id of a key, either as in an API key (`00…`, also with its `tp_test_`) or in its
/// printed form (`key_…`).
pub fn parse_client_id(text: &str) -> Result<KeyId, ApiKeyError> {
    let parsed = if text.starts_with(KeyId::PREFIX) {
        text.parse()
    } else {
        let id = text.strip_prefix(PREFIX).unwrap_or(text);
        let id = id.strip_prefix(CELL).ok_or(ApiKeyError::KeyId)?;
        format!("{}_{id}", KeyId::PREFIX).parse()
    };
    parsed.map_err(|_| ApiKeyError::KeyId)
}

/// An API key that was just made. Its text is shown once and never stored.
#[derive(Clone)]
pub struct NewApiKey {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// What it may do.
    pub role: Role,
    secret: Zeroizing<String>,
}

impl fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewApiKey")
            .field("id", &self.id)
            .field("merchant", &self.merchant)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl NewApiKey {
    /// A new key for a merchant.
    pub fn generate(ambient: &Ambient, merchant: MerchantId, role: Role) -> Self {
        Self {
            id: ambient.id(),
            merchant,
            role,
            secret: Zeroizing::new(random_base62(SECRET_LENGTH, ambient)),
        }
    }

    /// The API key as its owner gets it.
    pub fn text(&self) -> String {
        let id = self.id.to_string();
        let id = id.trim_start_matches("key_");
        format!("{PREFIX}{CELL}{id}_{}", *self.secret)
    }

    /// What is stored of the secret.
    pub fn secret_hash(&self) -> [u8; 32] {
        hash::sha256(self.secret.as_bytes())
    }

    /// The end of the secret, by which people tell their keys apart.
    pub fn last_four(&self) -> &str {
        self.secret.get(SECRET_LENGTH - LAST..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn new_key() -> NewApiKey {
        NewApiKey::generate(
            &Ambient::system(),
            MerchantId(Uuid::from_u128(1)),
            Role::Bot,
        )
    }

    #[test]
    fn reads_back_what_it_printed() {
        let key = new_key();
        let text = key.text();
        assert_eq!(text.len(), 8 + 28 + 1 + 43);
        let read = ApiKey::parse(&text).unwrap();
        assert_eq!((read.id, read.secret_hash()), (key.id, key.secret_hash()));
        assert!(text.ends_with(key.last_four()));
        assert_eq!(key.last_four().len(), 4);
    }

    #[test]
    fn oauth_takes_every_way_to_name_a_key() {
        let key = new_key();
        let text = key.text();
        let (front, secret) = text.rsplit_once('_').unwrap();
        let printed = key.id.to_string();
        for id in [front, front.trim_start_matches(PREFIX), &printed] {
            for secret in [secret, &text] {
                let read = ApiKey::from_parts(id, secret).unwrap();
                assert_eq!((read.id, read.secret_hash()), (key.id, key.secret_hash()));
            }
        }
        let other = ApiKey::from_parts(&new_key().id.to_string(), &text);
        assert_eq!(other.unwrap_err(), ApiKeyError::KeyId);
    }

    #[test]
    fn says_what_is_wrong_with_a_text() {
        let text = new_key().text();
        let error = |text: &str| ApiKey::parse(text).unwrap_err();
        assert_eq!(error("sk_test_1"), ApiKeyError::Prefix);
        assert_eq!(error("tp_test_1"), ApiKeyError::Secret);
        assert_eq!(
            error(&text.replace("test_00", "test_01")),
            ApiKeyError::KeyId
        );
        assert_eq!(error(&text[..79]), ApiKeyError::Secret);
        assert_eq!(error(&format!("{}!", &text[..79])), ApiKeyError::Secret);
    }

    #[test]
    fn secrets_do_not_print() {
        let key = new_key();
        let secret = key.text().rsplit_once('_').unwrap().1.to_owned();
        let read = ApiKey::parse(&key.text()).unwrap();
        assert!(!format!("{key:?}{read:?}").contains(&secret));
    }
}
