//! Amounts as a payer reads and types them. Whole minor units all the way: no float.

use super::locale::Locale;
use crate::base::money::{AmountError, Currency, Money};

/// Keeps an amount and its currency on one line.
const NO_BREAK_SPACE: &str = "\u{a0}";

/// Why what a payer typed is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayerAmountError {
    /// Nothing was typed.
    #[error("no amount was given")]
    Missing,
    /// Not digits with at most one decimal separator, or one that could also separate thousands.
    #[error("the amount is not digits with at most one decimal separator")]
    Malformed,
    /// More decimals than the currency has.
    #[error("the amount has more decimals than its currency")]
    TooPrecise,
    /// More digits than any payment may have.
    #[error("the amount is too large")]
    TooLarge,
    /// Zero.
    #[error("the amount is zero")]
    Zero,
}

/// How a language writes numbers and where it puts the currency (Unicode CLDR 48).
struct Style {
    decimal: char,
    grouping: char,
    /// Fewest digits before the point at which thousands are set apart.
    grouped_from: usize,
    currency: Place,
}

enum Place {
    /// `€12.50`; a space only after a code of letters: `CHF 12.50`.
    Before,
    /// `€ 12,50`
    BeforeSpace,
    /// `12,50 €`
    After,
}

fn style(locale: Locale) -> Style {
    let (decimal, grouping, grouped_from, currency) = match locale {
        Locale::En | Locale::Ja => ('.', ',', 4, Place::Before),
        Locale::De => (',', '.', 4, Place::After),
        Locale::Es => (',', '.', 5, Place::After),
        Locale::Fr => (',', '\u{202f}', 4, Place::After),
        Locale::Pt => (',', '.', 4, Place::BeforeSpace),
    };
    Style {
        decimal,
        grouping,
        grouped_from,
        currency,
    }
}

/// The currency's sign where the language has one that cannot be taken for another currency's
/// (Unicode CLDR 48), else its code.
fn symbol(currency: Currency, locale: Locale) -> &'static str {
    match (currency.code(), locale) {
        ("EUR", _) => "€",
        ("GBP", Locale::Fr) => "£GB",
        ("GBP", _) => "£",
        ("USD", Locale::En | Locale::De | Locale::Ja) => "$",
        ("USD", Locale::Fr) => "$US",
        ("USD", Locale::Es | Locale::Pt) => "US$",
        ("JPY", Locale::Ja) => "￥",
        ("JPY", Locale::En | Locale::De | Locale::Pt) => "¥",
        ("BRL", Locale::Pt | Locale::En | Locale::De) => "R$",
        ("INR", _) => "₹",
        ("KRW", _) => "₩",
        (code, _) => code,
    }
}

/// Plain digits such as `1234.50` in the locale's style: `1.234,50`.
fn digits(plain: &str, style: &Style) -> String {
    let (whole, decimals) = plain.split_once('.').unwrap_or((plain, ""));
    let grouped = whole.len() >= style.grouped_from;
    let mut text = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if grouped && position > 0 && (whole.len() - position).is_multiple_of(3) {
            text.push(style.grouping);
        }
        text.push(digit);
    }
    if !decimals.is_empty() {
        text.push(style.decimal);
        text.push_str(decimals);
    }
    text
}

/// An amount with its currency in the locale's style, with exactly the currency's decimals:
/// `€12.50`, `12,50 €`, `￥500`, `KWD 1.250`.
pub fn format_amount(money: Money, locale: Locale) -> String {
    let style = style(locale);
    let exact = money.to_string();
    let (sign, plain) = match exact.strip_prefix('-') {
        Some(plain) => ("-", plain),
        None => ("", exact.as_str()),
    };
    let number = digits(plain, &style);
    let symbol = symbol(money.currency(), locale);
    let gap = match style.currency {
        Place::After => return format!("{sign}{number}{NO_BREAK_SPACE}{symbol}"),
        Place::BeforeSpace => NO_BREAK_SPACE,
        Place::Before if symbol.ends_with(|c: char| c.is_ascii_alphabetic()) => NO_BREAK_SPACE,
        Place::Before => "",
    };
    format!("{sign}{symbol}{gap}{number}")
}

/// An amount as a payer would type it in this language: no currency, no thousands separators.
pub fn typed_amount(money: Money, locale: Locale) -> String {
    let decimal = style(locale).decimal.to_string();
    money.to_string().replace('.', &decimal)
}

/// Reads an amount above zero that a payer typed: digits and at most one separator.
///
/// Point and comma are both taken for the decimal separator, since a keyboard may offer only one
/// of them, but never where it could as well separate thousands: `1,000` is refused except where
/// the comma is the locale's own decimal separator and the currency has three decimals.
pub fn parse_payer_amount(
    text: &str,
    currency: Currency,
    locale: Locale,
) -> Result<Money, PayerAmountError> {
    let text: String = text.trim().chars().map(half_width).collect();
    if text.is_empty() {
        return Err(PayerAmountError::Missing);
    }
    let plain = match text.split_once(['.', ',']) {
        Some((_, decimals)) if is_group(&text, decimals, locale) => {
            return Err(PayerAmountError::Malformed);
        }
        Some((whole, decimals)) => format!("{whole}.{decimals}"),
        None => text,
    };
    Money::parse_amount(&plain, currency).map_err(|error| match error {
        AmountError::Malformed => PayerAmountError::Malformed,
        AmountError::TooLarge => PayerAmountError::TooLarge,
        AmountError::TooPrecise { .. } => PayerAmountError::TooPrecise,
        AmountError::Zero => PayerAmountError::Zero,
    })
}

