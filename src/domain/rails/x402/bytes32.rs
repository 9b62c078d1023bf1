//! What is named by 32 bytes: a transaction, a block, the nonce of an authorization.

use super::hex;
use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Thirty-two bytes. They print as `0x` and 64 small hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bytes32([u8; 32]);

/// The text is not 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 32 bytes: 0x and 64 hexadecimal digits")]
pub struct Bytes32Error;

impl FromStr for Bytes32 {
    type Err = Bytes32Error;

    fn from_str(text: &str) -> Result<Self, Bytes32Error> {
        hex::read(text).map(Self).ok_or(Bytes32Error)
    }
}

impl fmt::Display for Bytes32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::write(&self.0))
    }
}

impl Serialize for Bytes32 {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
