//! A merchant, as the operator's commands make it.

use crate::base::{ids::MerchantId, mode::Mode};
use time::{Duration, OffsetDateTime};

/// A merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// Its id.
    pub id: MerchantId,
    /// The name that payers read.
    pub name: String,
    /// Whether its money is real.
    pub mode: Mode,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// How far its clock is ahead of everybody's time.
    pub ahead: Duration,
}

/// The text is no name of a merchant or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 200 characters and no control characters")]
pub struct NameError;

/// Reads a name that people give, of a merchant or of a key. Payers see the one, terminals both.
pub fn parse_name(text: &str) -> Result<String, NameError> {
    let name = text.trim();
    let readable = !name.chars().any(char::is_control);
    let fits = (1..=200).contains(&name.chars().count());
    (readable && fits).then(|| name.to_owned()).ok_or(NameError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_shown_on_a_terminal() {
        assert_eq!(parse_name(" Café Zeit ").unwrap(), "Café Zeit");
        for text in ["", "  ", "\u{1b}[31mred", "two\nlines", &"x".repeat(201)] {
            assert_eq!(parse_name(text), Err(NameError), "{text:?}");
        }
    }
}