/// Whether `decimals`, which follow the only separator of `text`, may be a group of thousands.
fn is_group(text: &str, decimals: &str, locale: Locale) -> bool {
    decimals.len() == 3 && !text.contains(style(locale).decimal)
}

/// Japanese keyboards type full-width digits and separators.
fn half_width(c: char) -> char {
    match c {
        '０'..='９' | '．' | '，' => u32::from(c)
            .checked_sub(0xfee0)
            .and_then(char::from_u32)
            .unwrap_or(c),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(text: &str, code: &str) -> Money {
        Money::parse(text, code.parse().unwrap()).unwrap()
    }

    #[test]
    fn writes_amounts_as_the_language_does() {
        use Locale::{De, En, Es, Fr, Ja, Pt};
        for (amount, code, locale, text) in [
            ("12.50", "EUR", En, "€12.50"),
            ("12.50", "EUR", De, "12,50\u{a0}€"),
            ("1234.50", "EUR", De, "1.234,50\u{a0}€"),
            ("1234.50", "EUR", Es, "1234,50\u{a0}€"),
            ("12345.50", "EUR", Es, "12.345,50\u{a0}€"),
            ("1234567.89", "EUR", Fr, "1\u{202f}234\u{202f}567,89\u{a0}€"),
            ("1234.50", "BRL", Pt, "R$\u{a0}1.234,50"),
            ("12.50", "USD", Fr, "12,50\u{a0}$US"),
            ("12.50", "USD", Es, "12,50\u{a0}US$"),
            ("500", "JPY", Ja, "￥500"),
            ("1234567", "JPY", En, "¥1,234,567"),
            ("1.250", "KWD", En, "KWD\u{a0}1.250"),
            ("1.250", "KWD", De, "1,250\u{a0}KWD"),
            ("0.00", "CHF", Ja, "CHF\u{a0}0.00"),
        ] {
            assert_eq!(format_amount(money(amount, code), locale), text);
        }
        let owed = Money::new(-123_450, "EUR".parse().unwrap());
        assert_eq!(format_amount(owed, En), "-€1,234.50");
    }

    #[test]
    fn reads_what_cannot_be_misread() {
        use Locale::{De, En, Fr, Ja};
        for (typed, code, locale, exact) in [
            ("12,50", "EUR", De, "12.50"),
            ("12.50", "EUR", De, "12.50"),
            (" 12,5 ", "EUR", En, "12.50"),
            ("1000", "EUR", Fr, "1000.00"),
            ("１２００", "JPY", Ja, "1200"),
            ("１２．５０", "EUR", Ja, "12.50"),
            ("1,250", "KWD", De, "1.250"),
            ("1.250", "KWD", En, "1.250"),
        ] {
            let read = parse_payer_amount(typed, code.parse().unwrap(), locale);
            assert_eq!(read, Ok(money(exact, code)), "{typed:?}");
        }
    }

    #[test]
    fn refuses_what_it_would_have_to_guess() {
        use PayerAmountError::{Malformed, Missing, TooLarge, TooPrecise, Zero};
        for (typed, code, locale, error) in [
            ("  ", "EUR", Locale::En, Missing),
            ("1,000", "EUR", Locale::En, Malformed),
            ("1.000", "EUR", Locale::De, Malformed),
            ("1,000", "EUR", Locale::De, TooPrecise),
            ("1,250", "KWD", Locale::En, Malformed),
            ("1.250", "KWD", Locale::De, Malformed),
            ("1,000", "JPY", Locale::Ja, Malformed),
            ("1.0", "JPY", Locale::Ja, TooPrecise),
            ("1.000,00", "EUR", Locale::De, Malformed),
            ("1 000", "EUR", Locale::Fr, Malformed),
            ("12,", "EUR", Locale::De, Malformed),
            (",5", "EUR", Locale::De, Malformed),
            ("-5", "EUR", Locale::De, Malformed),
            ("€5", "EUR", Locale::En, Malformed),
            ("1e3", "EUR", Locale::En, Malformed),
            ("0,00", "EUR", Locale::De, Zero),
            ("12,505", "EUR", Locale::De, TooPrecise),
            ("1234567890123", "EUR", Locale::De, TooLarge),
        ] {
            let read = parse_payer_amount(typed, code.parse().unwrap(), locale);
            assert_eq!(read, Err(error), "{typed:?} {code} {locale:?}");
        }
    }

    proptest! {
        #[test]
        fn what_the_page_suggests_reads_back(minor in 1_i64..1_000_000_000_000, code in prop::sample::select(vec!["EUR", "JPY", "KWD"])) {
            for locale in Locale::ALL {
                let money = Money::new(minor, code.parse().unwrap());
                let typed = typed_amount(money, locale);
                prop_assert_eq!(parse_payer_amount(&typed, money.currency(), locale), Ok(money));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,50}") {
            let _ = parse_payer_amount(&text, "EUR".parse().unwrap(), Locale::De);
        }
    }
}
