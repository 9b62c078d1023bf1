//! Currencies of ISO 4217 that have a minor unit.

mod table;

use std::{fmt, str::FromStr};
use table::TABLE;

/// A currency of ISO 4217 with a defined exponent. Precious metals, testing codes and the like,
/// for which the standard defines no minor unit, are not currencies here.
///
/// It parses from the code as it is stored, also one that is no longer taken: what was booked in
/// it stays readable. What callers write is read by [`Currency::accepted`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(&'static Entry);

/// A line of the table of currencies.
#[derive(PartialEq, Eq, Hash)]
struct Entry {
    code: &'static str,
    exponent: u8,
    standing: Standing,
}

/// Whether new amounts may be in a currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Standing {
    /// They may.
    Open,
    /// It counts funds or is a unit of account, and nobody can pay in it.
    Fund,
    /// Another currency has taken its place.
    Withdrawn,
}

/// The code is not that of a currency, or not of one that can be charged in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    /// There is no such currency.
    #[error("{0:?} is not an ISO 4217 currency code with a minor unit, such as \"EUR\"")]
    Unknown(String),
    /// It counts funds or is a unit of account.
    #[error("{0} is a fund code of ISO 4217 that nobody pays in; use a currency such as \"EUR\"")]
    Fund(&'static str),
    /// It is no longer money.
    #[error("{0} has been withdrawn from ISO 4217; use the currency that took its place")]
    Withdrawn(&'static str),
}

impl Currency {
    /// Reads the code of a currency that new amounts may be in, in capital or small letters.
    pub fn accepted(code: &str) -> Result<Self, CurrencyError> {
        let currency = Self::named(code)?;
        match currency.0.standing {
            Standing::Open => Ok(currency),
            Standing::Fund => Err(CurrencyError::Fund(currency.code())),
            Standing::Withdrawn => Err(CurrencyError::Withdrawn(currency.code())),
        }
    }

    /// Reads the code of a currency in which there may be amounts, in capital or small letters.
    pub fn named(code: &str) -> Result<Self, CurrencyError> {
        code.to_ascii_uppercase().parse()
    }

    /// The three capital letters, such as `EUR`.
    pub fn code(self) -> &'static str {
        self.0.code
    }

    /// How many decimals the currency has: 0 for JPY, 2 for EUR, 3 for KWD.
    pub fn exponent(self) -> u32 {
        u32::from(self.0.exponent)
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(code: &str) -> Result<Self, CurrencyError> {
        let place = TABLE.binary_search_by(|entry| entry.code.cmp(code));
        let entry = place.ok().and_then(|place| TABLE.get(place));
        entry
            .map(Self)
            .ok_or_else(|| CurrencyError::Unknown(code.chars().take(8).collect()))
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
        for (code, exponent) in [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("ANG", 2)] {
            assert_eq!(code.parse::<Currency>().unwrap().exponent(), exponent);
        }
        for code in ["", "eur", "EU", "EURO", "XXX", "XAU", "ABC", "€"] {
            assert!(code.parse::<Currency>().is_err(), "{code}");
        }
    }

    #[test]
    fn new_amounts_are_in_money_that_can_be_paid_with() {
        for (code, printed) in [
            ("EUR", "EUR"),
            ("eur", "EUR"),
            ("Jpy", "JPY"),
            ("xcg", "XCG"),
        ] {
            assert_eq!(Currency::accepted(code).unwrap().code(), printed);
        }
        let refused = [
            "BGN", "bgn", "ANG", "HRK", "CUC", "SLL", "ZWL", "BOV", "CHE", "CHW", "CLF", "COU",
            "MXV", "USN", "UYI", "UYW", "XUA", "XSU", "XAU", "XAG", "XDR", "XAD", "XTS", "XXX", "",
            "€", "euro", "ıls",
        ];
        for code in refused {
            assert!(Currency::accepted(code).is_err(), "{code}");
        }
    }

    /// Rows of any age are read by the table. A line may be added to both files, never removed.
    #[test]
    fn no_currency_vanishes_or_changes() {
        for line in include_str!("golden.txt").lines() {
            let (code, exponent) = line.split_once(' ').unwrap();
            let currency: Currency = code.parse().unwrap();
            assert_eq!(
                (currency.code(), currency.exponent().to_string().as_str()),
                (code, exponent)
            );
        }
        assert!(TABLE.is_sorted_by(|one, next| one.code < next.code));
        assert_eq!(TABLE.len(), include_str!("golden.txt").lines().count());
    }

    /// The crate is the judge of every code that there could be. It calls the bolívar of today
    /// superseded, by another name of the same money that ISO 4217 lists beside it.
    #[test]
    fn agrees_with_an_independent_list() {
        let letters = || b'A'..=b'Z';
        let codes =
            letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])));
        for code in codes {
            let code = str::from_utf8(&code).unwrap();
            let judged = iso_currency::Currency::from_code(code).filter(|c| c.exponent().is_some());
            let Some(judged) = judged else {
                assert!(
                    Currency::accepted(code).is_err(),
                    "{code} is nobody's money"
                );
                continue;
            };
            let currency: Currency = code.parse().unwrap();
            assert_eq!(
                Some(currency.exponent()),
                judged.exponent().map(u32::from),
                "{code}"
            );
            let open =
                !(judged.is_fund() || judged.is_special() || judged.is_superseded().is_some());
            assert_eq!(
                Currency::accepted(code).is_ok(),
                open || code == "VES",
                "{code}"
            );
        }
    }
}
