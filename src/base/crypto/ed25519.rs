//! Ed25519 signatures (RFC 8032): what anyone can check with a public key.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// The seed does not make a key pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an Ed25519 seed has 32 bytes")]
pub struct SeedError;

/// A private key. Prints nothing; its seed is wiped when dropped. What is derived from the seed
/// is kept ready beside it: deriving it anew would double the cost of a signature.
#[derive(Clone)]
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    pair: Arc<Ed25519KeyPair>,
    public: [u8; 32],
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

impl SigningKey {
    /// The key pair of a seed of 32 bytes.
    pub fn from_seed(seed: &[u8]) -> Result<Self, SeedError> {
        let seed = <[u8; 32]>::try_from(seed)
            .map(Zeroizing::new)
            .map_err(|_| SeedError)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| SeedError)?;
        let public = <[u8; 32]>::try_from(pair.public_key().as_ref()).map_err(|_| SeedError)?;
        Ok(Self {
            seed,
            pair: Arc::new(pair),
            public,
        })
    }

    /// The seed.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The public key.
    pub fn public_key(&self) -> &[u8; 32] {
        &self.public
    }

    /// The signature of `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(message).as_ref());
        signature
    }
}

/// Whether `signature` is that of `message` by the holder of `public_key`.
pub fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = UnparsedPublicKey::new(&ED25519, public_key);
    key.verify(message, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        digits
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn agrees_with_rfc_8032_test_2() {
        let seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let public = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let signature = bytes(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        let key = SigningKey::from_seed(&seed).unwrap();
        assert_eq!(key.public_key().as_slice(), public);
        assert_eq!(key.sign(&[0x72]).as_slice(), signature);
        assert!(verify(&public, &[0x72], &signature));
        assert!(!verify(&public, &[0x73], &signature));
    }

    #[test]
    fn a_seed_has_32_bytes() {
        assert_eq!(SigningKey::from_seed(&[1; 31]).unwrap_err(), SeedError);
    }
}
