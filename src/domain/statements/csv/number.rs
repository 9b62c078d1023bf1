//! Numbers of tables.

use super::super::{
    amount::{fault_in, strict},
    refused::{AmountFault, Reason},
};
use super::{mapping::Mapping, options::ThousandsMark};
use crate::base::money::{Currency, Money};

/// A number as the mapping says.
pub(super) fn number(
    mapping: &Mapping,
    text: &str,
    currency: Currency,
) -> Result<Money, AmountFault> {
    let mark = mapping.decimal.sign();
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.get(..1).unwrap_or_default(), digits.trim_start()),
        None => ("", text),
    };
    let digits = match mapping.thousands {
        Some(thousands) => joined(digits, mark, thousands).ok_or(AmountFault::Malformed)?,
        None => digits.to_owned(),
    };
    strict(&format!("{sign}{digits}"), mark, currency)
}

/// A number that must have no sign.
pub(super) fn unsigned(
    field: &'static str,
    text: &str,
    amount: Result<Money, AmountFault>,
) -> Result<Money, Reason> {
    let signed = amount.and_then(|amount| {
        let is_plain = amount.minor() >= 0;
        is_plain.then_some(amount).ok_or(AmountFault::Sign)
    });
    signed.map_err(fault_in(field, text))
}

/// The digits without marks of thousands, if each stands before three digits of the whole number.
fn joined(text: &str, decimal: char, thousands: ThousandsMark) -> Option<String> {
    let (whole, fraction) = text
        .split_once(decimal)
        .map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let is_mark = |c: char| match thousands {
        ThousandsMark::Point => c == '.',
        ThousandsMark::Comma => c == ',',
        ThousandsMark::Space => matches!(c, ' ' | '\u{a0}' | '\u{202f}'),
        ThousandsMark::Apostrophe => matches!(c, '\'' | '’'),
    };
    let mut groups = whole.split(is_mark);
    let mut number = groups.next()?.to_owned();
    let has_groups = whole.contains(is_mark);
    if has_groups && !(1..=3).contains(&number.len()) {
        return None;
    }
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        number.push_str(group);
    }
    if let Some(fraction) = fraction {
        number.push(decimal);
        number.push_str(fraction);
    }
    Some(number)
}
