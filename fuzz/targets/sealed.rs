//! What we sign and seal: nothing but the very bytes that we made is taken back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};
use threadpay::{
    base::{
        ambient::{Ambient, Clock, Entropy},
        crypto::{
            MasterKey, SealingKey, SealingKeys, TokenKey,
            jwt::{Claims, Signer},
        },
        ids::{EndpointId, MerchantId},
    },
    domain::callbacks::{EndpointSecret, open_answer},
};
use time::{OffsetDateTime, macros::datetime};
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2026-11-22 06:00 UTC);
const PAGE: &str = "00abcdefghijklmnopqrstuv";
const OWNER: (MerchantId, EndpointId) = (
    MerchantId(Uuid::from_u128(1)),
    EndpointId(Uuid::from_u128(2)),
);

/// The same time and the same chance in every run.
struct Still;

impl Clock for Still {
    fn now(&self) -> OffsetDateTime {
        NOW
    }
}

impl Entropy for Still {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

/// Keys, and what was made with each.
struct Genuine {
    signer: Signer,
    jwt: String,
    tokens: TokenKey,
    form: String,
    keys: SealingKeys,
    secret: Vec<u8>,
}

static GENUINE: LazyLock<Genuine> = LazyLock::new(|| {
    let ambient = Ambient::new(Arc::new(Still), Arc::new(Still));
    let signer = Signer::from_seed(&[1; 32]).unwrap();
    let claims = Claims {
        subject: "key_01m81104xvekcvs2pgrv634hr9".to_owned(),
        merchant: "mer_01m81104xvekcvs2pgrv634hr9".to_owned(),
        role: "merchant".to_owned(),
        id: "1".to_owned(),
        issued_at: NOW.unix_timestamp(),
        expires_at: NOW.unix_timestamp() + 900,
    };
    let tokens = TokenKey::new([2; 32]);
    let keys = SealingKeys::new(vec![SealingKey::new(Uuid::from_u128(1), [3; 32])]).unwrap();
    let secret = EndpointSecret::generate(&ambient);
    Genuine {
        jwt: signer.issue(&claims).unwrap(),
        signer,
        form: tokens.form_token(PAGE, NOW, &ambient),
        tokens,
        secret: secret.seal(&keys, OWNER, &ambient).unwrap(),
        keys,
    }
});

/// `genuine`, changed as `data` says: pairs of a place and the byte that comes there. A place
/// beyond the end makes it longer or shorter.
fn changed(genuine: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = genuine.to_vec();
    for edit in data.chunks_exact(3) {
        let place = usize::from(u16::from_be_bytes([edit[0], edit[1]]));
        match bytes.get_mut(place) {
            Some(byte) => *byte = edit[2],
            None if edit[2] == 0 => bytes.truncate(place % (genuine.len() + 1)),
            None => bytes.push(edit[2]),
        }
    }
    bytes
}

fn tokens(data: &[u8]) {
    let genuine = &*GENUINE;
    for text in [data.to_vec(), changed(genuine.jwt.as_bytes(), data)] {
        let text = String::from_utf8_lossy(&text);
        let taken = genuine.signer.verify(&text, NOW).is_ok();
        assert_eq!(taken, text == genuine.jwt, "{text}");
    }
    for text in [data.to_vec(), changed(genuine.form.as_bytes(), data)] {
        let text = String::from_utf8_lossy(&text);
        let nonce = genuine.tokens.check_form_token(PAGE, &text, NOW);
        assert_eq!(nonce.is_some(), text == genuine.form, "{text}");
        assert_eq!(genuine.tokens.check_form_token("00", &text, NOW), None);
    }
}

fn secrets(data: &[u8]) {
    let genuine = &*GENUINE;
    for sealed in [data.to_vec(), changed(&genuine.secret, data)] {
        let opened = EndpointSecret::open(&genuine.keys, OWNER, &sealed);
        assert_eq!(opened.is_ok(), sealed == genuine.secret);
        let other = (OWNER.0, EndpointId(Uuid::from_u128(3)));
        assert!(EndpointSecret::open(&genuine.keys, other, &sealed).is_err());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        open_answer(text, |_| Some("whsec_".to_owned()));
        if let Ok(key) = MasterKey::from_base64(text) {
            assert_eq!(MasterKey::from_base64(text.trim()).as_ref(), Ok(&key));
        }
    }
}

fuzz_target!(|data: &[u8]| {
    tokens(data);
    secrets(data);
});
