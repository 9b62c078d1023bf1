use super::*;
use crate::base::crypto::SealingKey;
use ed25519_dalek::{Signature, VerifyingKey};
use uuid::Uuid;

const EVENT: &str = "evt_00000000000000000000000001";

/// The vectors that the libraries of Standard Webhooks are tested with.
mod public {
    pub const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    pub const TIME: i64 = 1_614_265_330;
    pub const BODY: &str = r#"{"test": 2432232314}"#;
}

fn secret(with_public_key: bool) -> EndpointSecret {
    let secret = EndpointSecret::generate(&Ambient::system());
    let signing = secret.signing.filter(|_| with_public_key);
    EndpointSecret { signing, ..secret }
}

fn keys() -> SealingKeys {
    SealingKeys::new(vec![SealingKey::new(Uuid::from_u128(1), [7; 32])]).unwrap()
}

fn endpoint(id: u128) -> (MerchantId, EndpointId) {
    let merchant = MerchantId(Uuid::from_u128(1));
    (merchant, EndpointId(Uuid::from_u128(id)))
}

fn base64(prefix: &str, text: &str) -> Vec<u8> {
    STANDARD.decode(text.strip_prefix(prefix).unwrap()).unwrap()
}

#[test]
fn v1_agrees_with_the_public_vectors() {
    for (secret, id, time, body, signature) in [
        (
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            public::ID,
            public::TIME,
            public::BODY,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ] {
        let content = content(id, time, body.as_bytes());
        assert_eq!(v1(&base64("whsec_", secret), &content), signature);
    }
}

#[test]
fn v1a_agrees_with_the_public_vector() {
    // Printed private keys are the seed and the public key in a row.
    let secret = base64(
        "whsk_",
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
    );
    let key = SigningKey::from_seed(&secret[..32]).unwrap();
    assert_eq!(
        print_public_key(key.public_key()),
        "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
    );
    let content = content(public::ID, public::TIME, public::BODY.as_bytes());
    assert_eq!(
        v1a(&key, &content),
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
    );
}

#[test]
fn the_official_library_accepts_the_list_and_nothing_else() {
    let secret = secret(true);
    let verifier = standardwebhooks::Webhook::new(&secret.reveal()).unwrap();
    let body = r#"{"type":"é"}"#.as_bytes();
    let now = Ambient::system().now().unix_timestamp();
    let signature = secret.sign(EVENT, now, body);
    assert!(signature.starts_with("v1,") && signature.contains(" v1a,"));
    let verify = |id: &str, time: i64, body: &[u8]| {
        let mut headers = http::HeaderMap::new();
        headers.insert("webhook-id", id.parse().unwrap());
        headers.insert("webhook-timestamp", time.into());
        headers.insert("webhook-signature", signature.parse().unwrap());
        verifier.verify(body, &headers).is_ok()
    };
    assert!(verify(EVENT, now, body));
    assert!(!verify("evt_00000000000000000000000002", now, body));
    assert!(!verify(EVENT, now + 1, body));
    assert!(!verify(EVENT, now, b"{}"));
}

#[test]
fn an_independent_library_accepts_v1a_and_nothing_else() {
    for body in [b"{}".as_slice(), b"", &[0; 2_000]] {
        let secret = secret(true);
        let printed = print_public_key(&secret.public_key().unwrap());
        let key = base64("whpk_", &printed).try_into().unwrap();
        let key = VerifyingKey::from_bytes(&key).unwrap();
        let signed = secret.sign(EVENT, 7, body);
        let signature = base64("v1a,", signed.split_once(' ').unwrap().1);
        let verify = |content: &[u8], signature: &[u8]| {
            let signature = Signature::from_slice(signature).unwrap();
            key.verify_strict(content, &signature).is_ok()
        };
        let content = [b"evt_00000000000000000000000001.7.".as_slice(), body].concat();
        assert!(verify(&content, &signature));
        for at in (0..content.len().min(40)).step_by(8) {
            let mut changed = content.clone();
            changed[at] ^= 1;
            assert!(!verify(&changed, &signature), "byte {at} of the content");
        }
        for at in (0..signature.len()).step_by(8) {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            assert!(!verify(&content, &changed), "byte {at} of the signature");
        }
    }
}

#[test]
fn stripe_s_libraries_take_the_printed_secret_as_the_key() {
    let secret = EndpointSecret {
        shared: Zeroizing::new([3; 32]),
        signing: None,
    };
    assert_eq!(
        secret.stripe_mac(public::TIME, public::BODY.as_bytes()),
        "a1a6fad32dd6cb1cc557298a0fa25e7251ee01ee271df9d938c7a87420a7f3f2"
    );
}

#[test]
fn a_sealed_secret_opens_for_its_own_endpoint_only() {
    let (ambient, keys) = (Ambient::system(), keys());
    for secret in [secret(true), secret(false)] {
        let sealed = secret.seal(&keys, endpoint(2), &ambient).unwrap();
        let opened = EndpointSecret::open(&keys, endpoint(2), &sealed).unwrap();
        assert_eq!(opened.reveal(), secret.reveal());
        assert_eq!(opened.public_key(), secret.public_key());
        assert_eq!(opened.sign(EVENT, 7, b"{}"), secret.sign(EVENT, 7, b"{}"));
        let other = EndpointSecret::open(&keys, endpoint(3), &sealed);
        assert_eq!(other.unwrap_err(), UnsealError::Sealed(SealError::Changed));
        assert_eq!(format!("{secret:?}"), "EndpointSecret");
    }
}

#[test]
fn a_secret_of_32_bytes_signs_v1_alone() {
    let (ambient, keys) = (Ambient::system(), keys());
    let (merchant, id) = endpoint(2);
    let seal = |bytes: &[u8]| keys.seal(&context(merchant, id), bytes, &ambient).unwrap();
    let open = |sealed: &[u8]| EndpointSecret::open(&keys, (merchant, id), sealed);
    let old = open(&seal(&[3; 32])).unwrap();
    assert_eq!(old.public_key(), None);
    let content = content(EVENT, 7, b"{}");
    assert_eq!(old.sign(EVENT, 7, b"{}"), v1(&[3; 32], &content));
    for length in [0, 31, 33, 63, 65] {
        let opened = open(&seal(&vec![3; length]));
        assert_eq!(opened.unwrap_err(), UnsealError::Length, "{length} bytes");
    }
}
