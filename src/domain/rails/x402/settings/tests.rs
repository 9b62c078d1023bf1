//! What settings are taken, and where the fault of others is.

use super::*;
use crate::base::problem::ProblemCode;
use serde_json::json;

fn usdc() -> Value {
    json!({
        "network": "eip155:8453", "asset": "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913",
        "decimals": 6, "currency": "USD", "name": "USD Coin", "version": "2",
        "pay_to": "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
        "facilitator_url": "https://x402.example/facilitator/", "confirmations": 3,
    })
}

/// USDC with one member changed; null leaves it out.
fn with(name: &str, value: Value) -> Value {
    let mut of = usdc();
    of[name] = value;
    if of[name].is_null() {
        of.as_object_mut().unwrap().remove(name);
    }
    of
}

#[test]
fn what_is_shown_reads_back_the_same() {
    for value in [usdc(), with("confirmations", Value::Null)] {
        let settings = Settings::parse("/settings", &value).unwrap();
        let shown = serde_json::to_value(settings.object()).unwrap();
        assert_eq!(shown["asset"], "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913");
        assert_eq!(shown["facilitator_url"], "https://x402.example/facilitator");
        assert_eq!(
            shown["confirmations"],
            *value.get("confirmations").unwrap_or(&json!(12))
        );
        assert_eq!(Settings::parse("", &shown), Ok(settings));
    }
}

#[test]
fn each_fault_names_its_place() {
    for (name, value) in [
        ("network", json!("base")),
        ("network", json!("solana:mainnet")),
        ("network", Value::Null),
        ("asset", json!("0x833589FCD6eDb6E08f4c7C32D4f71b54bdA02913")),
        ("asset", json!("USDC")),
        ("asset", Value::Null),
        ("decimals", json!("6")),
        ("decimals", json!(19)),
        ("decimals", json!(-1)),
        ("decimals", json!(6.5)),
        ("decimals", Value::Null),
        ("currency", json!("USDC")),
        ("currency", json!("CLF")),
        ("currency", Value::Null),
        (
            "pay_to",
            json!("0x0000000000000000000000000000000000000000"),
        ),
        (
            "pay_to",
            json!("0x833589fcd6edb6e08f4c7c32d4f71b54bda02913"),
        ),
        ("pay_to", Value::Null),
        ("facilitator_url", json!("http://x402.example/")),
        ("facilitator_url", json!("https://user:word@x402.example/")),
        ("facilitator_url", json!("https://x402.example/?key=1")),
        ("facilitator_url", json!("ftp://127.0.0.1/")),
        ("facilitator_url", json!("facilitator")),
        (
            "facilitator_url",
            json!(format!("https://x402.example/{}", "a".repeat(2048))),
        ),
        ("facilitator_url", Value::Null),
        ("confirmations", json!(0)),
        ("confirmations", json!(101)),
        ("name", json!("")),
        ("name", json!("USD\nCoin")),
        ("name", json!(" USD Coin")),
        ("name", json!("a".repeat(65))),
        ("name", Value::Null),
        ("version", json!(2)),
        ("version", Value::Null),
    ] {
        let refused = Settings::parse("/settings", &with(name, value)).unwrap_err();
        assert_eq!(refused.param, format!("/settings/{name}"), "{refused}");
        assert_eq!(refused.detail.lines().count(), 1, "{refused}");
    }
    let refused = Settings::parse("", &with("chain", json!(1))).unwrap_err();
    assert_eq!(
        (refused.code, refused.param.as_str()),
        (ProblemCode::UnknownField, "/chain")
    );
    assert_eq!(Settings::parse("/s", &json!([])).unwrap_err().param, "/s");
}

#[test]
fn only_its_own_currency_has_an_amount() {
    let settings = Settings::parse("", &usdc()).unwrap();
    let amount = |code: &str| Money::new(1250, code.parse().unwrap());
    let units = settings.amount(amount("USD")).unwrap().unwrap();
    assert_eq!(units.to_string(), "12500000");
    assert_eq!(settings.amount(amount("EUR")), None);
}
