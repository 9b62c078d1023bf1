//! Amounts as people type them: read only where nothing has to be guessed.

use super::{Locale, cldr};
use crate::base::money::{AmountError, Currency, Money};

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

/// Signs that people write and CLDR does not know.
const OTHER_SIGNS: [(&str, &str); 3] = [("CNY", "元"), ("JPY", "円"), ("KRW", "원")];

/// The first of ten digits in a row, in the scripts that keyboards of our readers type.
const ZEROS: [char; 8] = [
    '０',
    '\u{660}',
    '\u{6f0}',
    '\u{966}',
    '\u{9e6}',
    '\u{e50}',
    '\u{1d7ce}',
    '\u{1d7d8}',
];

/// An amount as a payer would type it in this language: no currency, no thousands separators.
pub fn typed_amount(money: Money, locale: Locale) -> String {
    money.to_string().replace('.', locale.style().decimal)
}

/// Reads an amount above zero that a payer typed: digits with at most one separator, and the
/// currency before or after them.
///
/// Point and comma are both taken for the decimal separator, since a keyboard may offer only one
/// of them, but never where it could as well separate thousands: `1,000` is refused except where
/// the comma is the locale's own decimal separator and the currency has three decimals.
pub fn parse_payer_amount(
    text: &str,
    currency: Currency,
    locale: Locale,
) -> Result<Money, PayerAmountError> {
    let plain: String = text.chars().filter_map(plain).collect();
    let text = without_currency(plain.trim(), currency.code());
    if text.is_empty() {
        return Err(PayerAmountError::Missing);
    }
    let exact = match text.split_once(['.', ',']) {
        Some((_, decimals)) if is_group(text, decimals, locale) => {
            return Err(PayerAmountError::Malformed);
        }
        // A point that ends what was typed ends the sentence.
        Some((whole, "")) => whole.to_owned(),
        Some((whole, decimals)) => format!("{whole}.{decimals}"),
        None => text.to_owned(),
    };
    Money::parse_amount(&exact, currency).map_err(|error| match error {
        AmountError::Malformed => PayerAmountError::Malformed,
        AmountError::TooLarge => PayerAmountError::TooLarge,
        AmountError::TooPrecise { .. } => PayerAmountError::TooPrecise,
        AmountError::Zero => PayerAmountError::Zero,
    })
}

/// Whether `decimals`, which follow the only separator of `text`, may be a group of thousands.
fn is_group(text: &str, decimals: &str, locale: Locale) -> bool {
    decimals.len() == 3 && !text.contains(locale.style().decimal)
}

/// A character as an English keyboard types it; `None` for one that nobody sees.
fn plain(c: char) -> Option<char> {
    match c {
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{feff}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' => None,
        '．' | '。' | '｡' | '\u{66b}' => Some('.'),
        '，' | '、' | '､' | '\u{60c}' => Some(','),
        other => Some(digit(other).unwrap_or(other)),
    }
}

fn digit(c: char) -> Option<char> {
    ZEROS.into_iter().find_map(|zero| {
        let value = u32::from(c).checked_sub(u32::from(zero))?;
        char::from_digit(value, 10)
    })
}

/// `text` without the currency's code or one of its signs at one of its ends.
fn without_currency<'a>(text: &'a str, code: &str) -> &'a str {
    let others = OTHER_SIGNS.iter().filter(|(known, _)| *known == code);
    let others = others.map(|(_, sign)| *sign);
    let signs = cldr::signs(code).chain(others);
    let signs = signs.map(|sign: &str| -> &str { sign }).chain([code]);
    let bare = signs.filter_map(|sign| {
        let sign: String = sign.chars().filter_map(plain).collect();
        strip_prefix(text, &sign).or_else(|| strip_suffix(text, &sign))
    });
    // The longest sign that fits: of `US$5` all of `US$` goes.
    let rest = bare.min_by_key(|rest| rest.len());
    rest.map_or(text, str::trim)
}

fn strip_prefix<'a>(text: &'a str, sign: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(sign.len())?;
    start.eq_ignore_ascii_case(sign).then_some(rest)
}

