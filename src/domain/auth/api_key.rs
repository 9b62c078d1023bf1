//! The API key as text: `tp_test_<key id>_<secret>`, or `tp_live_…` of a live merchant.
//!
//! The key id is the cell (`00`) and the 26 characters of the key's printed id; the secret is 43
//! letters of base62, which is 256 bits.

use super::Role;
use crate::base::ambient::Ambient;
use crate::base::crypto::{hash, random_base62};
use crate::base::ids::{CELL, KeyId, MerchantId};
use crate::base::mode::Mode;
use std::fmt;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// What the keys of a merchant of this mode begin with.
const fn prefix(mode: Mode) -> &'static str {
    match mode {
        Mode::Test => "tp_test_",
        Mode::Live => "tp_live_",
    }
}

/// Takes the prefix off, and says of which mode it is.
fn strip_prefix(text: &str) -> Option<(Mode, &str)> {
    let mut modes = Mode::ALL.into_iter();
    modes.find_map(|mode| Some((mode, text.strip_prefix(prefix(mode))?)))
}

const SECRET_LENGTH: usize = 43;
/// Letters of the secret that are kept in the clear, so that people can tell their keys apart.
const LAST: usize = 4;

/// The text is not an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// It does not begin like one.
    #[error("an API key begins with tp_test_ or tp_live_")]
    Prefix,
    /// The part before the secret is not the id of a key.
    #[error("the API key is damaged: the part before its secret is not the id of a key")]
    KeyId,
    /// The secret has another length or other characters.
    #[error("the API key is damaged: its secret has 43 letters and digits")]
    Secret,
}

/// An API key as a caller gives it. Its secret prints nothing and is wiped when dropped.
pub struct ApiKey {
    /// Which key it says it is.
    pub id: KeyId,
    /// The mode that it says, if it says one: a client id may leave it out.
    pub mode: Option<Mode>,
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
    /// Reads `tp_test_<key id>_<secret>` or `tp_live_…`.
    pub fn parse(text: &str) -> Result<Self, ApiKeyError> {
        let (mode, rest) = strip_prefix(text).ok_or(ApiKeyError::Prefix)?;
        let (id, secret) = rest.split_once('_').ok_or(ApiKeyError::Secret)?;
        let key = Self::from_parts(id, secret)?;
        Ok(Self {
            mode: Some(mode),
            ..key
        })
    }

    /// Reads the two parts where they come apart, as OAuth's `client_id` and `client_secret` do.
    /// The secret may also be the whole API key.
    pub fn from_parts(client_id: &str, secret: &str) -> Result<Self, ApiKeyError> {
        let id = parse_client_id(client_id)?;
        let mode = strip_prefix(client_id).map(|(mode, _)| mode);
        if strip_prefix(secret).is_some() {
            let whole = Self::parse(secret)?;
            return if whole.id == id && (mode.is_none() || mode == whole.mode) {
                Ok(whole)
            } else {
                Err(ApiKeyError::KeyId)
            };
        }
        let letters = secret.bytes().all(|b| b.is_ascii_alphanumeric());
        if letters && secret.len() == SECRET_LENGTH {
            let secret = Zeroizing::new(secret.to_owned());
            Ok(Self { id, mode, secret })
        } else {
            Err(ApiKeyError::Secret)
        }
    }

    /// What is stored of the secret.
    pub fn secret_hash(&self) -> [u8; 32] {
        hash::sha256(self.secret.as_bytes())
    }
}

/// Reads the id of a key, either as in an API key (`00…`, also with its prefix) or in its
/// printed form (`key_…`).
pub fn parse_client_id(text: &str) -> Result<KeyId, ApiKeyError> {
    let parsed = if text.starts_with(KeyId::PREFIX) {
        text.parse()
    } else {
        let id = strip_prefix(text).map_or(text, |(_, rest)| rest);
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
    /// Whether the merchant's money is real.
    pub mode: Mode,
    /// What it may do.
    pub role: Role,
    /// What its owner calls it.
    pub name: Option<String>,
    /// From when on it is refused; `None` for never.
    pub expires_at: Option<OffsetDateTime>,
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
    /// A new key for a merchant of this mode, without a name and without an end.
    pub fn generate(ambient: &Ambient, merchant: MerchantId, mode: Mode, role: Role) -> Self {
        Self {
            id: ambient.id(),
            merchant,
            mode,
            role,
            name: None,
            expires_at: None,
            secret: Zeroizing::new(random_base62(SECRET_LENGTH, ambient)),
        }
    }

    /// The API key as its owner gets it.
    pub fn text(&self) -> String {
        let id = self.id.to_string();
        let id = id.trim_start_matches("key_");
        format!("{}{CELL}{id}_{}", prefix(self.mode), *self.secret)
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
        key_of(Mode::Test)
    }

    fn key_of(mode: Mode) -> NewApiKey {
        let merchant = MerchantId(Uuid::from_u128(1));
        NewApiKey::generate(&Ambient::system(), merchant, mode, Role::Bot)
    }

    #[test]
    fn a_key_says_its_mode() {
        for mode in Mode::ALL {
            let text = key_of(mode).text();
            assert!(text.starts_with(&format!("tp_{mode}_00")), "{text}");
            assert_eq!(ApiKey::parse(&text).unwrap().mode, Some(mode));
            let (front, secret) = text.rsplit_once('_').unwrap();
            let by_parts = ApiKey::from_parts(front, secret).unwrap();
            assert_eq!(by_parts.mode, Some(mode));
            let bare = ApiKey::from_parts(&front[8..], secret).unwrap();
            assert_eq!(bare.mode, None);
        }
        let live = key_of(Mode::Live).text();
        let front = live.rsplit_once('_').unwrap().0.replace("live", "test");
        let mixed = ApiKey::from_parts(&front, &live);
        assert_eq!(mixed.unwrap_err(), ApiKeyError::KeyId);
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
        for id in [front, &front[8..], &printed] {
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
