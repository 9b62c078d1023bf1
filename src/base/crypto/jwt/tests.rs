use super::*;
use crate::base::crypto::mac;
use serde_json::{Value, json};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn signer() -> Signer {
    Signer::from_seed(&[7; 32]).unwrap()
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_seed(&[byte; 32]).unwrap()
}

fn claims() -> Claims {
    Claims {
        subject: "key_1".to_owned(),
        merchant: "mer_1".to_owned(),
        role: "bot".to_owned(),
        id: "1".to_owned(),
        issued_at: 0,
        expires_at: 900,
    }
}

/// A token put together by hand, as an attacker would.
fn forge(header: &Value, payload: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    forge_text(&header.to_string(), &payload.to_string(), sign)
}

/// The same of texts that may say a thing twice.
fn forge_text(header: &str, payload: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", part(header), part(payload));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn header(signer: &Signer) -> Value {
    json!({"typ": ACCESS_TOKEN, "alg": "EdDSA", "kid": signer.key_id()})
}

fn payload() -> Value {
    let mut payload = serde_json::to_value(claims()).unwrap();
    payload["iss"] = json!(ISSUER);
    payload["aud"] = json!(AUDIENCE);
    payload
}

#[test]
fn accepts_what_it_issued_until_it_expires() {
    let signer = signer();
    let token = signer.issue(&claims()).unwrap();
    let at = |seconds| NOW + time::Duration::seconds(seconds);
    assert_eq!(signer.verify(&token, at(899)), Ok(claims()));
    assert_eq!(signer.verify(&token, at(900)), Err(JwtError::Expired));
    let by_hand = forge(&header(&signer), &payload(), |message| {
        key(7).sign(message).to_vec()
    });
    assert_eq!(signer.verify(&by_hand, NOW), Ok(claims()));
}

#[test]
fn refuses_other_algorithms_and_keys() {
    let signer = signer();
    let other = Signer::from_seed(&[8; 32]).unwrap();
    let public = *key(7).public_key();
    let with = |field: &str, value: Value| {
        let mut header = header(&signer);
        header[field] = value;
        header
    };
    let ours = |message: &[u8]| key(7).sign(message).to_vec();
    let theirs = |message: &[u8]| key(8).sign(message).to_vec();
    let hmac = |message: &[u8]| mac::sign(&public, &[message]).to_vec();
    let jwk = other.jwks()["keys"][0].clone();
    let tokens = [
        forge(&with("alg", json!("none")), &payload(), |_| Vec::new()),
        forge(&with("alg", json!("HS256")), &payload(), hmac),
        forge(&with("kid", json!("other")), &payload(), ours),
        forge(&with("kid", Value::Null), &payload(), ours),
        forge(&with("typ", json!("JWT")), &payload(), ours),
        forge(
            &with("jku", json!("https://evil.example")),
            &payload(),
            theirs,
        ),
        forge(
            &with("x5u", json!("https://evil.example")),
            &payload(),
            theirs,
        ),
        forge(&with("typ", json!("JOSE")), &payload(), ours),
        forge(&with("jwk", jwk), &payload(), theirs),
        forge(&header(&signer), &payload(), theirs),
        other.issue(&claims()).unwrap(),
        signer.sign_document(&payload()).unwrap(),
        String::new(),
        "a.b".to_owned(),
        "a.b.c".to_owned(),
    ];
    for token in tokens {
        assert_eq!(
            signer.verify(&token, NOW),
            Err(JwtError::Refused),
            "{token}"
        );
    }
}

#[test]
fn refuses_other_claims() {
    let signer = signer();
    let ours = |message: &[u8]| key(7).sign(message).to_vec();
    for (field, value) in [
        ("aud", json!("other")),
        ("aud", json!(["other"])),
        ("aud", Value::Null),
        ("iss", json!("other")),
        ("iss", Value::Null),
        ("exp", Value::Null),
        ("exp", json!("soon")),
        ("sub", Value::Null),
        ("merchant", Value::Null),
        ("nbf", json!(1)),
        ("nbf", json!("soon")),
        ("cell", json!("01")),
        ("iat", Value::Null),
        ("iat", json!(60)),
        // Ten years, and a second more than ours.
        ("exp", json!(315_360_000)),
        ("exp", json!(901)),
        ("iat", json!(-1)),
    ] {
        let mut payload = payload();
        payload[field] = value;
        let token = forge(&header(&signer), &payload, ours);
        assert_eq!(
            signer.verify(&token, NOW),
            Err(JwtError::Refused),
            "{field}"
        );
    }
}

