//! Money in a request's JSON: a decimal string beside a currency code.

use super::{AmountError, Currency, Money};
use crate::base::{invalid::Invalid, problem::ProblemCode};
use serde_json::Value;

/// An amount as callers write it: major units of the currency beside it, such as `12.50`, with at
/// most the decimals that the currency has.
#[derive(Clone, Debug, utoipa::ToSchema)]
#[schema(as = Amount, format = "decimal", pattern = r"^[0-9]{1,12}(\.[0-9]{1,4})?$", examples("12.50"))]
pub struct AmountText(pub String);

/// A currency as callers name it: its ISO 4217 code, in capital or small letters.
#[derive(Clone, Debug, utoipa::ToSchema)]
#[schema(as = Currency, format = "currency", pattern = "^[A-Za-z]{3}$", examples("EUR"))]
pub struct CurrencyCode(pub String);

/// An amount whose currency the caller does not name, since it is that of what it is about: plain
/// decimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BareAmount {
    param: String,
    text: String,
}

impl BareAmount {
    /// Reads the amount at `param`.
    pub fn read(param: &str, value: &Value) -> Result<Self, Invalid> {
        let text = text(param, value)?;
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if !plain {
            return Err(wrong(param, &AmountError::Malformed));
        }
        Ok(Self {
            param: param.to_owned(),
            text: text.to_owned(),
        })
    }

    /// The amount, above zero, in the currency that it turns out to be of.
    pub fn of(&self, currency: Currency) -> Result<Money, Invalid> {
        Money::parse_amount(&self.text, currency).map_err(|error| wrong(&self.param, &error))
    }
}

/// Reads the currency code at `/currency`: of a currency that new amounts may be in.
pub fn currency(code: &str) -> Result<Currency, Invalid> {
    Currency::accepted(code)
        .map_err(|e| Invalid::coded(ProblemCode::InvalidCurrency, "/currency", e.to_string()))
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
    parse: impl Fn(&str) -> Result<Money, AmountError>,
) -> Result<Money, Invalid> {
    parse(text(param, value)?).map_err(|error| wrong(param, &error))
}

fn text<'a>(param: &str, value: &'a Value) -> Result<&'a str, Invalid> {
    value.as_str().ok_or_else(|| {
        let detail = "an amount is a JSON string such as \"12.50\", never a number, so that nothing is ever rounded";
        Invalid::coded(ProblemCode::InvalidAmount, param, detail)
    })
}

fn wrong(param: &str, error: &AmountError) -> Invalid {
    Invalid::coded(ProblemCode::InvalidAmount, param, error.to_string())
}
