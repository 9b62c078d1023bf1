//! Signatures of deliveries by Standard Webhooks 1.0.0: scheme `v1` (HMAC-SHA256) and, for those
//! who want to check without being able to sign, `v1a` (Ed25519).

use crate::base::{
    ambient::Ambient,
    crypto::{SealError, SealingKeys, ed25519::SigningKey, hash::hex, mac},
    ids::{EndpointId, MerchantId},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::fmt;
use zeroize::Zeroizing;

/// The secret of one endpoint. Wiped when dropped; printed only where it is shown to its owner.
#[derive(Clone)]
pub struct EndpointSecret {
    shared: Zeroizing<[u8; 32]>,
    /// None in a secret of the time before `v1a`: it signs `v1` alone until it is replaced.
    signing: Option<SigningKey>,
}

/// A stored secret cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// It was sealed by another key, for another endpoint, or was changed.
    #[error(
        "secret: the endpoint's secret does not open: {0}; was the service's master key changed?"
    )]
    Sealed(#[from] SealError),
    /// It is neither 32 nor 64 bytes long.
    #[error("secret: the endpoint's secret is neither 32 nor 64 bytes long")]
    Length,
}

impl fmt::Debug for EndpointSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndpointSecret")
    }
}

impl EndpointSecret {
    /// A new secret that nobody can guess.
    pub fn generate(ambient: &Ambient) -> Self {
        let seed = Zeroizing::new(ambient.bytes::<32>());
        Self {
            shared: Zeroizing::new(ambient.bytes()),
            // Any 32 bytes are a seed.
            signing: SigningKey::from_seed(seed.as_slice()).ok(),
        }
    }

    /// The secret of a tool on a developer's machine, which derives it by itself; it signs `v1`.
    pub fn development(bytes: [u8; 32]) -> Self {
        Self {
            shared: Zeroizing::new(bytes),
            signing: None,
        }
    }

    /// `whsec_` and base64: what the owner gives to a verifying library.
    pub fn reveal(&self) -> String {
        format!("whsec_{}", STANDARD.encode(self.shared.as_slice()))
    }

    /// What `v1a` is checked with.
    pub fn public_key(&self) -> Option<[u8; 32]> {
        self.signing.as_ref().map(|key| *key.public_key())
    }

    /// Seals it for the database, bound to its endpoint so that rows cannot be swapped.
    pub fn seal(
        &self,
        keys: &SealingKeys,
        (merchant, endpoint): (MerchantId, EndpointId),
        ambient: &Ambient,
    ) -> Result<Vec<u8>, SealError> {
        let seed = self.signing.as_ref().map(|key| key.seed().as_slice());
        let bytes = [self.shared.as_slice(), seed.unwrap_or_default()].concat();
        keys.seal(
            &context(merchant, endpoint),
            &Zeroizing::new(bytes),
            ambient,
        )
    }

    /// Opens what [`Self::seal`] made for the same endpoint.
    pub fn open(
        keys: &SealingKeys,
        (merchant, endpoint): (MerchantId, EndpointId),
        sealed: &[u8],
    ) -> Result<Self, UnsealError> {
        let bytes = keys.open(&context(merchant, endpoint), sealed)?;
        let (shared, seed) = bytes.split_first_chunk().ok_or(UnsealError::Length)?;
        let signing = if seed.is_empty() {
            None
        } else {
            Some(SigningKey::from_seed(seed).map_err(|_| UnsealError::Length)?)
        };
        let shared = Zeroizing::new(*shared);
        Ok(Self { shared, signing })
    }

    /// What this secret adds to the `webhook-signature` of one attempt, in which `body` is sent as
    /// `event_id` at `unix_seconds`.
    pub fn sign(&self, event_id: &str, unix_seconds: i64, body: &[u8]) -> String {
        let content = content(event_id, unix_seconds, body);
        let symmetric = v1(self.shared.as_slice(), &content);
        match &self.signing {
            Some(key) => format!("{symmetric} {}", v1a(key, &content)),
            None => symmetric,
        }
    }

    /// The `v1` of a header that Stripe's libraries verify. They take the printed secret as it is,
    /// letters for key.
    pub fn stripe_mac(&self, unix_seconds: i64, body: &[u8]) -> String {
        let (key, time) = (Zeroizing::new(self.reveal()), unix_seconds.to_string());
        let mac = mac::sign(key.as_bytes(), &[time.as_bytes(), b".", body]);
        hex(mac.as_ref())
    }
}

/// `whpk_` and base64: how an endpoint's owner gets its public key.
pub fn print_public_key(key: &[u8; 32]) -> String {
    format!("whpk_{}", STANDARD.encode(key))
}

fn context(merchant: MerchantId, endpoint: EndpointId) -> Vec<u8> {
    format!("callback_endpoints.sealed_secret:{merchant}:{endpoint}").into_bytes()
}

/// What is signed.
fn content(id: &str, unix_seconds: i64, body: &[u8]) -> Vec<u8> {
    [format!("{id}.{unix_seconds}.").as_bytes(), body].concat()
}

fn v1(key: &[u8], content: &[u8]) -> String {
    format!("v1,{}", STANDARD.encode(mac::sign(key, &[content])))
}

fn v1a(key: &SigningKey, content: &[u8]) -> String {
    format!("v1a,{}", STANDARD.encode(key.sign(content)))
}

#[cfg(test)]
mod tests;
