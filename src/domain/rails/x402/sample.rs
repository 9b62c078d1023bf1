//! An account and a payment at it, for tests.

use super::{Expected, Payload, Requirements, Settings, Terms, header};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

pub(super) const NOW: i64 = 1_796_040_000;

pub(super) fn settings() -> Settings {
    let settings = json!({
        "network": "eip155:8453", "asset": "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
        "decimals": 6, "currency": "USD", "name": "USD Coin", "version": "2",
        "pay_to": "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
        "facilitator_url": "https://x402.example/facilitator",
    });
    Settings::parse("", &settings).unwrap()
}

/// 12.50 USD.
pub(super) fn terms() -> Terms {
    Terms::new(&settings(), "12500000".parse().unwrap())
}

pub(super) fn expected() -> Expected {
    Expected {
        terms: terms(),
        now: OffsetDateTime::from_unix_timestamp(NOW).unwrap(),
        longest: Duration::seconds(300),
    }
}

pub(super) fn requirements() -> Requirements {
    Requirements::new(&settings(), terms().amount, 300)
}

/// What a payer sends.
pub(super) fn payload() -> Value {
    json!({
        "x402Version": 2,
        "resource": {"url": "https://pay.example/p/1"},
        "accepted": requirements(),
        "payload": {
            "signature": format!("0x{}", "5a".repeat(65)),
            "authorization": {
                "from": "0x857b06519E91e3A54538791bDbb0E22373e36b66",
                "to": "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
                "value": "12500000", "validAfter": "0", "validBefore": (NOW + 300).to_string(),
                "nonce": format!("0x{}", "F3".repeat(32)),
            },
        },
    })
}

/// Its header.
pub(super) fn sent(payload: &Value) -> String {
    header::write(payload)
}

pub(super) fn authorization() -> super::Authorization {
    let payload = Payload::read(&sent(&payload())).unwrap();
    super::check(&payload, &expected()).unwrap()
}
