//! Chains, named as CAIP-2 does. Only those of the EVM have the authorizations that we take.

use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr};

/// A chain of the EVM, such as `eip155:8453`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(u64);

/// The text names no chain of the EVM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a chain of the EVM by its CAIP-2 name, such as eip155:8453")]
pub struct NetworkError;

impl Network {
    /// Its number (EIP-155).
    pub fn chain_id(self) -> u64 {
        self.0
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let number = text.strip_prefix("eip155:").ok_or(NetworkError)?;
        let id = number.parse().map_err(|_| NetworkError)?;
        // One chain has one name: no zeros or signs before it.
        if id == 0 || Self(id).to_string() != text {
            return Err(NetworkError);
        }
        Ok(Self(id))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "eip155:{}", self.0)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_chain_has_one_name() {
        for name in ["eip155:1", "eip155:8453", "eip155:18446744073709551615"] {
            assert_eq!(name.parse::<Network>().unwrap().to_string(), name);
        }
        for name in [
            "",
            "eip155:",
            "eip155:0",
            "eip155:01",
            "eip155:+1",
            "eip155:-1",
            "EIP155:1",
            "8453",
            "base",
            "solana:mainnet",
            "eip155:*",
            "eip155:18446744073709551616",
            "eip155:1 ",
        ] {
            assert_eq!(name.parse::<Network>(), Err(NetworkError), "{name}");
        }
    }
}
