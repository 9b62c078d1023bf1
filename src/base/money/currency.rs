//! Currencies of ISO 4217 that have a minor unit.

use std::{fmt, str::FromStr};

/// A currency of ISO 4217 with a defined exponent. Precious metals, testing codes and the like,
/// for which the standard defines no minor unit, are not currencies here.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    iso: iso_currency::Currency,
    exponent: u8,
}

/// The code is not a currency that can be charged in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an ISO 4217 currency code with a minor unit, such as \"EUR\"")]
pub struct CurrencyError(String);

impl Currency {
    /// The three capital letters, such as `EUR`.
    pub fn code(self) -> &'static str {
        self.iso.code()
    }

    /// How many decimals the currency has: 0 for JPY, 2 for EUR, 3 for KWD.
    pub fn exponent(self) -> u32 {
        u32::from(self.exponent)
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(code: &str) -> Result<Self, CurrencyError> {
        let unknown = || CurrencyError(code.chars().take(8).collect());
        let iso = iso_currency::Currency::from_code(code).ok_or_else(unknown)?;
        let exponent = iso
            .exponent()
            .and_then(|e| u8::try_from(e).ok())
            .ok_or_else(unknown)?;
        Ok(Self { iso, exponent })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_exponents_and_refuses_the_rest() {
        for (code, exponent) in [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)] {
            assert_eq!(code.parse::<Currency>().unwrap().exponent(), exponent);
        }
        for code in ["", "eur", "EU", "EURO", "XXX", "XAU", "ABC", "€"] {
            assert!(code.parse::<Currency>().is_err(), "{code}");
        }
    }
}
