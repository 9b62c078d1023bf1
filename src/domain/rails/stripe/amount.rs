//! Amounts as Stripe counts them. (docs.stripe.com/currencies)
//!
//! Stripe counts in units of its own, which are not always those of ISO 4217: one that it knows
//! and we guessed would be wrong by a hundred. So only currencies that it lists are taken.

use crate::base::money::{Currency, Money};

/// Counted whole.
const WHOLE: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];
/// Counted in hundredths, of which there are only whole hundreds.
const WHOLE_IN_HUNDREDTHS: &[&str] = &["ISK", "UGX"];
/// Counted in thousandths, of which the last digit is 0.
const THOUSANDTHS: &[&str] = &["BHD", "JOD", "KWD", "OMR", "TND"];
/// Counted in hundredths. (HUF and TWD are whole in payouts alone.)
const HUNDREDTHS: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BMD",
    "BND", "BOB", "BRL", "BSD", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP", "CRC",
    "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GIP",
    "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "JMD", "KES", "KGS",
    "KHR", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MKD", "MMK", "MNT",
    "MOP", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD",
    "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR",
    "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SZL", "THB", "TJS", "TOP", "TRY", "TTD", "TWD",
    "TZS", "UAH", "USD", "UYU", "UZS", "WST", "XCD", "YER", "ZAR", "ZMW",
];

/// All currencies that it takes, by their codes.
pub fn currencies() -> Vec<&'static str> {
    let mut all = [WHOLE, WHOLE_IN_HUNDREDTHS, THOUSANDTHS, HUNDREDTHS].concat();
    all.sort_unstable();
    all
}

/// Why Stripe would refuse an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It takes no payments in the currency.
    #[error("Stripe takes no payments in {0}")]
    Currency(Currency),
    /// The amount has a fraction that the currency does not have there.
    #[error("Stripe takes amounts of {0} in steps of {1}")]
    Step(Currency, Money),
    /// Zero or less.
    #[error("Stripe takes only amounts above zero")]
    TooSmall,
    /// More than fits its digits.
    #[error("Stripe takes at most {0} {1} at once")]
    TooLarge(Money, Currency),
}

/// How a currency is counted there.
struct Unit {
    /// Stripe's units in one of ours.
    units: i64,
    /// Ours in one of Stripe's, where Stripe's is greater; one of both is 1.
    minor: i64,
    /// Stripe takes multiples of so many of its units.
    step: i64,
    /// The most that it takes, in its units. Cards may take more; pages that offer other methods,
    /// too, do not.
    most: i64,
}

impl Unit {
    fn of(currency: Currency) -> Option<Self> {
        let code = currency.code();
        let is_in = |list: &[&str]| list.contains(&code);
        let (exponent, step) = if is_in(WHOLE) {
            (0, 1)
        } else if is_in(WHOLE_IN_HUNDREDTHS) {
            (2, 100)
        } else if is_in(THOUSANDTHS) {
            (3, 10)
        } else if is_in(HUNDREDTHS) {
            (2, 1)
        } else {
            return None;
        };
        let most = match code {
            "IDR" => 999_999_999_999,
            "COP" => 9_999_999_999,
            "INR" => 999_999_999,
            _ => 99_999_999,
        };
        let power = |exponent: u32| 10_i64.checked_pow(exponent);
        Some(Self {
            units: power(u32::saturating_sub(exponent, currency.exponent()))?,
            minor: power(currency.exponent().saturating_sub(exponent))?,
            step,
            most,
        })
    }

    fn money(&self, smallest: i64, currency: Currency) -> Option<Money> {
        let minor = smallest.checked_mul(self.minor)?;
        let is_whole = minor.checked_rem(self.units) == Some(0);
        is_whole.then(|| Money::new(minor / self.units.max(1), currency))
    }
}

/// The amount of a payment in Stripe's units. The least that it takes depends on the currency that
/// it settles in, and is told only by its answer.
pub fn to_stripe(amount: Money) -> Result<i64, NotTaken> {
    let currency = amount.currency();
    let unit = Unit::of(currency).ok_or(NotTaken::Currency(currency))?;
    if amount.minor() <= 0 {
        return Err(NotTaken::TooSmall);
    }
    let most = unit.money(unit.most / unit.step * unit.step, currency);
    let most = most.ok_or(NotTaken::Currency(currency))?;
    if amount.minor() > most.minor() {
        return Err(NotTaken::TooLarge(most, currency));
    }
    // What is at most `most` fits.
    let units = amount.minor().saturating_mul(unit.units);
    let step = unit.step.saturating_mul(unit.minor);
    if units.checked_rem(step) == Some(0) {
        Ok(units / unit.minor.max(1))
    } else {
        let step = (step / unit.units.max(1)).max(1);
        Err(NotTaken::Step(currency, Money::new(step, currency)))
    }
}

