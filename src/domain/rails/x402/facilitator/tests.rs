//! What an answer of a facilitator means: no doubt is ever a refusal.

use super::super::{
    Doubt,
    sample::{authorization, settings},
};
use super::*;
use serde_json::{Value, json};

const TRANSACTION: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

fn settled() -> Value {
    json!({
        "success": true, "transaction": TRANSACTION, "network": "eip155:8453",
        "payer": "0x857B06519E91E3A54538791BDBB0E22373E36B66",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut of = settled();
    of[name] = value;
    of
}

fn read(status: u16, body: &Value, presentation: Presentation) -> Settlement {
    let body = body.to_string();
    read_settlement(
        (status, Some(body.as_bytes())),
        &authorization(),
        presentation,
    )
}

fn refused(reason: &str, transaction: &str) -> Value {
    let mut body = with("success", json!(false));
    body["errorReason"] = json!(reason);
    body["transaction"] = json!(transaction);
    body
}

#[test]
fn only_a_plain_yes_with_its_transaction_is_settled() {
    let lacking = json!({"success": true, "transaction": TRANSACTION});
    for body in [settled(), with("payer", Value::Null), lacking] {
        for presentation in [Presentation::First, Presentation::Again] {
            let Settlement::Settled(settled) = read(200, &body, presentation) else {
                panic!("{body}");
            };
            assert_eq!(settled.transaction.to_string(), TRANSACTION);
            assert_eq!(settled.payer, authorization().payer);
        }
    }
    for (status, body, why) in [
        (200, with("transaction", json!("")), Doubt::Unreadable),
        (200, with("transaction", json!("0x11")), Doubt::Unreadable),
        (200, with("transaction", Value::Null), Doubt::Unreadable),
        (200, with("success", json!("true")), Doubt::Unreadable),
        (200, with("network", json!("eip155:1")), Doubt::Foreign),
        (
            200,
            with("payer", json!(format!("0x{}", "11".repeat(20)))),
            Doubt::Foreign,
        ),
        (400, settled(), Doubt::Unreadable),
        (200, json!("settled"), Doubt::Unreadable),
        (200, json!({"status": "settled"}), Doubt::Unreadable),
        (402, settled(), Doubt::Status(402)),
        (502, settled(), Doubt::Status(502)),
        (302, settled(), Doubt::Status(302)),
        (201, settled(), Doubt::Status(201)),
    ] {
        let Settlement::Unknown { doubt, .. } = read(status, &body, Presentation::First) else {
            panic!("{status} {body}");
        };
        assert_eq!(doubt, why, "{status} {body}");
    }
    let broken = read_settlement((200, None), &authorization(), Presentation::First);
    assert!(matches!(
        broken,
        Settlement::Unknown {
            transaction: None,
            ..
        }
    ));
}

#[test]
fn only_words_that_mean_that_nothing_moved_refuse_and_only_at_first() {
    for (reason, why) in [
        ("insufficient_funds", Why::Funds),
        ("invalid_exact_evm_insufficient_balance", Why::Funds),
        ("invalid_exact_evm_signature", Why::Signature),
        ("invalid_exact_evm_token_name_mismatch", Why::Signature),
        ("unsupported_scheme", Why::Terms),
        (
            "invalid_exact_evm_payload_authorization_value_mismatch",
            Why::Terms,
        ),
    ] {
        for status in [200, 400] {
            let refusal = Refusal {
                why,
                reason: reason.to_owned(),
            };
            let body = refused(reason, "");
            assert_eq!(
                read(status, &body, Presentation::First),
                Settlement::Refused(refusal)
            );
            let again = read(status, &body, Presentation::Again);
            assert!(matches!(again, Settlement::Unknown { .. }), "{reason}");
        }
        let named = read(200, &refused(reason, TRANSACTION), Presentation::First);
        assert!(matches!(
            named,
            Settlement::Unknown {
                transaction: Some(_),
                ..
            }
        ));
        let odd = read(200, &refused(reason, "pending"), Presentation::First);
        assert!(matches!(
            odd,
            Settlement::Unknown {
                transaction: None,
                ..
            }
        ));
    }
    for reason in [
        "invalid_exact_evm_nonce_already_used",
        "invalid_exact_evm_transaction_simulation_failed",
        "invalid_exact_evm_payload_authorization_valid_before",
        "invalid_exact_evm_transaction_failed",
        "invalid_exact_evm_transfer_event_mismatch",
        "invalid_transaction_state",
        "settlement_pending",
        "transaction_failed",
        "unexpected_settle_error",
        "a_word_of_tomorrow",
        "",
    ] {
        let read = read(200, &refused(reason, ""), Presentation::First);
        let doubt = Doubt::Said(reason.to_owned());
        assert_eq!(
            read,
            Settlement::Unknown {
                doubt,
                transaction: None
            }
        );
    }
}

#[test]
fn verdicts_and_kinds_are_read() {
    let verdict = |status, body: Value| {
        let body = body.to_string();
        read_verdict((status, Some(body.as_bytes())), &authorization())
    };
    assert_eq!(verdict(200, json!({"isValid": true})), Verdict::Valid);
    let foreign = json!({"isValid": true, "payer": format!("0x{}", "11".repeat(20))});
    assert_eq!(verdict(200, foreign), Verdict::Unknown(Doubt::Foreign));
    let reason = "invalid_exact_evm_signature".to_owned();
    let body = json!({"isValid": false, "invalidReason": reason});
    assert_eq!(verdict(400, body), Verdict::Invalid { reason });
    assert_eq!(
        verdict(400, json!({"isValid": true})),
        Verdict::Unknown(Doubt::Status(400))
    );
    assert_eq!(
        verdict(503, json!({"isValid": true})),
        Verdict::Unknown(Doubt::Status(503))
    );
    assert_eq!(verdict(200, json!({})), Verdict::Unknown(Doubt::Unreadable));

    let kind = |version: u8, scheme: &str, network: &str| {
        let kind = json!({"x402Version": version, "scheme": scheme, "network": network});
        let body = json!({"kinds": [kind], "extensions": []}).to_string();
        let kinds = read_supported((200, Some(body.as_bytes()))).unwrap();
        kinds.iter().any(|kind| kind.is_ours(settings().network))
    };
    assert!(kind(2, "exact", "eip155:8453") && kind(2, "exact", "eip155:*"));
    assert!(!kind(1, "exact", "eip155:8453") && !kind(2, "upto", "eip155:8453"));
    assert!(!kind(2, "exact", "eip155:84532"));
}
