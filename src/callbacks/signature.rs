//! Signatures of deliveries by Standard Webhooks 1.0.0, scheme `v1` (HMAC-SHA256).

use crate::{
    ambient::Ambient,
    crypto::{SealError, SealingKey, mac},
    ids::{EndpointId, MerchantId},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::fmt;
use zeroize::Zeroizing;

/// The secret of one endpoint. Wiped when dropped; printed only where it is shown to its owner.
#[derive(Clone)]
pub struct EndpointSecret(Zeroizing<[u8; 32]>);

/// A stored secret cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// It was sealed by another key, for another endpoint, or was changed.
    #[error("secret: the endpoint's secret does not open; was the service's master key changed?")]
    Sealed(#[from] SealError),
    /// It is not 32 bytes long.
    #[error("secret: the endpoint's secret is not 32 bytes long")]
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
        Self(Zeroizing::new(ambient.bytes()))
    }

    /// The secret of a tool on a developer's machine, which derives it by itself.
    pub fn development(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// `whsec_` and base64: what the owner gives to a verifying library.
    pub fn reveal(&self) -> String {
        format!("whsec_{}", STANDARD.encode(self.0.as_slice()))
    }

    /// Seals it for the database, bound to its endpoint so that rows cannot be swapped.
    pub fn seal(
        &self,
        key: &SealingKey,
        (merchant, endpoint): (MerchantId, EndpointId),
        ambient: &Ambient,
    ) -> Result<Vec<u8>, SealError> {
        key.seal(&context(merchant, endpoint), self.0.as_slice(), ambient)
    }

    /// Opens what [`Self::seal`] made for the same endpoint.
    pub fn open(
        key: &SealingKey,
        (merchant, endpoint): (MerchantId, EndpointId),
        sealed: &[u8],
    ) -> Result<Self, UnsealError> {
        let opened = key.open(&context(merchant, endpoint), sealed)?;
        let bytes = <[u8; 32]>::try_from(opened.as_slice()).map_err(|_| UnsealError::Length)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// The `webhook-signature` of one try: `body` sent as `event_id` at `unix_seconds`.
    pub fn sign(&self, event_id: &str, unix_seconds: i64, body: &[u8]) -> String {
        sign(self.0.as_slice(), event_id, unix_seconds, body)
    }
}

fn context(merchant: MerchantId, endpoint: EndpointId) -> Vec<u8> {
    format!("callback_endpoints.sealed_secret:{merchant}:{endpoint}").into_bytes()
}

fn sign(key: &[u8], id: &str, unix_seconds: i64, body: &[u8]) -> String {
    let time = unix_seconds.to_string();
    let parts = [id.as_bytes(), b".", time.as_bytes(), b".", body];
    format!("v1,{}", STANDARD.encode(mac::sign(key, &parts)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn agrees_with_the_public_vectors() {
        for (secret, id, time, body, signature) in [
            (
                "C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
                "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                1_649_367_553,
                r#"{"email":"test@example.com","username":"test_user"}"#,
                "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
            ),
            (
                "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#,
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
        ] {
            let key = STANDARD.decode(secret).unwrap();
            assert_eq!(sign(&key, id, time, body.as_bytes()), signature);
        }
    }

    #[test]
    fn an_independent_verifier_accepts_it_and_nothing_else() {
        let ambient = Ambient::system();
        let secret = EndpointSecret::generate(&ambient);
        let verifier = standardwebhooks::Webhook::new(&secret.reveal()).unwrap();
        let (id, body) = (
            "evt_00000000000000000000000001",
            r#"{"type":"é"}"#.as_bytes(),
        );
        let now = ambient.now().unix_timestamp();
        let signature = secret.sign(id, now, body);
        let verify = |id: &str, time: i64, body: &[u8]| {
            let mut headers = http::HeaderMap::new();
            headers.insert("webhook-id", id.parse().unwrap());
            headers.insert("webhook-timestamp", time.into());
            headers.insert("webhook-signature", signature.parse().unwrap());
            verifier.verify(body, &headers).is_ok()
        };
        assert!(verify(id, now, body));
        assert!(!verify("evt_00000000000000000000000002", now, body));
        assert!(!verify(id, now + 1, body));
        assert!(!verify(id, now, b"{}"));
    }

    #[test]
    fn a_sealed_secret_opens_for_its_own_endpoint_only() {
        let (ambient, key) = (Ambient::system(), SealingKey::new([7; 32]));
        let secret = EndpointSecret::generate(&ambient);
        let merchant = MerchantId(Uuid::from_u128(1));
        let [one, two] = [2, 3].map(|id| (merchant, EndpointId(Uuid::from_u128(id))));
        let sealed = secret.seal(&key, one, &ambient).unwrap();
        let opened = EndpointSecret::open(&key, one, &sealed).unwrap();
        assert_eq!(opened.reveal(), secret.reveal());
        let other = EndpointSecret::open(&key, two, &sealed);
        assert_eq!(other.unwrap_err(), UnsealError::Sealed(SealError));
        assert_eq!(format!("{secret:?}"), "EndpointSecret");
    }
}
