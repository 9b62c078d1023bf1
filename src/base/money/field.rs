//! Money in a request's JSON: a decimal string beside a currency code.

use super::{Currency, Money};
use crate::base::invalid::Invalid;
use serde_json::Value;

/// An amount as callers write it: major units of the currency beside it, such as `12.50`, with at
/// most the decimals that the currency has.
#[derive(Clone, Debug, utoipa::ToSchema)]
#[schema(as = Amount, format = "decimal", pattern = r"^[0-9]{1,12}(\.[0-9]{1,4})?$", examples("12.50"))]
pub struct AmountText(pub String);

/// A currency as callers name it: its ISO 4217 code.
#[derive(Clone, Debug, utoipa::ToSchema)]
#[schema(as = Currency, format = "currency", pattern = "^[A-Z]{3}$", examples("EUR"))]
pub struct CurrencyCode(pub String);

/// Reads the currency code at `/currency`.
pub fn currency(code: &str) -> Result<Currency, Invalid> {
    code.parse().map_err(|e: super::CurrencyError| {
        Invalid::coded("invalid_currency", "/currency", e.to_string())
    })
}

/// Reads an amount above zero at `param`.
pub fn amount(param: &str, value: &Value, currency: Currency) -> Result<Money, Invalid> {
    read(param, value, |text| Money::parse_amount(text, currency))
}

/// Reads an amount of zero or more at `param`.
pub fn amount_or_zero(param: &str, value: &Value, currency: Currency) -> Result<Money, Invalid> {
    read(param, value, |text| Money::parse(text, currency))
}

fn read(
    param: &str,
    value: &Value,
    parse: impl Fn(&str) -> Result<Money, super::AmountError>,
) -> Result<Money, Invalid> {
    let wrong = |detail: String| Invalid::coded("invalid_amount", param, detail);
    let text = value.as_str().ok_or_else(|| {
        wrong("an amount is a JSON string such as \"12.50\", never a number, so that nothing is ever rounded".to_owned())
    })?;
    parse(text).map_err(|e| wrong(e.to_string()))
}
