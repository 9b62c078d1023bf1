//! From a bearer's text to who it is.

use super::store::{self, StoredKey};
use super::{ApiKey, Principal};
use crate::base::ambient::Ambient;
use crate::base::crypto::{
    hash,
    jwt::{Claims, JwtError, LIFE, Signer},
};
use crate::base::{db::Pool, ids::KeyId, unknown::Unknown};
use moka::future::Cache;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// How long a revoked key may still work.
const CACHE_LIFE: Duration = Duration::from_secs(5);
const CACHE_SIZE: u64 = 100_000;

/// Why a caller is not let in.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthError {
    /// The text is neither an API key nor an access token, or there is no such key any more, or the
    /// secret is another. Which of these is not said.
    #[error("the API key or access token is not valid")]
    Refused,
    /// The API key is right and its time is over.
    #[error("the API key has expired: ask its merchant for another")]
    KeyExpired,
    /// The access token was good once.
    #[error("the access token has expired: ask for a new one at /v1/oauth/token")]
    Expired,
    /// The access token cannot be signed.
    #[error("{0}")]
    Sign(JwtError),
    /// Postgres does not answer.
    #[error("cannot look up the API key: {0}")]
    Database(Arc<sqlx::Error>),
}

impl From<JwtError> for AuthError {
    fn from(error: JwtError) -> Self {
        match error {
            JwtError::Expired => Self::Expired,
            JwtError::Refused => Self::Refused,
            JwtError::Sign(_) => Self::Sign(error),
        }
    }
}

/// An access token, just issued.
#[derive(Clone)]
pub struct AccessToken {
    /// The token itself.
    pub token: String,
    /// Seconds that it is good for.
    pub expires_in: u32,
    /// Whom it stands for.
    pub principal: Principal,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("principal", &self.principal)
            .finish_non_exhaustive()
    }
}

/// Knows callers by their API keys and access tokens.
#[derive(Clone, Debug)]
pub struct Authenticator {
    pool: Pool,
    signer: Signer,
    ambient: Ambient,
    keys: Cache<KeyId, Arc<StoredKey>>,
    /// Ids that no key has.
    unknown: Unknown<KeyId>,
    uses: Arc<Uses>,
}

/// Which keys let somebody in since that was last written down, and when.
#[derive(Debug, Default)]
struct Uses(Mutex<HashMap<KeyId, OffsetDateTime>>);

impl Uses {
    fn add(&self, key: KeyId, at: OffsetDateTime) {
        // No update is left half done, so a panic elsewhere takes nothing away.
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.insert(key, at);
    }

    fn take(&self) -> Vec<(KeyId, OffsetDateTime)> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.drain().collect()
    }
}

/// A key was looked up and not found.
#[derive(Clone, Debug, thiserror::Error)]
enum LookupError {
    #[error("there is no such key")]
    Unknown,
    #[error("{0}")]
    Database(Arc<sqlx::Error>),
}

impl Authenticator {
    /// Looks keys up in `pool` and remembers them for five seconds.
    pub fn new(pool: Pool, signer: Signer, ambient: Ambient) -> Self {
        let keys = Cache::builder()
            .time_to_live(CACHE_LIFE)
            .max_capacity(CACHE_SIZE)
            .build();
        Self {
            pool,
            signer,
            ambient,
            keys,
            unknown: Unknown::default(),
            uses: Arc::default(),
        }
    }

    /// Writes down which keys let somebody in since the last time. What cannot be written is kept
    /// for the next time.
    pub async fn note_uses(&self) -> Result<(), sqlx::Error> {
        let uses = self.uses.take();
        if uses.is_empty() {
            return Ok(());
        }
        let noted = store::note_uses(&self.pool, &uses).await;
        if noted.is_err() {
            for (key, at) in uses {
                self.uses.add(key, at);
            }
        }
        noted
    }

