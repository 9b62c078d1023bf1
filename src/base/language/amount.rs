//! Amounts as people read them. Whole minor units all the way: no float.

use super::{Locale, cldr::Style};
use crate::base::money::Money;

/// An amount with its currency as the reader's region writes it, with exactly the currency's
/// decimals: `€12.50`, `12,50 €`, `￥500`, `KWD 1.250`.
pub fn format_amount(money: Money, locale: Locale) -> String {
    let style = locale.style();
    let sign = style.sign(money.currency().code());
    let exact = money.to_string();
    let beside = |patterns: &super::cldr::Patterns| match exact.strip_prefix('-') {
        Some(_) => patterns.negative,
        None => patterns.positive,
    };
    let pattern = beside(&style.beside_signs);
    let pattern = if touches_letter(pattern, sign) {
        beside(&style.beside_letters)
    } else {
        pattern
    };
    let number = digits(exact.trim_start_matches('-'), style);
    let written = pattern.chars().map(|c| match c {
        '¤' => sign.to_owned(),
        '#' => number.clone(),
        other => other.to_string(),
    });
    written.collect()
}

/// Whether what comes beside the number would be a letter, which needs a space.
fn touches_letter(pattern: &str, sign: &str) -> bool {
    let beside = if pattern.contains("¤#") {
        sign.chars().next_back()
    } else if pattern.contains("#¤") {
        sign.chars().next()
    } else {
        // They are apart as it is: only a code of letters may have another place.
        return sign.chars().all(char::is_alphabetic);
    };
    beside.is_some_and(|c| c.is_alphanumeric() || c.is_ascii_punctuation() && c != '$')
}

/// Plain digits such as `1234.50` in the region's style: `1.234,50`.
fn digits(plain: &str, style: &Style) -> String {
    let (whole, decimals) = plain.split_once('.').unwrap_or((plain, ""));
    let mut text = String::new();
    for (position, digit) in whole.chars().enumerate() {
        let left = whole.len() - position;
        let ends_group = left == 3 || left > 3 && (left - 3).is_multiple_of(style.higher_group);
        if whole.len() >= style.grouped_from && position > 0 && ends_group {
            text.push_str(style.group);
        }
        text.push(digit);
    }
    if !decimals.is_empty() {
        text.push_str(style.decimal);
        text.push_str(decimals);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Node's `Intl.NumberFormat` writes, in a few of the languages and currencies that
    /// `tests/browser/amounts.mjs` tries in full.
    #[test]
    fn writes_amounts_as_the_region_does() {
        for line in include_str!("amounts.tsv").lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            let [tag, code, amount, text] = columns[..] else {
                panic!("{line:?} has not four columns");
            };
            let money = Money::parse(amount.trim_start_matches('-'), code.parse().unwrap());
            let minor = money.unwrap().minor();
            let minor = if amount.starts_with('-') {
                -minor
            } else {
                minor
            };
            let money = Money::new(minor, code.parse().unwrap());
            let locale = Locale::negotiate(tag);
            assert_eq!(format_amount(money, locale), text, "{tag} {code} {amount}");
        }
    }
}