fn strip_suffix<'a>(text: &'a str, sign: &str) -> Option<&'a str> {
    let at = text.len().checked_sub(sign.len())?;
    let (rest, end) = text.split_at_checked(at)?;
    end.eq_ignore_ascii_case(sign).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::language::Language;
    use proptest::prelude::*;

    fn money(text: &str, code: &str) -> Money {
        Money::parse(text, code.parse().unwrap()).unwrap()
    }

    #[test]
    fn reads_what_cannot_be_misread() {
        use Language::{De, En, Fr, Ja};
        for (typed, code, locale, exact) in [
            ("12,50", "EUR", De, "12.50"),
            ("12.50", "EUR", De, "12.50"),
            (" 12,5 ", "EUR", En, "12.50"),
            ("1000", "EUR", Fr, "1000.00"),
            ("１２００", "JPY", Ja, "1200"),
            ("１２．５０", "EUR", Ja, "12.50"),
            ("1,250", "KWD", De, "1.250"),
            ("1.250", "KWD", En, "1.250"),
            ("€12.50", "EUR", En, "12.50"),
            ("12,50\u{a0}€", "EUR", De, "12.50"),
            ("eur 12", "EUR", En, "12.00"),
            ("US$5", "USD", En, "5.00"),
            ("$5", "USD", Fr, "5.00"),
            ("5 $\u{a0}US", "USD", Fr, "5.00"),
            ("500円", "JPY", Ja, "500"),
            ("￥５００", "JPY", Ja, "500"),
            ("12.", "EUR", En, "12.00"),
            ("12,", "EUR", De, "12.00"),
            ("\u{200e}12.50\u{202c}\u{feff}", "EUR", En, "12.50"),
            ("\u{2068}€\u{a0}7\u{2069}", "EUR", En, "7.00"),
            ("١٢٫٥٠", "EUR", En, "12.50"),
            ("۱۲٫۵", "EUR", En, "12.50"),
            ("१२", "INR", En, "12.00"),
        ] {
            let read = parse_payer_amount(typed, code.parse().unwrap(), locale.into());
            assert_eq!(read, Ok(money(exact, code)), "{typed:?}");
        }
    }

    #[test]
    fn refuses_what_it_would_have_to_guess() {
        use PayerAmountError::{Malformed, Missing, TooLarge, TooPrecise, Zero};
        for (typed, code, locale, error) in [
            ("  ", "EUR", Language::En, Missing),
            ("1,000", "EUR", Language::En, Malformed),
            ("1.000", "EUR", Language::De, Malformed),
            ("1,000", "EUR", Language::De, TooPrecise),
            ("1,250", "KWD", Language::En, Malformed),
            ("1.250", "KWD", Language::De, Malformed),
            ("1,000", "JPY", Language::Ja, Malformed),
            ("1.0", "JPY", Language::Ja, TooPrecise),
            ("1.000,00", "EUR", Language::De, Malformed),
            ("1 000", "EUR", Language::Fr, Malformed),
            ("12..", "EUR", Language::De, Malformed),
            ("1.000.", "EUR", Language::En, Malformed),
            ("1.000,", "EUR", Language::De, Malformed),
            (",5", "EUR", Language::De, Malformed),
            ("-5", "EUR", Language::De, Malformed),
            ("$5", "EUR", Language::En, Malformed),
            ("€", "EUR", Language::En, Missing),
            ("USD5", "EUR", Language::En, Malformed),
            ("1٬000", "EUR", Language::En, Malformed),
            ("1e3", "EUR", Language::En, Malformed),
            ("0,00", "EUR", Language::De, Zero),
            ("12,505", "EUR", Language::De, TooPrecise),
            ("1234567890123", "EUR", Language::De, TooLarge),
        ] {
            let read = parse_payer_amount(typed, code.parse().unwrap(), locale.into());
            assert_eq!(read, Err(error), "{typed:?} {code} {locale:?}");
        }
    }

    proptest! {
        #[test]
        fn what_the_page_suggests_reads_back(minor in 1_i64..1_000_000_000_000, code in prop::sample::select(vec!["EUR", "JPY", "KWD"])) {
            for locale in Language::ALL.iter().copied().map(Locale::from) {
                let money = Money::new(minor, code.parse().unwrap());
                let typed = typed_amount(money, locale);
                prop_assert_eq!(parse_payer_amount(&typed, money.currency(), locale), Ok(money));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,50}") {
            let _ = parse_payer_amount(&text, "EUR".parse().unwrap(), Language::De.into());
        }
    }
}
