//! What settings are taken, and where the fault of others is.

use super::*;
use crate::base::problem::ProblemCode;
use serde_json::json;

fn epc() -> Value {
    json!({"scheme": "epc", "name": "Corner Café", "iban": "DE89370400440532013000"})
}

fn swiss() -> Value {
    json!({
        "scheme": "swiss", "name": "Max Muster & Söhne", "iban": "CH44 3199 9123 0008 8901 2",
        "address": {
            "street": "Musterstrasse", "building": "123", "postcode": "8000",
            "town": "Seldwyla", "country": "CH",
        },
        "wait_days": 30,
    })
}

fn pix() -> Value {
    json!({"scheme": "pix", "name": "Fulano", "pix_key": "52998224725", "city": "BRASILIA"})
}

/// `of` with one member changed.
fn with(mut of: Value, pointer: &str, value: Value) -> Value {
    let (object, name) = pointer.rsplit_once('/').unwrap();
    of.pointer_mut(object).unwrap()[name] = value;
    of
}

#[test]
fn what_is_shown_reads_back_the_same() {
    let with_bic = with(epc(), "/bic", json!("cobadeff"));
    for value in [epc(), with_bic, swiss(), pix()] {
        let settings = Settings::parse("/settings", &value).unwrap();
        let shown = serde_json::to_value(settings.object()).unwrap();
        assert_eq!(Settings::parse("", &shown), Ok(settings));
        for (name, given) in value.as_object().unwrap() {
            let plain = given
                .as_str()
                .map(|text| text.replace(' ', "").to_uppercase());
            let kept = shown[name]
                .as_str()
                .map(|text| text.replace(' ', "").to_uppercase());
            assert_eq!(kept, plain, "{name}");
        }
    }
    let settings = Settings::parse("", &swiss()).unwrap();
    assert_eq!(settings.wait(), Duration::days(30));
    assert_eq!(settings.reference_kind(), ReferenceKind::Qr);
    let settings = Settings::parse("", &epc()).unwrap();
    assert_eq!(settings.wait(), Duration::days(7));
    assert_eq!(settings.reference_kind(), ReferenceKind::Creditor);
}

/// One member is at fault, and named.
fn each_is_at_fault(of: &Value, faults: &[(&str, Value)]) {
    for (place, value) in faults {
        let refused = Settings::parse("/settings", &with(of.clone(), place, value.clone()));
        let refused = refused.unwrap_err();
        assert_eq!(refused.param, format!("/settings{place}"), "{refused}");
        assert_eq!(refused.detail.lines().count(), 1, "{refused}");
    }
}

#[test]
fn each_fault_names_its_place() {
    let faults = [
        ("/scheme", json!("sepa")),
        ("/scheme", Value::Null),
        ("/name", json!(7)),
        ("/name", json!("é".repeat(71))),
        ("/name", json!("4242 4242 4242 4242")),
        ("/iban", json!("DE88370400440532013000")),
        ("/iban", json!("BR1800360305000010009795493C1")),
        ("/bic", json!("COBA")),
        ("/city", json!("Berlin")),
        ("/wait_days", json!(0)),
        ("/wait_days", json!(91)),
        ("/wait_days", json!("7")),
        ("/wait_days", json!(1.5)),
    ];
    each_is_at_fault(&epc(), &faults);
    let faults = [
        ("/iban", json!("DE89370400440532013000")),
        ("/address", Value::Null),
        ("/address/town", Value::Null),
        ("/address/country", json!("CHE")),
        ("/address/building", json!("1".repeat(17))),
    ];
    each_is_at_fault(&swiss(), &faults);
    let faults = [
        ("/name", json!("São Paulo Café")),
        ("/name", json!("a".repeat(26))),
        ("/city", json!("a".repeat(16))),
        ("/pix_key", json!("52998224726")),
        ("/iban", json!("BR1800360305000010009795493C1")),
    ];
    each_is_at_fault(&pix(), &faults);
}

#[test]
fn a_bank_outside_of_the_economic_area_is_named() {
    let abroad = with(epc(), "/iban", json!("CH9300762011623852957"));
    let refused = Settings::parse("", &abroad).unwrap_err();
    assert_eq!(refused.param, "/bic");
    assert!(Settings::parse("", &with(abroad, "/bic", json!("POFICHBE"))).is_ok());
}

#[test]
fn what_nobody_knows_is_refused() {
    for (value, place) in [
        (with(epc(), "/ibn", json!("")), "/settings/ibn"),
        (
            with(swiss(), "/address/a~b", json!("")),
            "/settings/address/a~0b",
        ),
        (json!([]), "/settings"),
    ] {
        let refused = Settings::parse("/settings", &value).unwrap_err();
        let is_unknown = refused.code == ProblemCode::UnknownField;
        assert_eq!(
            (is_unknown, refused.param.as_str()),
            (value.is_object(), place)
        );
    }
}
