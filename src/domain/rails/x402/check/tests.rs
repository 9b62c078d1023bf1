//! What is taken as a payment, and by which word all else is refused.

use super::super::{
    facilitator::presented,
    sample::{NOW, authorization, expected, payload, requirements, sent, terms},
};
use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn taken(payload: &Value) -> Result<Authorization, Refused> {
    check(&Payload::read(&sent(payload))?, &expected())
}

#[test]
fn what_was_asked_for_is_taken_and_kept_as_it_came() {
    let taken = authorization();
    let asset = "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913";
    let payer = "0x857b06519e91e3a54538791bdbb0e22373e36b66";
    let nonce = format!("0x{}", "f3".repeat(32));
    assert_eq!(
        taken.reference(),
        format!("eip155:8453:{asset}:{payer}:{nonce}")
    );
    assert_eq!(taken.valid_before.unix_timestamp(), NOW + 300);
    assert_eq!(taken.original, payload().to_string());
    assert_eq!(
        Authorization::read(taken.original.clone(), &terms()),
        Ok(taken.clone())
    );
    let body = presented(&taken, &requirements());
    assert!(body.contains(&taken.original));
    let body: Value = serde_json::from_str(&body).unwrap();
    let parts = json!({
        "x402Version": 2, "paymentPayload": payload(), "paymentRequirements": requirements(),
    });
    assert_eq!(body, parts);
}

#[test]
fn each_difference_has_its_word() {
    let ending = |seconds: i64| json!((NOW + seconds).to_string());
    for (place, value, word) in [
        ("/x402Version", json!(1), "invalid_x402_version"),
        ("/x402Version", json!("2"), "invalid_payload"),
        ("/accepted/scheme", json!("upto"), "unsupported_scheme"),
        ("/accepted/network", json!("eip155:1"), "invalid_network"),
        ("/accepted/network", json!("base"), "invalid_network"),
        (
            "/accepted/asset",
            json!(format!("0x{}", "11".repeat(20))),
            "invalid_asset",
        ),
        (
            "/accepted/amount",
            json!("12500001"),
            "invalid_payment_requirements",
        ),
        (
            "/accepted/payTo",
            json!(format!("0x{}", "11".repeat(20))),
            "invalid_payment_requirements",
        ),
        (
            "/payload/signature",
            json!("0x"),
            "invalid_exact_evm_payload_signature",
        ),
        (
            "/payload/signature",
            json!(format!("0x{}", "5a".repeat(64))),
            "invalid_exact_evm_payload_signature",
        ),
        (
            "/payload/signature",
            json!(format!("0x{}", "5a".repeat(4097))),
            "invalid_exact_evm_payload_signature",
        ),
        (
            "/payload/signature",
            json!("5a".repeat(65)),
            "invalid_exact_evm_payload_signature",
        ),
        ("/payload/signature", json!(7), "invalid_payload"),
        (
            "/payload/authorization/from",
            json!("payer"),
            "invalid_exact_evm_payload_authorization_from",
        ),
        (
            "/payload/authorization/from",
            json!(terms().pay_to),
            "invalid_exact_evm_payload_authorization_from",
        ),
        (
            "/payload/authorization/to",
            json!(format!("0x{}", "11".repeat(20))),
            "invalid_exact_evm_payload_recipient_mismatch",
        ),
        (
            "/payload/authorization/value",
            json!("12499999"),
            "invalid_exact_evm_payload_authorization_value_mismatch",
        ),
        (
            "/payload/authorization/value",
            json!("012500000"),
            "invalid_exact_evm_payload_authorization_value_mismatch",
        ),
        (
            "/payload/authorization/value",
            json!(12_500_000),
            "invalid_payload",
        ),
        (
            "/payload/authorization/validAfter",
            json!(NOW.to_string()),
            "invalid_exact_evm_payload_authorization_valid_after",
        ),
        (
            "/payload/authorization/validAfter",
            json!("-1"),
            "invalid_exact_evm_payload_authorization_valid_after",
        ),
        (
            "/payload/authorization/validBefore",
            ending(9),
            "invalid_exact_evm_payload_authorization_valid_before",
        ),
        (
            "/payload/authorization/validBefore",
            ending(361),
            "invalid_exact_evm_payload_authorization_valid_before",
        ),
        (
            "/payload/authorization/validBefore",
            json!("115792089237316195423570985008687907853269984665640564039457584007913129639935"),
            "invalid_exact_evm_payload_authorization_valid_before",
        ),
        (
            "/payload/authorization/validBefore",
            json!(i64::MAX.to_string()),
            "invalid_exact_evm_payload_authorization_valid_before",
        ),
        (
            "/payload/authorization/nonce",
            json!(format!("0x{}", "f3".repeat(31))),
            "invalid_exact_evm_payload_authorization_nonce",
        ),
        (
            "/payload/authorization/nonce",
            Value::Null,
            "invalid_payload",
        ),
        ("/payload", json!([]), "invalid_payload"),
    ] {
        let mut payload = payload();
        *payload.pointer_mut(place).unwrap() = value;
        assert_eq!(
            taken(&payload).unwrap_err().as_str(),
            word,
            "{place}: {payload}"
        );
    }
}

#[test]
fn the_edges_of_its_life_are_taken() {
    for (name, seconds) in [
        ("validBefore", 10),
        ("validBefore", 360),
        ("validAfter", -1),
    ] {
        let mut payload = payload();
        payload["payload"]["authorization"][name] = json!((NOW + seconds).to_string());
        assert!(taken(&payload).is_ok(), "{name} {seconds}");
    }
}

#[test]
fn what_two_readers_could_read_as_two_payments_is_refused() {
    let text = payload().to_string();
    for (part, instead) in [
        (r#""value":"12500000""#, r#""value":"1","value":"12500000""#),
        (
            r#""value":"12500000""#,
            r#""v\u0061lue":"1","value":"12500000""#,
        ),
        (r#""x402Version":2"#, r#""x402Version":2,"x402Version":1"#),
        (r#""payload":{"#, r#""payload":{"permit2Authorization":{},"#),
        (r#""payload":{"#, r#""payload":{},"payload":{"#),
        (r#""accepted":{"#, r#""accepted":{},"accepted":{"#),
        (
            r#""authorization":{"#,
            r#""authorization":{"deadline":"1","#,
        ),
    ] {
        let odd = text.replacen(part, instead, 1);
        assert_ne!(odd, text, "{part}");
        assert_eq!(
            Payload::parse(odd).unwrap_err(),
            Refused::Payload,
            "{instead}"
        );
    }
    assert!(Payload::parse(format!(" {text}\n")).is_ok());
    assert!(Payload::parse(format!("{text}{text}")).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(at in 0..900_usize, with in "\\PC{0,6}") {
        let text = payload().to_string();
        let at = text.char_indices().map(|(at, _)| at).nth(at).unwrap_or(0);
        let spoiled = format!("{}{with}{}", &text[..at], &text[(at + with.len()).min(text.len())..]);
        let read = Payload::parse(spoiled).and_then(|payload| check(&payload, &expected()));
        if let Ok(taken) = read {
            prop_assert_eq!(taken.terms, terms());
        }
    }
}
