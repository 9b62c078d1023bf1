//! Sums of amounts. An amount is 64 bits of minor units; a sum has 128, so that no number of
//! amounts that a ledger can count (64 bits of them) ever fills it.

use super::{Currency, Money, SumError};
use std::{
    fmt,
    ops::{Add, AddAssign},
};

/// A sum of amounts of one currency, in minor units; it may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Total {
    minor: i128,
    currency: Currency,
}

impl Total {
    /// `minor` minor units of `currency`.
    pub const fn new(minor: i128, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The count of minor units.
    pub const fn minor(self) -> i128 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }
}

impl From<Money> for Total {
    fn from(amount: Money) -> Self {
        Self::new(amount.minor().into(), amount.currency())
    }
}

/// The sum as an amount, if it is in the range of one.
impl TryFrom<Total> for Money {
    type Error = SumError;

    fn try_from(total: Total) -> Result<Self, SumError> {
        let minor = i64::try_from(total.minor).map_err(|_| SumError::Overflow)?;
        Ok(Self::new(minor, total.currency))
    }
}

/// Adds what is of the same currency.
impl<T: Into<Self>> Add<T> for Total {
    type Output = Self;

    fn add(self, more: T) -> Self {
        let more = more.into();
        debug_assert_eq!(self.currency, more.currency, "one sum, one currency");
        let minor = self.minor.saturating_add(more.minor);
        Self { minor, ..self }
    }
}

impl<T: Into<Self>> AddAssign<T> for Total {
    fn add_assign(&mut self, more: T) {
        *self = *self + more;
    }
}

/// Major units with exactly the currency's decimals, as an amount prints.
impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u128.pow(self.currency.exponent());
        let sign = if self.minor < 0 { "-" } else { "" };
        let size = self.minor.unsigned_abs();
        let whole = size / unit;
        if unit == 1 {
            return write!(f, "{sign}{whole}");
        }
        let width = usize::try_from(self.currency.exponent()).unwrap_or_default();
        write!(f, "{sign}{whole}.{:0width$}", size % unit)
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
    fn prints_sums_beyond_64_bits() {
        let most = Money::new(i64::MAX, currency("EUR"));
        let sum = Total::from(most) + most;
        assert_eq!(sum.to_string(), "184467440737095516.14");
        let none = Total::new(-5, currency("KWD"));
        assert_eq!(none.to_string(), "-0.005");
        let yen = Total::new(i128::MIN, currency("JPY"));
        assert_eq!(yen.to_string(), i128::MIN.to_string());
    }

    proptest! {
        #[test]
        fn a_sum_of_one_prints_as_its_amount(minor in any::<i64>(), code in prop::sample::select(vec!["EUR", "JPY", "KWD"])) {
            let amount = Money::new(minor, currency(code));
            prop_assert_eq!(Total::from(amount).to_string(), amount.to_string());
        }
    }
}
