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

/// Each of these values, in its place, has the payment refused by this word.
#[track_caller]
fn refused(word: &str, place: &str, values: &[Value]) {
    for value in values {
        let mut payload = payload();
        *payload.pointer_mut(place).unwrap() = value.clone();
        let refused = taken(&payload).unwrap_err();
        assert_eq!(refused.as_str(), word, "{place}: {value}");
    }
}

fn stranger() -> Value {
    json!(format!("0x{}", "11".repeat(20)))
}

#[test]
fn another_way_to_pay_is_refused() {
    refused(
        "invalid_x402_version",
        "/x402Version",
        &[json!(1), json!(3)],
    );
    refused(
        "invalid_payload",
        "/x402Version",
        &[json!("2"), Value::Null],
    );
    refused("invalid_payload", "/payload", &[json!([]), json!({})]);
    refused("unsupported_scheme", "/accepted/scheme", &[json!("upto")]);
    let chains = [json!("eip155:1"), json!("base")];
    refused("invalid_network", "/accepted/network", &chains);
    refused("invalid_asset", "/accepted/asset", &[stranger()]);
    let word = "invalid_payment_requirements";
    refused(word, "/accepted/amount", &[json!("12500001")]);
    refused(word, "/accepted/payTo", &[stranger()]);
}

#[test]
fn another_payment_is_refused() {
    let at = |name: &str| format!("/payload/authorization/{name}");
    let word = "invalid_exact_evm_payload_recipient_mismatch";
    refused(word, &at("to"), &[stranger(), json!("")]);
    let word = "invalid_exact_evm_payload_authorization_value_mismatch";
    refused(word, &at("value"), &[json!("12499999"), json!("012500000")]);
    refused("invalid_payload", &at("value"), &[json!(12_500_000)]);
    let word = "invalid_exact_evm_payload_authorization_from";
    refused(word, &at("from"), &[json!("payer"), json!(terms().pay_to)]);
    let word = "invalid_exact_evm_payload_authorization_nonce";
    let short = json!(format!("0x{}", "f3".repeat(31)));
    refused(word, &at("nonce"), &[short, json!("")]);
    refused("invalid_payload", &at("nonce"), &[Value::Null]);
    let word = "invalid_exact_evm_payload_signature";
    let of = |length| json!(format!("0x{}", "5a".repeat(length)));
    let signatures = [of(0), of(64), of(4097), json!("5a".repeat(65))];
    refused(word, "/payload/signature", &signatures);
    refused("invalid_payload", "/payload/signature", &[json!(7)]);
}

#[test]
fn a_payment_of_another_time_is_refused() {
    let at = |seconds: i64| json!((NOW + seconds).to_string());
    let word = "invalid_exact_evm_payload_authorization_valid_after";
    let place = "/payload/authorization/validAfter";
    refused(word, place, &[at(0), at(1), json!("-1"), json!("00")]);
    let word = "invalid_exact_evm_payload_authorization_valid_before";
    let place = "/payload/authorization/validBefore";
    let never = [json!("9".repeat(78)), json!(i64::MAX.to_string())];
    refused(word, place, &never);
    refused(word, place, &[at(9), at(361), at(-1), json!("")]);
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
