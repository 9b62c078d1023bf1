//! The key that a caller sends, and the fingerprint of the request it stands for.

use crate::base::crypto::hash::Hasher;
use std::{fmt, str::FromStr};

/// A caller's name for one effect: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// The text is not a usable key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an Idempotency-Key has 1 to 255 visible ASCII characters, such as a UUID")]
pub struct KeyError;

impl IdempotencyKey {
    /// The key as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let usable = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if usable {
            Ok(Self(text.to_owned()))
        } else {
            Err(KeyError)
        }
    }
}

/// A digest of method, path and body: two requests are the same if theirs are.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of a request. The order of a JSON object's members does not count:
    /// `serde_json` keeps them sorted.
    pub fn of(method: &str, path: &str, body: &serde_json::Value) -> Self {
        let mut hasher = Hasher::new();
        for part in [method, path] {
            hasher.update(part.as_bytes());
            hasher.update(&[0]);
        }
        hasher.update(body.to_string().as_bytes());
        Self(hasher.finish())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_members_does_not_count_but_everything_else_does() {
        let of = |method, path, body: &str| {
            Fingerprint::of(method, path, &serde_json::from_str(body).unwrap())
        };
        let first = of("POST", "/a", r#"{"x":1,"y":{"b":[1,2],"a":null}}"#);
        assert_eq!(
            first,
            of("POST", "/a", r#"{ "y": {"a":null,"b":[1,2]}, "x": 1 }"#)
        );
        for (method, path, body) in [
            ("PUT", "/a", r#"{"x":1,"y":{"b":[1,2],"a":null}}"#),
            ("POST", "/b", r#"{"x":1,"y":{"b":[1,2],"a":null}}"#),
            ("POST", "/a", r#"{"x":"1","y":{"b":[1,2],"a":null}}"#),
            ("POST", "/a", r#"{"x":1,"y":{"b":[2,1],"a":null}}"#),
        ] {
            assert_ne!(first, of(method, path, body), "{method} {path} {body}");
        }
    }

    #[test]
    fn keys_are_visible_ascii() {
        assert!("a".repeat(255).parse::<IdempotencyKey>().is_ok());
        for text in [
            String::new(),
            "a".repeat(256),
            "a b".into(),
            "a\n".into(),
            "ü".into(),
        ] {
            assert!(text.parse::<IdempotencyKey>().is_err(), "{text:?}");
        }
    }
}