    /// Who the bearer of this API key or access token is.
    pub async fn authenticate(
        &self,
        bearer: &str,
        now: OffsetDateTime,
    ) -> Result<Principal, AuthError> {
        // A key has underscores and no points, a token has two points.
        if bearer.contains('.') {
            self.by_token(bearer, now).await
        } else {
            let key = ApiKey::parse(bearer).map_err(|_| AuthError::Refused)?;
            self.by_key(&key, now).await
        }
    }

    /// The same, with a look at Postgres whatever is remembered.
    pub async fn authenticate_anew(
        &self,
        bearer: &str,
        now: OffsetDateTime,
    ) -> Result<Principal, AuthError> {
        let known = self.authenticate(bearer, now).await?;
        self.keys.invalidate(&known.key).await;
        self.authenticate(bearer, now).await
    }

    /// Changes a key's id and secret (OAuth's client credentials) into an access token.
    pub async fn token(
        &self,
        client_id: &str,
        client_secret: &str,
        now: OffsetDateTime,
    ) -> Result<AccessToken, AuthError> {
        let key = ApiKey::from_parts(client_id, client_secret).map_err(|_| AuthError::Refused)?;
        let principal = self.by_key(&key, now).await?;
        let issued_at = now.unix_timestamp();
        let token = self.signer.issue(&Claims {
            subject: principal.key.to_string(),
            merchant: principal.merchant.to_string(),
            role: principal.role.to_string(),
            id: self.ambient.id::<Uuid>().to_string(),
            issued_at,
            expires_at: issued_at.saturating_add(LIFE.into()),
        })?;
        Ok(AccessToken {
            token,
            expires_in: LIFE,
            principal,
        })
    }

    async fn by_key(&self, key: &ApiKey, now: OffsetDateTime) -> Result<Principal, AuthError> {
        let stored = self.find(key.id).await?;
        // An unknown key is compared too, so that time does not tell it from a wrong secret.
        let nothing = [0; 32];
        let wanted = stored
            .as_ref()
            .map_or(nothing.as_slice(), |stored| stored.secret_hash.as_slice());
        let same = hash::equal(&key.secret_hash(), wanted);
        match stored {
            Some(stored) if same && key.mode.is_none_or(|mode| mode == stored.mode) => {
                self.admit(key.id, &stored, now)
            }
            Some(_) | None => Err(AuthError::Refused),
        }
    }

    async fn by_token(&self, token: &str, now: OffsetDateTime) -> Result<Principal, AuthError> {
        let claims = self.signer.verify(token, now)?;
        let id: KeyId = claims.subject.parse().map_err(|_| AuthError::Refused)?;
        // The token is genuine; whether its key is still valid is asked again.
        let stored = self.find(id).await?.ok_or(AuthError::Refused)?;
        self.admit(id, &stored, now)
    }

    /// Lets the bearer of a key in, unless its time is over.
    fn admit(
        &self,
        id: KeyId,
        stored: &StoredKey,
        now: OffsetDateTime,
    ) -> Result<Principal, AuthError> {
        if stored.expires_at.is_some_and(|end| end <= now) {
            return Err(AuthError::KeyExpired);
        }
        // Once for each time that the key is looked up, so that requests share no lock.
        if !stored.used.swap(true, Ordering::Relaxed) {
            self.uses.add(id, now);
        }
        Ok(Principal {
            merchant: stored.merchant,
            key: id,
            role: stored.role,
            mode: stored.mode,
        })
    }

    async fn find(&self, id: KeyId) -> Result<Option<Arc<StoredKey>>, AuthError> {
        if self.unknown.holds(&id) {
            return Ok(None);
        }
        let load = async {
            let found = store::find_key(&self.pool, id).await;
            let found = found.map_err(|error| LookupError::Database(Arc::new(error)))?;
            found.map(Arc::new).ok_or(LookupError::Unknown)
        };
        match self.keys.try_get_with(id, load).await {
            Ok(stored) => Ok(Some(stored)),
            Err(error) => match &*error {
                LookupError::Unknown => {
                    self.unknown.add(id).await;
                    Ok(None)
                }
                LookupError::Database(error) => Err(AuthError::Database(Arc::clone(error))),
            },
        }
    }
}
