//! The schemes by which a payer is told how to pay, and what each of them takes.

use crate::base::money::{Currency, Money};

crate::names! {
    /// A scheme of bank transfers: whose rules the account, the reference and the QR code follow.
    pub enum Scheme {
        /// The SEPA credit transfer, in euros, with the QR code of EPC069-12.
        Epc = "epc",
        /// The Swiss QR-bill, in Swiss francs or euros.
        Swiss = "swiss",
        /// Pix, in Brazilian reais, with a static BR Code.
        Pix = "pix",
    }
}

/// Nine digits before the point and two after it, in minor units: the most that EPC069-12 (AT-04)
/// and the QR-bill (element Amt) take.
const NINE_DIGITS: i64 = 99_999_999_999;
/// Thirteen characters, the point among them, in minor units: the most that a BR Code takes
/// (EMV QRCPS, data object 54).
const THIRTEEN_CHARACTERS: i64 = 999_999_999_999;

impl Scheme {
    /// The ISO 4217 codes of the currencies in which it moves money.
    pub const fn currencies(self) -> &'static [&'static str] {
        match self {
            Self::Epc => &["EUR"],
            Self::Swiss => &["CHF", "EUR"],
            Self::Pix => &["BRL"],
        }
    }

    /// Whether it moves money of this currency.
    pub fn takes(self, currency: Currency) -> bool {
        self.currencies().contains(&currency.code())
    }

    /// The least and the most that one payment may be, in major units of any of its currencies,
    /// all of which have two decimals.
    pub fn bounds(self) -> (String, String) {
        let written = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
        (written(1), written(self.most()))
    }

    const fn most(self) -> i64 {
        match self {
            Self::Epc | Self::Swiss => NINE_DIGITS,
            Self::Pix => THIRTEEN_CHARACTERS,
        }
    }

    /// The least and the most that one payment may be, in a currency that the scheme takes: from
    /// one minor unit to what its QR code has room for.
    pub const fn limits(self, currency: Currency) -> (Money, Money) {
        (Money::new(1, currency), Money::new(self.most(), currency))
    }
}
