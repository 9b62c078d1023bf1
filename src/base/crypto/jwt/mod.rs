//! Access tokens (RFC 9068) and signed documents, all by one Ed25519 key of the cell.

use super::ed25519::{SeedError, SigningKey};
use super::{hash, provider};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::fmt;
use time::OffsetDateTime;

/// Who issues access tokens.
pub const ISSUER: &str = "threadpay";
/// Whom access tokens are for.
pub const AUDIENCE: &str = "threadpay-api";
/// The `typ` of an access token (RFC 9068, 2.1). A signed document has another, so that one never
/// passes for the other.
const ACCESS_TOKEN: &str = "at+jwt";

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

/// Signs with the cell's Ed25519 key, and accepts only what it signed.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    private: EncodingKey,
    public: DecodingKey,
    key_id: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("key_id", &self.key_id)
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
            public: DecodingKey::from_ed_der(key.public_key()),
            key_id: thumbprint(key.public_key()),
            key,
        })
    }

    /// The `kid` of everything it signs: the JWK thumbprint of its key (RFC 7638).
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// A signed access token with these claims.
    pub fn issue(&self, claims: &Claims) -> Result<String, JwtError> {
        let token = AccessToken {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            nbf: None,
            claims: claims.clone(),
        };
        self.sign(ACCESS_TOKEN, &token)
    }

    /// The claims of an access token that this signer issued and that has not expired at `now`.
    /// No leeway is given: issuer and reader have the same clock.
    pub fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Claims, JwtError> {
        let refused = |_| JwtError::Refused;
        let header = jsonwebtoken::decode_header(token).map_err(refused)?;
        // A key that the token brings along or points to is never looked at.
        if header.alg != Algorithm::EdDSA
            || header.kid.as_deref() != Some(&self.key_id)
            || header.typ.as_deref() != Some(ACCESS_TOKEN)
        {
            return Err(JwtError::Refused);
        }
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The crate would ask the system's clock.
        rules.validate_exp = false;
        let data = jsonwebtoken::decode::<AccessToken>(token, &self.public, &rules);
        let AccessToken { nbf, claims, .. } = data.map_err(refused)?.claims;
        let now = now.unix_timestamp();
        if nbf.is_some_and(|start| start > now) {
            return Err(JwtError::Refused);
        }
        if claims.expires_at <= now {
            return Err(JwtError::Expired);
        }
        Ok(claims)
    }

    /// `payload` as a compact JWS (RFC 7515) that anyone can check with [`Self::jwks`].
    pub fn sign_document(&self, payload: &serde_json::Value) -> Result<String, JwtError> {
        self.sign("JOSE", payload)
    }

    fn sign<T: Serialize>(&self, kind: &str, payload: &T) -> Result<String, JwtError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(kind.to_owned());
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, payload, &self.private)
            .map_err(|error| JwtError::Sign(error.to_string()))
    }

    /// The public key as a JWK set (RFC 7517, RFC 8037).
    pub fn jwks(&self) -> serde_json::Value {
        serde_json::json!({"keys": [{
            "kty": "OKP",
            "crv": "Ed25519",
            "x": URL_SAFE_NO_PAD.encode(self.key.public_key()),
            "kid": self.key_id,
            "use": "sig",
            "alg": "EdDSA",
        }]})
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
