//! Addresses of accounts and contracts, with the checksum of EIP-55.

use super::hex;
use serde::{Serialize, Serializer};
use sha3::{Digest, Keccak256};
use std::{fmt, str::FromStr};

/// Twenty bytes that name an account or a contract. It prints with its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address([u8; 20]);

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Another form.
    #[error("must be an address: 0x and 40 hexadecimal digits")]
    Form,
    /// Capital and small letters that are not those of its checksum.
    #[error("has a wrong checksum (EIP-55): copy the address again, or write it in small letters")]
    Checksum,
    /// The address of nobody.
    #[error("must not be the zero address: what is sent there is lost")]
    Zero,
}

impl FromStr for Address {
    type Err = AddressError;

    /// Reads an address. Where capital and small letters are mixed they are its checksum, and must
    /// be right.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let address = hex::read(text).map(Self).ok_or(AddressError::Form)?;
        if address.0 == [0; 20] {
            return Err(AddressError::Zero);
        }
        let is_mixed = text.contains(|c: char| c.is_ascii_uppercase())
            && text.chars().skip(2).any(|c| c.is_ascii_lowercase());
        if is_mixed && address.to_string() != text {
            return Err(AddressError::Checksum);
        }
        Ok(address)
    }
}

impl Address {
    /// In small letters, so that the same address is always the same text.
    pub fn lower(&self) -> String {
        hex::write(&self.0)
    }

    /// As the low bytes of a word of 32, as contracts are called and log it.
    pub(super) fn word(&self) -> String {
        let word = std::iter::repeat_n(0, 12).chain(self.0);
        hex::write(&word.collect::<Vec<u8>>())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lower = self.lower();
        let digits = lower.trim_start_matches("0x");
        let hash = Keccak256::digest(digits.as_bytes());
        // A digit of the hash for each of the address; from 8 on, a letter is a capital.
        let halves = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        f.write_str("0x")?;
        for (letter, half) in digits.chars().zip(halves) {
            let letter = if half < 8 {
                letter
            } else {
                letter.to_ascii_uppercase()
            };
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The examples of EIP-55.
    const KNOWN: [&str; 6] = [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn prints_the_checksum_and_demands_it() {
        for known in KNOWN {
            let address: Address = known.parse().unwrap();
            assert_eq!(address.to_string(), known);
            assert_eq!(address.lower().parse(), Ok(address));
            assert_eq!(
                format!("0x{}", known[2..].to_uppercase()).parse(),
                Ok(address)
            );
        }
        let slip = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed";
        assert_eq!(slip.parse::<Address>(), Err(AddressError::Checksum));
        let zero = format!("0x{}", "0".repeat(40));
        assert_eq!(zero.parse::<Address>(), Err(AddressError::Zero));
    }

    proptest! {
        #[test]
        fn every_address_reads_back(bytes: [u8; 20], any in "\\PC{0,44}") {
            prop_assume!(bytes != [0; 20]);
            let address = Address(bytes);
            prop_assert_eq!(address.to_string().parse(), Ok(address));
            prop_assert_eq!(address.word().len(), 66);
            prop_assert!(any.parse::<Address>().is_err() || any.len() == 42);
        }
    }
}
