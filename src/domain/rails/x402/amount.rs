//! Amounts in the smallest units of a token, exactly or not at all.

use crate::base::money::{Currency, Money};
use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Most decimals of a token that we count. With them, whatever [`Money`] holds fits 128 bits:
/// 2^63 * 10^18 is below 2^123.
pub const MOST_DECIMALS: u8 = 18;

/// An amount in the smallest units of a token: above zero, at most 128 bits. (Chains count in 256,
/// but no payment of ours comes near.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetAmount(u128);

/// Why an amount cannot be paid in a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPayable {
    /// Zero or less.
    #[error("only amounts above zero can be paid")]
    TooSmall,
    /// The token has fewer decimals than the amount.
    #[error("the token has {0} decimals, too few for this amount")]
    Step(u8),
    /// More than 128 bits.
    #[error("the amount is too large in a token of {0} decimals")]
    TooLarge(u8),
}

/// The text is not an amount of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number above zero of at most 128 bits, without zeros before it")]
pub struct AssetAmountError;

/// An amount in the smallest units of a token that has so many decimals and stands for the
/// amount's currency. It is never rounded.
pub fn asset_amount(amount: Money, decimals: u8) -> Result<AssetAmount, NotPayable> {
    let minor = u128::try_from(amount.minor()).unwrap_or_default();
    if minor == 0 {
        return Err(NotPayable::TooSmall);
    }
    let scale = Scale::of(amount.currency(), decimals).ok_or(NotPayable::TooLarge(decimals))?;
    let units = minor.checked_mul(scale.units);
    let units = units.ok_or(NotPayable::TooLarge(decimals))?;
    let whole = exactly(units, scale.minor).ok_or(NotPayable::Step(decimals))?;
    Ok(AssetAmount(whole))
}

impl AssetAmount {
    /// The same in a currency, if it is a whole number of minor units that [`Money`] can hold.
    pub fn money(self, currency: Currency, decimals: u8) -> Option<Money> {
        let scale = Scale::of(currency, decimals)?;
        let minor = exactly(self.0.checked_mul(scale.minor)?, scale.units)?;
        Some(Money::new(i64::try_from(minor).ok()?, currency))
    }

    /// The word of 32 bytes in which a token logs it.
    pub(super) fn word(self) -> String {
        format!("0x{:064x}", self.0)
    }
}

/// How a token's units and a currency's are to each other; one of both is 1.
struct Scale {
    /// The token's in one of the currency's.
    units: u128,
    /// The currency's in one of the token's.
    minor: u128,
}

impl Scale {
    fn of(currency: Currency, decimals: u8) -> Option<Self> {
        let (decimals, exponent) = (u32::from(decimals), currency.exponent());
        let power = |exponent: u32| 10_u128.checked_pow(exponent);
        Some(Self {
            units: power(decimals.saturating_sub(exponent))?,
            minor: power(exponent.saturating_sub(decimals))?,
        })
    }
}

fn exactly(number: u128, by: u128) -> Option<u128> {
    number.is_multiple_of(by).then(|| number.checked_div(by))?
}

impl FromStr for AssetAmount {
    type Err = AssetAmountError;

    fn from_str(text: &str) -> Result<Self, AssetAmountError> {
        let number: u128 = text.parse().map_err(|_| AssetAmountError)?;
        // One amount has one text: no zeros or signs before it.
        if number == 0 || number.to_string() != text {
            return Err(AssetAmountError);
        }
        Ok(Self(number))
    }
}

impl fmt::Display for AssetAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for AssetAmount {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(text: &str) -> Money {
        let (amount, code) = text.split_once(' ').unwrap();
        Money::parse(amount, code.parse().unwrap()).unwrap()
    }

    #[test]
    fn amounts_are_exact_or_refused() {
        for (text, decimals, units) in [
            ("12.50 USD", 6, "12500000"),
            ("0.01 EUR", 6, "10000"),
            ("0.01 EUR", 2, "1"),
            ("500 JPY", 0, "500"),
            ("500 JPY", 18, "500000000000000000000"),
            ("5.120 KWD", 6, "5120000"),
            ("5.120 KWD", 2, "512"),
            ("12.00 EUR", 0, "12"),
            ("999999999999.99 EUR", 18, "999999999999990000000000000000"),
        ] {
            let amount = asset_amount(money(text), decimals).unwrap();
            assert_eq!(amount.to_string(), units, "{text}");
            assert_eq!(units.parse(), Ok(amount));
            assert_eq!(
                amount.money(money(text).currency(), decimals),
                Some(money(text))
            );
        }
        for (text, decimals, why) in [
            ("0 EUR", 6, NotPayable::TooSmall),
            ("5.124 KWD", 2, NotPayable::Step(2)),
            ("12.50 EUR", 0, NotPayable::Step(0)),
            ("12.50 EUR", 38, NotPayable::TooLarge(38)),
            ("12.50 EUR", 255, NotPayable::TooLarge(255)),
        ] {
            assert_eq!(asset_amount(money(text), decimals), Err(why), "{text}");
        }
        let below = Money::new(-1, "EUR".parse().unwrap());
        assert_eq!(asset_amount(below, 6), Err(NotPayable::TooSmall));
    }

    #[test]
    fn what_is_no_whole_minor_unit_is_no_money() {
        let eur = "EUR".parse().unwrap();
        for (units, decimals, minor) in [
            ("12500000", 6, Some(1250)),
            ("12500001", 6, None),
            ("9999", 6, None),
            ("7", 0, Some(700)),
            ("340282366920938463463374607431768211455", 18, None),
            ("340282366920938463463374607431768211455", 0, None),
        ] {
            let amount: AssetAmount = units.parse().unwrap();
            assert_eq!(
                amount.money(eur, decimals).map(Money::minor),
                minor,
                "{units}"
            );
        }
        for odd in ["", "0", "01", "+1", "-1", "1.0", " 1", "0x1", "1e6", "٣"] {
            assert_eq!(odd.parse::<AssetAmount>(), Err(AssetAmountError), "{odd}");
        }
        let past = "340282366920938463463374607431768211456";
        assert_eq!(past.parse::<AssetAmount>(), Err(AssetAmountError));
    }

    proptest! {
        #[test]
        fn every_amount_of_money_comes_back(minor in 1..i64::MAX, decimals in 0..=MOST_DECIMALS) {
            for code in ["JPY", "EUR", "KWD", "CLF"] {
                let amount = Money::new(minor, code.parse().unwrap());
                match asset_amount(amount, decimals) {
                    Ok(units) => {
                        prop_assert_eq!(units.money(amount.currency(), decimals), Some(amount));
                        let word = u128::from_str_radix(&units.word()[2..], 16).unwrap();
                        prop_assert_eq!(word.to_string(), units.to_string());
                    }
                    Err(why) => {
                        prop_assert_eq!(why, NotPayable::Step(decimals));
                        prop_assert!(u32::from(decimals) < amount.currency().exponent());
                    }
                }
            }
        }
    }
}
