//! International bank account numbers (ISO 13616), and what the number says of the account.

use super::countries;
use iban::{IbanLike, ParseBaseIbanError, ParseIbanError};
use std::fmt;

/// The institutions (IID, positions 5 to 9) of Swiss and Liechtenstein accounts for QR references.
const QR_INSTITUTIONS: std::ops::RangeInclusive<u32> = 30_000..=31_999;

/// The number of a bank account: its structure is that of its country, and its check digits are
/// right (ISO 7064, modulus 97-10).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Iban(iban::Iban);

/// Why a text is no IBAN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IbanError {
    /// It is not two letters, two digits and up to 30 letters or digits.
    #[error("is not an IBAN: two letters, two digits, then letters and digits")]
    Form,
    /// The check digits do not fit.
    #[error("is not an IBAN: its check digits are wrong, so a character was mistyped or left out")]
    CheckDigits,
    /// It has not the length or the structure of its country.
    #[error("is not an IBAN of its country: it has another length, or letters where digits belong")]
    Structure,
    /// No country of this code has IBANs.
    #[error("is not an IBAN: no country with IBANs has its first two letters")]
    Country,
}

impl Iban {
    /// Reads an IBAN in print or electronic form: blanks and the case of letters do not count.
    pub fn parse(text: &str) -> Result<Self, IbanError> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let text = text.to_ascii_uppercase();
        // 99 passes the sum wherever 02 does, and only 02 to 98 are ever given out (ISO 7064).
        if text.get(2..4) == Some("99") {
            return Err(IbanError::CheckDigits);
        }
        let wrong = |error| match error {
            ParseIbanError::InvalidBaseIban { source } => match source {
                ParseBaseIbanError::InvalidFormat => IbanError::Form,
                ParseBaseIbanError::InvalidChecksum => IbanError::CheckDigits,
            },
            ParseIbanError::InvalidBban(_) => IbanError::Structure,
            ParseIbanError::UnknownCountry(_) => IbanError::Country,
        };
        text.parse().map(Self).map_err(wrong)
    }

    /// The electronic form, without blanks.
    pub fn as_str(&self) -> &str {
        self.0.electronic_str()
    }

    /// The country whose banks gave it out (ISO 3166-1 alpha-2).
    pub fn country(&self) -> &str {
        self.0.country_code()
    }

    /// The form on paper: groups of four.
    pub fn printed(&self) -> String {
        let characters = self.as_str().chars().enumerate();
        characters.fold(String::new(), |mut printed, (at, c)| {
            if at > 0 && at % 4 == 0 {
                printed.push(' ');
            }
            printed.push(c);
            printed
        })
    }

    /// Whether it is of Switzerland or Liechtenstein.
    pub fn is_swiss(&self) -> bool {
        matches!(self.country(), "CH" | "LI")
    }

    /// Whether it is a QR-IBAN, which takes payments with a QR reference and no others.
    pub fn is_qr(&self) -> bool {
        let institution = self.0.bank_identifier().and_then(|id| id.parse().ok());
        self.is_swiss() && institution.is_some_and(|id| QR_INSTITUTIONS.contains(&id))
    }

    /// Whether a SEPA credit transfer reaches it.
    pub fn is_in_sepa(&self) -> bool {
        countries::is_in_sepa(self.country())
    }

    /// Whether its bank is in the European Economic Area, where a BIC is never needed beside it.
    pub fn is_in_eea(&self) -> bool {
        countries::is_in_eea(self.country())
    }
}

/// The electronic form.
impl fmt::Display for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The electronic form.
impl fmt::Debug for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_printed_and_what_is_sent() {
        for text in [
            "DE89370400440532013000",
            "de89 3704 0044 0532 0130 00",
            " DE89\u{a0}37040044053201 3000\n",
        ] {
            let read = Iban::parse(text).unwrap();
            assert_eq!(read.to_string(), "DE89370400440532013000");
            assert!(read.is_in_eea() && read.is_in_sepa() && !read.is_swiss());
        }
    }

    #[test]
    fn tells_what_is_wrong() {
        for (text, error) in [
            ("", IbanError::Form),
            ("DE", IbanError::Form),
            ("DE89-3704", IbanError::Form),
            ("É", IbanError::Form),
            ("DE89370400440532013001", IbanError::CheckDigits),
            ("DE98370400440532013000", IbanError::CheckDigits),
            ("DE8937040044053201300", IbanError::CheckDigits),
            // Its sum is right, as 02 would be.
            ("GB99BARC20040192000023", IbanError::CheckDigits),
            // Right sums: a letter in a German one, one that is short, one of no country.
            ("DE6337040044053201300X", IbanError::Structure),
            ("DE863704004405320130", IbanError::Structure),
            ("ZZ193704004405320130", IbanError::Country),
        ] {
            assert_eq!(Iban::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn tells_a_qr_iban_by_its_institution() {
        for (text, is_qr) in [
            ("CH4431999123000889012", true),
            ("CH9300762011623852957", false),
            ("LI21088100002324013AA", false),
            ("DE89370400440532013000", false),
        ] {
            assert_eq!(
                Iban::parse(text).map(|iban| iban.is_qr()),
                Ok(is_qr),
                "{text}"
            );
        }
    }
}
