//! Ids of Stripe's objects, such as `cs_test_a1b2`.

use serde::{Deserialize, Deserializer, de::Error};
use std::fmt;

/// Stripe's ids have at most this many characters.
const LONGEST: usize = 255;

/// The id of an object at Stripe. It holds letters, digits, underscores and hyphens alone, so that it
/// can stand in a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId(String);

impl ObjectId {
    /// Reads an id; `None` if no object of Stripe's has such a one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
        let is_id = (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_plain);
        is_id.then(|| Self(text.to_owned()))
    }

    /// As it is stored and sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not an id of Stripe's"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_can_stand_in_a_path() {
        for text in ["cs_test_a1B2", "pi_3", "evt_0-0"] {
            assert_eq!(ObjectId::parse(text).unwrap().as_str(), text);
        }
        let long = "a".repeat(256);
        for text in ["", "a/b", "..", "pi_1?x", "pi 1", "pi_é", "pi_1\n", &long] {
            assert_eq!(ObjectId::parse(text), None, "{text:?}");
        }
    }
}
