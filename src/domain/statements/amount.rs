//! Amounts of banks: exact, or refused.

use super::refused::{AmountFault, Reason, excerpt};
use crate::base::money::{Currency, Money};

/// Reads digits with at most one decimal mark. Banks write the same number with more or fewer
/// zeros (`1`, `1.` and `1.000` EUR): zeros that change nothing are no rounding.
pub(super) fn exact(text: &str, mark: char, currency: Currency) -> Result<Money, AmountFault> {
    let (whole, fraction) = text.split_once(mark).unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() + fraction.len() == 0 {
        return Err(AmountFault::Malformed);
    }
    let (whole, fraction) = (
        whole.trim_start_matches('0'),
        fraction.trim_end_matches('0'),
    );
    let exponent = currency.exponent();
    let width = usize::try_from(exponent).map_err(|_| AmountFault::Malformed)?;
    if fraction.len() > width {
        return Err(AmountFault::TooPrecise(exponent, currency));
    }
    format!("0{whole}{fraction:0<width$}")
        .parse()
        .map(|minor| Money::new(minor, currency))
        .map_err(|_| AmountFault::TooLarge)
}

/// Reads an amount with a sign or without one: below zero after `-`.
pub(super) fn with_sign(text: &str, mark: char, currency: Currency) -> Result<Money, AmountFault> {
    if let Some(rest) = text.strip_prefix('-') {
        let amount = exact(rest, mark, currency)?;
        Ok(Money::new(-amount.minor(), currency))
    } else {
        exact(text.strip_prefix('+').unwrap_or(text), mark, currency)
    }
}

/// As [`with_sign`], where the mark may not be what it seems: `1,000` is read as a thousand by some and
/// as one by others, so no zeros may stand behind the decimals of the currency.
pub(super) fn strict(text: &str, mark: char, currency: Currency) -> Result<Money, AmountFault> {
    let exponent = currency.exponent();
    let decimals = text
        .split_once(mark)
        .map_or(0, |(_, fraction)| fraction.len());
    if u32::try_from(decimals).is_ok_and(|decimals| decimals <= exponent) {
        with_sign(text, mark, currency)
    } else {
        Err(AmountFault::TooPrecise(exponent, currency))
    }
}

/// The fault, with the field where the text stands.
pub(super) fn fault_in(field: &'static str, text: &str) -> impl FnOnce(AmountFault) -> Reason {
    move |fault| Reason::Amount {
        field,
        text: excerpt(text),
        fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, code: &str) -> Result<i64, AmountFault> {
        with_sign(text, '.', code.parse().unwrap()).map(Money::minor)
    }

    #[test]
    fn reads_what_is_exact() {
        let cases = [
            ("12.5", "EUR", 1250),
            ("-00000000001500.0000", "USD", -150_000),
            ("+.5", "EUR", 50),
            ("7.", "EUR", 700),
            ("500.00", "JPY", 500),
            ("1.2345", "CLF", 12345),
            ("0", "EUR", 0),
            ("-0.00", "EUR", 0),
            ("92233720368547758.07", "EUR", i64::MAX),
        ];
        for (text, code, minor) in cases {
            assert_eq!(read(text, code), Ok(minor), "{text}");
        }
    }

    #[test]
    fn refuses_what_it_would_have_to_guess_or_round() {
        for text in [
            "", ".", "-", "--1", "1,5", "1.2.3", "1e3", " 1", "1 000", "$5", "٣", "NaN", "+-1",
        ] {
            assert_eq!(read(text, "EUR"), Err(AmountFault::Malformed), "{text}");
        }
        let euro = "EUR".parse().unwrap();
        assert_eq!(read("0.001", "EUR"), Err(AmountFault::TooPrecise(2, euro)));
        for text in ["92233720368547758.08", &"9".repeat(5000)] {
            assert_eq!(read(text, "EUR"), Err(AmountFault::TooLarge));
        }
    }

    #[test]
    fn zeros_that_could_mean_thousands_are_refused() {
        let (euro, yen) = ("EUR".parse().unwrap(), "JPY".parse().unwrap());
        assert_eq!(strict("-1,50", ',', euro).map(Money::minor), Ok(-150));
        assert_eq!(
            strict("1,000", ',', euro),
            Err(AmountFault::TooPrecise(2, euro))
        );
        assert_eq!(
            strict("1,00", ',', yen),
            Err(AmountFault::TooPrecise(0, yen))
        );
    }

    proptest! {
        #[test]
        fn what_money_prints_reads_back(minor in -1_000_000_000_000_i64..1_000_000_000_000, code in prop::sample::select(vec!["EUR", "JPY", "KWD"])) {
            let money = Money::new(minor, code.parse().unwrap());
            prop_assert_eq!(read(&money.to_string(), code), Ok(minor));
        }
    }
}