#[test]
fn a_retired_key_is_good_for_what_it_signed_and_no_longer() {
    let at = |seconds| NOW + time::Duration::seconds(seconds);
    let old = signer();
    let of = |issued_at| Claims {
        issued_at,
        expires_at: issued_at + 900,
        ..claims()
    };
    let [before, after] = [100, 101].map(|issued_at| old.issue(&of(issued_at)).unwrap());
    let new = Signer::from_seed(&[8; 32]).unwrap();
    let new = new.with_retired(&[7; 32], at(100)).unwrap();
    assert_eq!(new.verify(&before, at(999)), Ok(of(100)));
    assert_eq!(new.verify(&after, at(102)), Err(JwtError::Refused));
    for token in [&before, &after] {
        assert_eq!(new.verify(token, at(1000)), Err(JwtError::Refused));
    }
    let issued = new.issue(&of(500)).unwrap();
    assert_eq!(new.verify(&issued, at(501)), Ok(of(500)));
    assert_eq!(old.verify(&issued, at(501)), Err(JwtError::Refused));
    let published = |signer: &Signer| signer.jwks()["keys"].as_array().unwrap().clone();
    assert_eq!(published(&new)[1], published(&old)[0]);
    assert_eq!(published(&new)[0]["kid"], new.key_id());
    assert_ne!(new.key_id(), old.key_id());
}

#[test]
fn refuses_what_says_a_thing_twice() {
    let signer = signer();
    let ours = |message: &[u8]| key(7).sign(message).to_vec();
    let (header, payload) = (header(&signer).to_string(), payload().to_string());
    let twice = |text: &str, more: &str| text.replacen('{', &format!("{{{more},"), 1);
    let accepted = forge_text(&header, &twice(&payload, r#""other":1"#), ours);
    assert_eq!(signer.verify(&accepted, NOW), Ok(claims()));
    for claim in [
        r#""iss":"other""#,
        r#""aud":"other""#,
        r#""exp":99999"#,
        r#""sub":"key_2""#,
        r#""merchant":"mer_2""#,
        r#""role":"merchant""#,
    ] {
        let token = forge_text(&header, &twice(&payload, claim), ours);
        assert_eq!(
            signer.verify(&token, NOW),
            Err(JwtError::Refused),
            "{claim}"
        );
    }
    for member in [r#""alg":"none""#, r#""kid":"other""#, r#""typ":"JOSE""#] {
        let token = forge_text(&twice(&header, member), &payload, ours);
        assert_eq!(
            signer.verify(&token, NOW),
            Err(JwtError::Refused),
            "{member}"
        );
    }
}

#[test]
fn refuses_other_forms_of_a_token_and_of_its_signature() {
    let signer = signer();
    let token = signer.issue(&claims()).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut forms = vec![
        format!("{token}."),
        format!("{token}.."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{message}."),
        message.to_owned(),
        format!("{token}="),
        format!("{token}\n"),
        format!(" {token}"),
        token.replacen('.', "..", 1),
        token.replace('.', ","),
    ];
    for length in [0, 1, 32, 63] {
        let cut = URL_SAFE_NO_PAD.encode(&bytes[..length]);
        forms.push(format!("{message}.{cut}"));
    }
    for more in [1, 32, 64] {
        let long = [bytes.as_slice(), &bytes[..more]].concat();
        forms.push(format!("{message}.{}", URL_SAFE_NO_PAD.encode(long)));
    }
    // Another text of the same bytes: the last letter's two low bits mean nothing.
    let last = signature.as_bytes()[signature.len() - 1];
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = letters.iter().position(|&letter| letter == last).unwrap();
    let twin = char::from(letters[place | 1]);
    forms.push(format!("{}{twin}", &token[..token.len() - 1]));
    for form in forms {
        assert_eq!(signer.verify(&form, NOW), Err(JwtError::Refused), "{form}");
    }
}

#[test]
fn refuses_a_token_that_was_changed_anywhere() {
    let signer = signer();
    let token = signer.issue(&claims()).unwrap();
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(signer.verify(&changed, NOW), Err(JwtError::Refused), "{at}");
    }
}

#[test]
fn names_its_key_as_rfc_8037_does() {
    // RFC 8037, appendix A.3.
    let x = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let key = <[u8; 32]>::try_from(x.unwrap().as_slice()).unwrap();
    assert_eq!(
        thumbprint(&key),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
}
