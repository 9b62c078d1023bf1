//! Secrets at rest: AES-256-GCM under a key that the database never sees.

use crate::ambient::Ambient;
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// The first byte of every sealed secret, so that another cipher can follow one day.
const VERSION: u8 = 1;

/// A sealed secret does not open: another key, another context, or bytes that were changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed secret does not open: it was sealed with another key or has been changed")]
pub struct SealError;

/// A key that seals secrets. Prints nothing; wiped when dropped.
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey")
    }
}

impl SealingKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    fn cipher(&self) -> Result<LessSafeKey, SealError> {
        // The cipher is set up for each use, so that the key stands in memory only where it is
        // wiped; secrets are opened seldom enough.
        let key = UnboundKey::new(&AES_256_GCM, self.0.as_slice()).map_err(|_| SealError)?;
        Ok(LessSafeKey::new(key))
    }

    /// Seals `plaintext`, bound to `aad`: who opens it must name the same. The result is a version
    /// byte, a random nonce of 12 bytes, the ciphertext and its tag of 16 bytes.
    pub fn seal(
        &self,
        aad: &[u8],
        plaintext: &[u8],
        ambient: &Ambient,
    ) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_LEN] = ambient.bytes();
        let mut body = plaintext.to_vec();
        let sealed = self.cipher()?.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut body,
        );
        if sealed.is_err() {
            body.zeroize();
            return Err(SealError);
        }
        Ok([&[VERSION], nonce.as_slice(), body.as_slice()].concat())
    }

    /// Opens what [`Self::seal`] made under the same `aad`.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let body = sealed.strip_prefix(&[VERSION]).ok_or(SealError)?;
        let (nonce, body) = body.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        let mut plaintext = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self
            .cipher()?
            .open_in_place(nonce, Aad::from(aad), &mut plaintext);
        let length = opened.map_err(|_| SealError)?.len();
        plaintext.truncate(length);
        Ok(plaintext)
    }
}

/// The text is not a master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyError {
    /// Not base64 at all.
    #[error("THREADPAY_MASTER_KEY is not base64: make one with `openssl rand -base64 32`")]
    NotBase64,
    /// Base64 of another length.
    #[error(
        "THREADPAY_MASTER_KEY has {0} bytes and must have 32: make one with `openssl rand -base64 32`"
    )]
    Length(usize),
}

/// The key that seals the keyring; it comes from outside and is stored nowhere.
#[derive(Clone, Debug)]
pub struct MasterKey(SealingKey);

impl MasterKey {
    /// Reads 32 bytes in base64.
    pub fn from_base64(text: &str) -> Result<Self, MasterKeyError> {
        let bytes = STANDARD
            .decode(text.trim())
            .map(Zeroizing::new)
            .map_err(|_| MasterKeyError::NotBase64)?;
        let key = <[u8; 32]>::try_from(bytes.as_slice());
        key.map(Self::new)
            .map_err(|_| MasterKeyError::Length(bytes.len()))
    }

    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(SealingKey::new(bytes))
    }

    /// The key as one that seals.
    pub fn sealing(&self) -> &SealingKey {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_whole_and_in_its_own_context() {
        let (key, ambient) = (SealingKey::new([7; 32]), Ambient::system());
        let sealed = key.seal(b"ep_1", b"whsec", &ambient).unwrap();
        assert_eq!(sealed.len(), 1 + 12 + 5 + 16);
        assert_eq!(key.open(b"ep_1", &sealed).unwrap().as_slice(), b"whsec");
        assert_eq!(key.open(b"ep_2", &sealed), Err(SealError));
        assert_eq!(
            SealingKey::new([8; 32]).open(b"ep_1", &sealed),
            Err(SealError)
        );
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(b"ep_1", &changed), Err(SealError), "byte {at}");
            assert_eq!(key.open(b"ep_1", &sealed[..at]), Err(SealError));
        }
    }

    #[test]
    fn a_master_key_is_32_bytes_of_base64() {
        let text = STANDARD.encode([1; 32]);
        assert!(MasterKey::from_base64(&format!("{text}\n")).is_ok());
        let error = |text: &str| MasterKey::from_base64(text).unwrap_err();
        assert_eq!(error("secret!"), MasterKeyError::NotBase64);
        assert_eq!(error(&STANDARD.encode([1; 31])), MasterKeyError::Length(31));
    }

    #[test]
    fn keys_print_nothing() {
        let printed = format!("{:?}", MasterKey::new([7; 32]));
        assert_eq!(printed, "MasterKey(SealingKey)");
    }
}
