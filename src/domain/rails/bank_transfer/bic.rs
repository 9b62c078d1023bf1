//! Business identifier codes of banks (ISO 9362).

use super::countries;
use std::fmt;

/// The code of a bank: eight characters, or eleven with a branch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bic(String);

/// The text is no BIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a BIC: four letters or digits, the two letters of a country, two letters or digits, and three more for a branch if there is one"
)]
pub struct BicError;

impl Bic {
    /// Reads a BIC; blanks around it and the case of letters do not count.
    pub fn parse(text: &str) -> Result<Self, BicError> {
        let text = text.trim().to_ascii_uppercase();
        let is_plain = text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        // Kosovo has no code in ISO 3166, and banks.
        let is_country = |code: &str| countries::is_country(code) || code == "XK";
        if is_plain && matches!(text.len(), 8 | 11) && text.get(4..6).is_some_and(is_country) {
            Ok(Self(text))
        } else {
            Err(BicError)
        }
    }

    /// The code in capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Bic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bic_has_eight_or_eleven_characters_and_a_country() {
        for (text, right) in [
            ("COBADEFF", true),
            ("cobadeffxxx", true),
            ("E097AEXX", true),
            ("COBADEF", false),
            ("COBADEFFX", false),
            ("COBAZZFF", false),
            ("COBA1EFF", false),
            ("COB ADEFF", false),
            ("ÉBADEFF", false),
            ("", false),
        ] {
            assert_eq!(Bic::parse(text).is_ok(), right, "{text}");
        }
    }
}
