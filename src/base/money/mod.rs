//! Money: whole minor units beside a currency. Never a float, never rounded.

mod currency;
pub mod field;
mod total;

pub use currency::{Currency, CurrencyError};
pub use total::Total;

use std::fmt;

/// Most digits an amount may have before the decimal point.
const WHOLE_DIGITS_MAX: usize = 12;

/// A quantity of one currency in minor units (cents for EUR, yen for JPY, fils for KWD).
///
/// It may be zero or negative, as a balance may. What a caller asks for is an amount above zero
/// and comes from [`Money::parse_amount`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why a text is not an amount of a currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text is not plain decimal digits with at most one point.
    #[error(
        "an amount is a plain decimal string such as \"12.50\": digits, at most one point, no sign, exponent or separator"
    )]
    Malformed,
    /// More than twelve digits stand before the point.
    #[error("an amount has at most 12 digits before the point")]
    TooLarge,
    /// More decimals than the currency has.
    #[error("{currency} has {exponent} decimal places, the amount has {given}")]
    TooPrecise {
        /// The currency of the amount.
        currency: Currency,
        /// Decimal places that the currency has.
        exponent: u32,
        /// Decimal places that were given.
        given: usize,
    },
    /// The amount is zero where it must not be.
    #[error("an amount must be above zero")]
    Zero,
}

/// Two currencies met in one sum, or a sum left the range of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SumError {
    /// The two sides are in different currencies.
    #[error("cannot add {0} and {1}")]
    Currencies(Currency, Currency),
    /// The result does not fit 64 bits of minor units.
    #[error("the sum is out of range")]
    Overflow,
}

impl Money {
    /// `minor` minor units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Reads an amount above zero in major units, such as `"12.50"`.
    pub fn parse_amount(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let money = Self::parse(text, currency)?;
        if money.minor == 0 {
            Err(AmountError::Zero)
        } else {
            Ok(money)
        }
    }

    /// Reads an amount of zero or more in major units: digits, and at most as many decimals as
    /// the currency's ISO 4217 exponent.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return Err(AmountError::Malformed),
            Some(parts) => parts,
            None => (text, ""),
        };
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return Err(AmountError::Malformed);
        }
        if whole.len() > WHOLE_DIGITS_MAX {
            return Err(AmountError::TooLarge);
        }
        let exponent = currency.exponent();
        let width = usize::try_from(exponent).map_err(|_| AmountError::Malformed)?;
        if fraction.len() > width {
            let given = fraction.len();
            return Err(AmountError::TooPrecise {
                currency,
                exponent,
                given,
            });
        }
        format!("{whole}{fraction:0<width$}")
            .parse()
            .map(|minor| Self { minor, currency })
            .map_err(|_| AmountError::TooLarge)
    }

    /// The count of minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// `self + other`, if both are of one currency.
    pub fn checked_add(self, other: Self) -> Result<Self, SumError> {
        self.same_currency(other)?;
        let minor = self
            .minor
            .checked_add(other.minor)
            .ok_or(SumError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// `self - other`, if both are of one currency; the result may be negative.
    pub fn checked_sub(self, other: Self) -> Result<Self, SumError> {
        self.same_currency(other)?;
        let minor = self
            .minor
            .checked_sub(other.minor)
            .ok_or(SumError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// `self` times a whole quantity.
    pub fn times(self, quantity: u32) -> Total {
        // 64 bits times 32 fit 128.
        let minor = i128::from(self.minor).saturating_mul(quantity.into());
        Total::new(minor, self.currency)
    }

    fn same_currency(self, other: Self) -> Result<(), SumError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(SumError::Currencies(self.currency, other.currency))
        }
    }
}

/// Major units with exactly the currency's decimals: `500` JPY, `12.50` EUR, `1.250` KWD.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Total::from(*self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn prints_each_currency_with_its_own_exponent() {
        for (text, code, minor) in [
            ("12.50", "EUR", 1250),
            ("500", "JPY", 500),
            ("1.250", "KWD", 1250),
        ] {
            let money = Money::parse_amount(text, currency(code)).unwrap();
            assert_eq!((money.minor(), money.to_string()), (minor, text.to_owned()));
        }
    }

    #[test]
    fn refuses_what_it_would_have_to_guess_or_round() {
        let eur = currency("EUR");
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e2", "1,000", " 1", "1 ", "٣", "0x1", "1.2.3", "NaN",
        ] {
            assert_eq!(
                Money::parse_amount(text, eur),
                Err(AmountError::Malformed),
                "{text:?}"
            );
        }
        assert!(matches!(
            Money::parse_amount("12.505", eur),
            Err(AmountError::TooPrecise { given: 3, .. })
        ));
        assert!(matches!(
            Money::parse_amount("1.0", currency("JPY")),
            Err(AmountError::TooPrecise { .. })
        ));
        assert_eq!(Money::parse_amount("0.00", eur), Err(AmountError::Zero));
        assert_eq!(
            Money::parse_amount(&"9".repeat(40), eur),
            Err(AmountError::TooLarge)
        );
        assert_eq!(
            Money::parse_amount("1000000000000", eur),
            Err(AmountError::TooLarge)
        );
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back_the_same(minor in 1_i64..1_000_000_000_000, code in prop::sample::select(vec!["EUR", "JPY", "KWD", "USD"])) {
            let money = Money::new(minor, currency(code));
            prop_assert_eq!(Money::parse_amount(&money.to_string(), currency(code)), Ok(money));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,50}") {
            let _ = Money::parse(&text, currency("EUR"));
        }
    }
}
