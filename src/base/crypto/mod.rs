//! Cryptography: hashes, signatures, sealed secrets, link tokens and access tokens.
//!
//! One library does all of it (`ring`), and this is the only place that names it, apart from the
//! random numbers of [`crate::base::ambient`]. Keys print nothing, and their bytes are wiped when they are
//! dropped.

pub mod ed25519;
pub mod hash;
pub mod jwt;
mod keyring;
pub mod mac;
mod provider;
mod seal;
mod token;
#[cfg(test)]
mod vectors;

pub use keyring::{Keyring, KeyringError, KeyringRow, Purpose};
pub use seal::{MasterKey, MasterKeyError, SealError, SealingKey, SealingKeys};
pub use token::{TokenKey, TokenKeys, random_base62};