/// An amount as Stripe tells it. It may be below zero, as what it takes off a balance is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// In Stripe's units of the currency.
    pub smallest: i64,
    /// The code in small letters, as it comes.
    pub currency: String,
}

impl Seen {
    /// The amount as we count; `None` if the currency is not one that Stripe lists, or if a part of
    /// a minor unit would be left.
    pub fn money(&self) -> Option<Money> {
        let currency = Currency::named(&self.currency).ok()?;
        Unit::of(currency)?.money(self.smallest, currency)
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
    fn each_currency_is_counted_as_stripe_counts_it() {
        for (text, smallest) in [
            ("12.50 EUR", 1250),
            ("0.01 EUR", 1),
            ("999999.99 USD", 99_999_999),
            ("500 JPY", 500),
            ("500 KRW", 500),
            ("500.00 MGA", 500),
            ("5 ISK", 500),
            ("5 UGX", 500),
            ("999999 ISK", 99_999_900),
            ("5.120 KWD", 5120),
            ("10.45 HUF", 1045),
            ("10.45 TWD", 1045),
            ("9999999999.99 IDR", 999_999_999_999),
            ("99999999.99 COP", 9_999_999_999),
            ("9999999.99 INR", 999_999_999),
        ] {
            let amount = money(text);
            assert_eq!(to_stripe(amount), Ok(smallest), "{text}");
            let currency = amount.currency().code().to_ascii_lowercase();
            let seen = Seen { smallest, currency };
            assert_eq!(seen.money(), Some(amount), "{text}");
        }
    }

    #[test]
    fn what_stripe_cannot_take_is_refused_with_a_reason() {
        for (text, why) in [
            ("0 EUR", "Stripe takes only amounts above zero"),
            ("1000000 EUR", "Stripe takes at most 999999.99 EUR at once"),
            ("100000000 JPY", "Stripe takes at most 99999999 JPY at once"),
            ("1000000 UGX", "Stripe takes at most 999999 UGX at once"),
            ("5.124 KWD", "Stripe takes amounts of KWD in steps of 0.010"),
            ("5.50 MGA", "Stripe takes amounts of MGA in steps of 1.00"),
            ("1 IQD", "Stripe takes no payments in IQD"),
            ("1 LYD", "Stripe takes no payments in LYD"),
            ("1 CLF", "Stripe takes no payments in CLF"),
        ] {
            assert_eq!(to_stripe(money(text)).unwrap_err().to_string(), why);
        }
    }

    #[test]
    fn what_is_told_is_read_exactly_or_not_at_all() {
        let seen = |smallest, currency: &str| {
            let currency = currency.to_owned();
            Seen { smallest, currency }.money()
        };
        assert_eq!(seen(-550, "eur").unwrap().to_string(), "-5.50");
        assert_eq!(seen(5124, "kwd").unwrap().to_string(), "5.124");
        for (smallest, currency) in [(550, "isk"), (1, "usdc"), (1, ""), (1, "iqd"), (1, "€")] {
            assert_eq!(seen(smallest, currency), None, "{smallest} {currency}");
        }
        assert_eq!(seen(i64::MAX, "mga"), None);
    }

    #[test]
    fn each_listed_currency_is_one_of_ours() {
        let lists = [WHOLE, WHOLE_IN_HUNDREDTHS, THOUSANDTHS, HUNDREDTHS];
        for code in lists.concat() {
            Currency::accepted(code).expect(code);
        }
    }

    proptest! {
        #[test]
        fn what_is_sent_reads_back_the_same(minor in 1_i64..1_000_000_000_000, code in prop::sample::select(vec!["EUR", "JPY", "KWD", "ISK", "MGA", "IDR"])) {
            let amount = Money::new(minor, code.parse().unwrap());
            if let Ok(smallest) = to_stripe(amount) {
                let seen = Seen { smallest, currency: code.to_ascii_lowercase() };
                prop_assert_eq!(seen.money(), Some(amount));
            }
        }

        #[test]
        fn no_number_makes_it_panic(minor: i64, code in "[A-Z]{3}") {
            if let Ok(currency) = code.parse() {
                let _ = to_stripe(Money::new(minor, currency));
                let _ = Seen { smallest: minor, currency: code }.money();
            }
        }
    }
}
