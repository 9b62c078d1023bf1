//! What nodes answer. No bytes make it panic, and what is no answer never means no.

use super::super::{Bytes32, Doubt, doubt::told, hex};
use serde_json::Value;

/// What an answer of a node can be read as.
pub trait Answer: Sized {
    /// Reads the result; none if it is something else.
    fn of(result: &Value) -> Option<Self>;
}

/// Reads what a node answered with `status`; `body` is none if it did not come whole.
pub fn read<T: Answer>((status, body): (u16, Option<&[u8]>)) -> Result<T, Doubt> {
    if status != 200 {
        return Err(Doubt::Status(status));
    }
    let envelope = body.and_then(|body| serde_json::from_slice::<Value>(body).ok());
    let envelope = envelope.ok_or(Doubt::Unreadable)?;
    if let Some(error) = envelope.get("error").filter(|error| !error.is_null()) {
        let message = error.get("message").and_then(Value::as_str);
        return Err(Doubt::Said(told(message.unwrap_or_default())));
    }
    let is_ours = envelope.get("id").and_then(Value::as_u64) == Some(1);
    let result = envelope.get("result").filter(|_| is_ours);
    result.and_then(T::of).ok_or(Doubt::Unreadable)
}

/// A block, as far as we look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// What it is known by.
    pub hash: Bytes32,
    /// Its time, in seconds since 1970.
    pub time: u64,
}

impl Answer for Block {
    fn of(result: &Value) -> Option<Self> {
        Some(Self {
            number: quantity(result, "number")?,
            hash: parsed(result, "hash")?,
            time: quantity(result, "timestamp")?,
        })
    }
}

/// A number.
impl Answer for u64 {
    fn of(result: &Value) -> Option<Self> {
        hex::quantity(result.as_str()?)
    }
}

/// What a contract returns: one word. (A call of what is no contract returns nothing.)
impl Answer for [u8; 32] {
    fn of(result: &Value) -> Option<Self> {
        hex::read(result.as_str()?)
    }
}

/// Yes or no, as a word.
impl Answer for bool {
    fn of(result: &Value) -> Option<Self> {
        let word = <[u8; 32]>::of(result)?;
        let [zeros @ .., last] = word;
        match last {
            _ if zeros != [0; 31] => None,
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<T: Answer> Answer for Option<T> {
    fn of(result: &Value) -> Option<Self> {
        if result.is_null() {
            Some(None)
        } else {
            T::of(result).map(Some)
        }
    }
}

impl<T: Answer> Answer for Vec<T> {
    fn of(result: &Value) -> Option<Self> {
        result.as_array()?.iter().map(T::of).collect()
    }
}

pub(super) fn quantity(of: &Value, name: &str) -> Option<u64> {
    hex::quantity(of.get(name)?.as_str()?)
}

pub(super) fn parsed<T: std::str::FromStr>(of: &Value, name: &str) -> Option<T> {
    of.get(name)?.as_str()?.parse().ok()
}
