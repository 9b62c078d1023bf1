//! Single values of ISO 20022.

use super::super::{
    amount::{exact, fault_in},
    line::Flow,
    refused::{Reason, excerpt},
};
use super::xml::Value;
use crate::base::money::{Currency, Money};

/// `ActiveOrHistoricCurrencyAndAmount`: zero or more, with the currency in the attribute `Ccy`.
pub(super) fn amount(field: &'static str, value: &Value<'_>) -> Result<Money, Reason> {
    let code = value
        .currency
        .ok_or(Reason::Missing("the attribute Ccy of an amount"))?;
    let currency = Currency::named(code)?;
    // An XML decimal may have a plus.
    let text = value.text.strip_prefix('+').unwrap_or(value.text);
    exact(text, '.', currency).map_err(fault_in(field, value.text))
}

/// `CreditDebitCode`.
pub(super) fn direction(value: &Value<'_>) -> Result<Flow, Reason> {
    match value.text {
        "CRDT" => Ok(Flow::In),
        "DBIT" => Ok(Flow::Out),
        other => Err(Reason::Word {
            field: "CdtDbtInd",
            text: excerpt(other),
            known: "CRDT or DBIT",
        }),
    }
}

/// `TrueFalseIndicator`.
pub(super) fn flag(field: &'static str, value: &Value<'_>) -> Result<bool, Reason> {
    match value.text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        other => Err(Reason::Word {
            field,
            text: excerpt(other),
            known: "true or false",
        }),
    }
}
