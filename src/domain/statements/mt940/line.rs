//! Field 61, a statement line:
//! `6!n[4!n]2a[1!a]15d1!a3!c16x[//16x][34x]`.

use super::super::{
    amount::{exact, fault_in},
    day,
    details::{Charge, Details, ReferenceKind},
    line::{Flow, Line, LineStatus},
    refused::{AmountFault, Reason, excerpt},
    words::{identifier, keep, refer},
};
use crate::base::money::{Currency, Money};

/// Length of a reference; what stands behind it on the line is text.
const REFERENCE_CHARS: usize = 16;

/// Reads a line and its supplementary details. What field 86 says comes later.
pub(super) fn line(value: &str, currency: Currency) -> Result<Line, Reason> {
    let (first, further) = value.split_once('\n').unwrap_or((value, ""));
    let first = first.trim();
    let (value_on, rest) = first.split_at_checked(6).unwrap_or((first, ""));
    let value_on = day::short("field 61, value date", value_on)?;
    let (booked_on, rest) = match rest.split_at_checked(4) {
        Some((entry, rest)) if entry.bytes().all(|b| b.is_ascii_digit()) => {
            let day = day::near("field 61, entry date", entry, value_on)?;
            (Some(day), rest)
        }
        Some(_) | None => (None, rest),
    };
    let (mark, rest) = mark(rest)?;
    let (digits, rest) = number(rest);
    let amount = amount("field 61, amount", digits, currency)?;
    let mut details = Details::default();
    let rest = code(rest, &mut details)?;
    let (bank_id, trailing) = references(rest, &mut details)?;
    let text = format!("{trailing}\n{further}");
    charges(further, &mut details);
    keep(&mut details.text, &text)?;
    Ok(Line {
        bank_id,
        direction: mark.direction,
        amount,
        status: mark.status,
        booked_on,
        value_on: Some(value_on),
        is_reversal: mark.is_reversal,
        details,
        transactions: Vec::new(),
    })
}

struct Mark {
    direction: Flow,
    status: LineStatus,
    is_reversal: bool,
}

/// The mark, and the funds code behind it (the third letter of the currency), which says nothing.
fn mark(text: &str) -> Result<(Mark, &str), Reason> {
    use Flow::{In, Out};
    use LineStatus::{Booked, Pending};
    let marks = [
        // The reversal of a credit takes money out, that of a debit brings it back.
        ("RC", Out, Booked, true),
        ("RD", In, Booked, true),
        ("EC", In, Pending, false),
        ("ED", Out, Pending, false),
        ("C", In, Booked, false),
        ("D", Out, Booked, false),
    ];
    for (word, direction, status, is_reversal) in marks {
        if let Some(rest) = text.strip_prefix(word) {
            let mark = Mark {
                direction,
                status,
                is_reversal,
            };
            return Ok((
                mark,
                rest.strip_prefix(|c: char| c.is_ascii_alphabetic())
                    .unwrap_or(rest),
            ));
        }
    }
    Err(Reason::Word {
        field: "field 61, mark",
        text: excerpt(text),
        known: "C, D, RC, RD, EC or ED",
    })
}

/// Digits and commas at the beginning, and the rest.
fn number(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == ','));
    text.split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or((text, ""))
}

/// An amount of SWIFT (`15d`), which always has a comma.
pub(super) fn amount(field: &'static str, text: &str, currency: Currency) -> Result<Money, Reason> {
    let amount = if text.contains(',') {
        exact(text, ',', currency)
    } else {
        Err(AmountFault::NoComma)
    };
    amount.map_err(fault_in(field, text))
}

/// The identification code: a letter and three more.
fn code<'a>(text: &'a str, details: &mut Details) -> Result<&'a str, Reason> {
    let length = text.chars().take(4).map(char::len_utf8).sum();
    let (code, rest) = text.split_at_checked(length).unwrap_or((text, ""));
    keep(&mut details.code, code)?;
    Ok(rest)
}

/// The reference of the account's owner and, behind `//`, that of the bank; what is longer is text.
fn references<'a>(
    text: &'a str,
    details: &mut Details,
) -> Result<(Option<String>, &'a str), Reason> {
    let (customer, bank, trailing) = if let Some((customer, bank)) = text.split_once("//") {
        (customer, bank, "")
    } else {
        let length = text.chars().take(REFERENCE_CHARS).map(char::len_utf8).sum();
        let (customer, trailing) = text.split_at_checked(length).unwrap_or((text, ""));
        (customer, "", trailing)
    };
    refer(&mut details.references, ReferenceKind::Customer, customer)?;
    refer(&mut details.references, ReferenceKind::Bank, bank)?;
    Ok((identifier(bank)?, trailing))
}

/// `/OCMT/USD100,00/` and `/CHGS/EUR5,00/` in the supplementary details: the amount that was ordered, and
/// what was taken. What does not read as such is text.
fn charges(text: &str, details: &mut Details) {
    let named = |name: &str| {
        let (_, rest) = text.split_once(name)?;
        let (code, rest) = rest.split_at_checked(3)?;
        let (digits, _) = number(rest);
        amount("", digits, Currency::named(code).ok()?).ok()
    };
    details.instructed = named("/OCMT/");
    let charge = named("/CHGS/").map(|amount| Charge {
        amount,
        is_included: None,
    });
    details.charges.extend(charge);
}
