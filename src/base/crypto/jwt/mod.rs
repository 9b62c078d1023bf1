//! Access tokens (RFC 9068) and signed documents, all by the newest Ed25519 key of the cell.

use super::ed25519::{SeedError, SigningKey};
use super::{hash, provider};
use crate::base::ids::CELL;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::fmt;
use time::{Duration, OffsetDateTime};

/// Who issues access tokens.
pub const ISSUER: &str = "threadpay";
/// Whom access tokens are for.
pub const AUDIENCE: &str = "threadpay-api";
/// The `typ` of an access token (RFC 9068, 2.1). A signed document has another, so that one never
/// passes for the other.
const ACCESS_TOKEN: &str = "at+jwt";
/// Seconds that an access token is good for. One that says more is not ours.
pub const LIFE: u32 = 900;
/// Seconds that the clock of the process that issued a token may be ahead of ours.
const AHEAD: i64 = 5;

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The printed id of the API key that it stands for.
    #[serde(rename = "sub")]
    pub subject: String,
    /// The printed id of the merchant.
    pub merchant: String,
    /// The role of the API key.
    pub role: String,
    /// An id of the token itself.
    #[serde(rename = "jti")]
    pub id: String,
    /// When it was issued, in Unix seconds.
    #[serde(rename = "iat")]
    pub issued_at: i64,
    /// From when on it is refused, in Unix seconds.
    #[serde(rename = "exp")]
    pub expires_at: i64,
}

#[derive(Serialize, Deserialize)]
struct AccessToken {
    iss: String,
    aud: String,
    /// From when on it is good. We never say so; what is signed is honored all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    /// The cell that the merchant lives in. A version before this one said nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cell: Option<String>,
    #[serde(flatten)]
    claims: Claims,
}

/// Why an access token is refused, or none can be issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// It was ours and its time is over.
    #[error("the access token has expired: ask for a new one at /v1/oauth/token")]
    Expired,
    /// Another key, algorithm, issuer, audience or form than ours.
    #[error("the access token is not one of ours")]
    Refused,
    /// The document or the claims cannot be signed.
    #[error("cannot sign: {0}")]
    Sign(String),
}

/// Signs with the cell's newest Ed25519 key, and accepts only what the cell signed.
#[derive(Clone)]
pub struct Signer {
    private: EncodingKey,
    public: PublicKey,
    /// Keys that sign no more, the newest first. What they signed as documents is for ever.
    retired: Vec<(PublicKey, OffsetDateTime)>,
}

/// What others know a key by.
#[derive(Clone)]
struct PublicKey {
    bytes: [u8; 32],
    decoding: DecodingKey,
    id: String,
}

impl PublicKey {
    fn new(bytes: &[u8; 32]) -> Self {
        Self {
            bytes: *bytes,
            decoding: DecodingKey::from_ed_der(bytes),
            id: thumbprint(bytes),
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("key_id", &self.public.id)
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// The signer of a seed of 32 bytes.
    pub fn from_seed(seed: &[u8]) -> Result<Self, SeedError> {
        provider::install();
        let key = SigningKey::from_seed(seed)?;
        Ok(Self {
            private: EncodingKey::from_ed_der(key.seed()),
            public: PublicKey::new(key.public_key()),
            retired: Vec::new(),
        })
    }

    /// The same with one more key, that of this seed, which signed until `at`. An access token of
    /// its time is accepted as long as it lives; a receipt can be checked for ever.
    pub fn with_retired(mut self, seed: &[u8], at: OffsetDateTime) -> Result<Self, SeedError> {
        let key = SigningKey::from_seed(seed)?;
        self.retired.push((PublicKey::new(key.public_key()), at));
        Ok(self)
    }

    /// The `kid` of everything it signs: the JWK thumbprint of its key (RFC 7638).
    pub fn key_id(&self) -> &str {
        &self.public.id
    }

    /// A signed access token with these claims.
    pub fn issue(&self, claims: &Claims) -> Result<String, JwtError> {
        let token = AccessToken {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            nbf: None,
            cell: Some(CELL.to_owned()),
            claims: claims.clone(),
        };
        self.sign(ACCESS_TOKEN, &token)
    }

    /// The claims of an access token that this signer issued and that has not expired at `now`.
    /// No leeway is given at the end: issuer and reader have the same clock.
    pub fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Claims, JwtError> {
        let refused = |_| JwtError::Refused;
        let header = jsonwebtoken::decode_header(token).map_err(refused)?;
        // A key that the token brings along or points to is never looked at.
        if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(ACCESS_TOKEN) {
            return Err(JwtError::Refused);
        }
        let key_id = header.kid.ok_or(JwtError::Refused)?;
        let (key, until) = self.accepted(&key_id, now).ok_or(JwtError::Refused)?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The crate would ask the system's clock.
        rules.validate_exp = false;
        let data = jsonwebtoken::decode::<AccessToken>(token, &key.decoding, &rules);
        let AccessToken {
            nbf, cell, claims, ..
        } = data.map_err(refused)?.claims;
        let now = now.unix_timestamp();
        let (issued_at, life) = (
            claims.issued_at,
            claims.expires_at.saturating_sub(claims.issued_at),
        );
        if nbf.is_some_and(|start| start > now)
            || cell.is_some_and(|cell| cell != CELL)
            || issued_at > until.map_or(now.saturating_add(AHEAD), OffsetDateTime::unix_timestamp)
            || life > i64::from(LIFE)
        {
            return Err(JwtError::Refused);
        }
        if claims.expires_at <= now {
            return Err(JwtError::Expired);
        }
        Ok(claims)
    }

    /// The key of this id, and until when it signed if it signs no more, unless all access tokens
    /// that it signed have ended.
    fn accepted(
        &self,
        id: &str,
        now: OffsetDateTime,
    ) -> Option<(&PublicKey, Option<OffsetDateTime>)> {
        if id == self.public.id {
            return Some((&self.public, None));
        }
        let (key, until) = self.retired.iter().find(|(key, _)| key.id == id)?;
        let lives = now < *until + Duration::seconds(LIFE.into());
        lives.then_some((key, Some(*until)))
    }

    /// `payload` as a compact JWS (RFC 7515) that anyone can check with [`Self::jwks`].
    pub fn sign_document(&self, payload: &serde_json::Value) -> Result<String, JwtError> {
        self.sign("JOSE", payload)
    }

    fn sign<T: Serialize>(&self, kind: &str, payload: &T) -> Result<String, JwtError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(kind.to_owned());
        header.kid = Some(self.public.id.clone());
        jsonwebtoken::encode(&header, payload, &self.private)
            .map_err(|error| JwtError::Sign(error.to_string()))
    }

    /// The public keys as a JWK set (RFC 7517, RFC 8037): the one that signs, and then those that
    /// signed before it.
    pub fn jwks(&self) -> serde_json::Value {
        let retired = self.retired.iter().map(|(key, _)| key);
        let keys = [&self.public].into_iter().chain(retired).map(|key| {
            serde_json::json!({
                "kty": "OKP",
                "crv": "Ed25519",
                "x": URL_SAFE_NO_PAD.encode(key.bytes),
                "kid": key.id,
                "use": "sig",
                "alg": "EdDSA",
            })
        });
        serde_json::json!({"keys": keys.collect::<Vec<_>>()})
    }
}

/// The JWK thumbprint of an Ed25519 key: the members that RFC 8037, 2 requires, in their order.
fn thumbprint(public_key: &[u8; 32]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public_key);
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(hash::sha256(jwk.as_bytes()))
}

#[cfg(test)]
mod tests;
