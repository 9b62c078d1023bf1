//! Secrets at rest: AES-256-GCM under keys that the database never sees.

use super::mac;
use crate::base::ambient::Ambient;
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::error::Unspecified;
use std::fmt;
use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

/// The first byte of what is sealed: the form of the rest. This one names no key.
const WITHOUT_KEY_ID: u8 = 1;
/// The key's id comes next, and is bound as the context is.
const WITH_KEY_ID: u8 = 2;

/// The id of the first key of each purpose. It is the same in every cell, so that two processes
/// that start on an empty database cannot each make one. Ids of later keys are greater.
pub(super) const FIRST: Uuid = Uuid::from_u128(1);

/// A secret cannot be sealed, or what is sealed does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The sealed bytes name a key that is not at hand.
    #[error("it was sealed with a key that is not at hand")]
    OtherKey,
    /// The key is right and the bytes, or what they are bound to, are not.
    #[error("it was changed, or sealed for another place")]
    Changed,
    /// Longer than the cipher takes.
    #[error("it is too long to be sealed")]
    TooLong,
}

/// Sealed bytes, taken apart.
struct Sealed<'a> {
    key_id: Option<Uuid>,
    nonce: [u8; NONCE_LEN],
    ciphertext: &'a [u8],
}

impl<'a> Sealed<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (key_id, rest) = match bytes.split_first()? {
            (&WITHOUT_KEY_ID, rest) => (None, rest),
            (&WITH_KEY_ID, rest) => {
                let (id, rest) = rest.split_first_chunk()?;
                (Some(Uuid::from_bytes(*id)), rest)
            }
            _ => return None,
        };
        let (nonce, ciphertext) = rest.split_first_chunk()?;
        Some(Self {
            key_id,
            nonce: *nonce,
            ciphertext,
        })
    }
}

/// The id of the key that sealed these bytes, if they name one.
pub(super) fn key_id(sealed: &[u8]) -> Option<Uuid> {
    Sealed::read(sealed)?.key_id
}

/// One key that seals secrets. Prints nothing; wiped when dropped.
#[derive(Clone)]
pub struct SealingKey {
    id: Uuid,
    bytes: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey")
    }
}

impl SealingKey {
    /// The key of these bytes.
    pub fn new(id: Uuid, bytes: [u8; 32]) -> Self {
        let bytes = Zeroizing::new(bytes);
        Self { id, bytes }
    }

    /// What sealed bytes call it.
    pub fn id(&self) -> Uuid {
        self.id
    }

    fn cipher(&self) -> Result<LessSafeKey, Unspecified> {
        // The cipher is set up for each use, so that the key is in memory only where it is
        // wiped; secrets are opened seldom enough.
        UnboundKey::new(&AES_256_GCM, self.bytes.as_slice()).map(LessSafeKey::new)
    }

    /// What the cipher binds: the caller's context, and who sealed it.
    fn bound(&self, aad: &[u8]) -> Vec<u8> {
        [&[WITH_KEY_ID], self.id.as_bytes().as_slice(), aad].concat()
    }

    /// Seals `plaintext`, bound to `aad`: who opens it must name the same. The result is a version
    /// byte, the key's id of 16 bytes, a random nonce of 12, the ciphertext and its tag of 16.
    pub fn seal(
        &self,
        aad: &[u8],
        plaintext: &[u8],
        ambient: &Ambient,
    ) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_LEN] = ambient.bytes();
        let mut body = plaintext.to_vec();
        let sealed = self.cipher().and_then(|cipher| {
            let (nonce, aad) = (Nonce::assume_unique_for_key(nonce), self.bound(aad));
            cipher.seal_in_place_append_tag(nonce, Aad::from(aad), &mut body)
        });
        if sealed.is_err() {
            body.zeroize();
            return Err(SealError::TooLong);
        }
        let id = self.id.as_bytes().as_slice();
        Ok([&[WITH_KEY_ID], id, nonce.as_slice(), body.as_slice()].concat())
    }

    /// Opens what [`Self::seal`] made under the same `aad`, also of the time before keys had ids.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let sealed = Sealed::read(sealed).ok_or(SealError::Changed)?;
        let aad = match sealed.key_id {
            None => aad.to_vec(),
            Some(id) if id == self.id => self.bound(aad),
            Some(_) => return Err(SealError::OtherKey),
        };
        let mut plaintext = Zeroizing::new(sealed.ciphertext.to_vec());
        let nonce = Nonce::assume_unique_for_key(sealed.nonce);
        let opened = self.cipher().and_then(|cipher| {
            let opened = cipher.open_in_place(nonce, Aad::from(aad), &mut plaintext);
            opened.map(|opened| opened.len())
        });
        plaintext.truncate(opened.map_err(|Unspecified| SealError::Changed)?);
        Ok(plaintext)
    }
}

/// All keys of one purpose: the newest seals, each opens what it sealed.
#[derive(Clone, Debug)]
pub struct SealingKeys {
    newest: SealingKey,
    older: Vec<SealingKey>,
}

impl SealingKeys {
    /// These keys, of which the one with the greatest id is the newest; `None` if there is none.
    pub fn new(mut keys: Vec<SealingKey>) -> Option<Self> {
        keys.sort_by_key(SealingKey::id);
        let newest = keys.pop()?;
        let older = keys;
        Some(Self { newest, older })
    }

    /// Seals as [`SealingKey::seal`] does.
    pub fn seal(
        &self,
        aad: &[u8],
        plaintext: &[u8],
        ambient: &Ambient,
    ) -> Result<Vec<u8>, SealError> {
        self.newest.seal(aad, plaintext, ambient)
    }

    /// Opens what any of the keys sealed under the same `aad`. Bytes that name no key are of the
    /// time when there was but the first.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let id = Sealed::read(sealed).ok_or(SealError::Changed)?.key_id;
        let id = id.unwrap_or(FIRST);
        let mut keys = std::iter::once(&self.newest).chain(&self.older);
        let key = keys.find(|key| key.id == id).ok_or(SealError::OtherKey)?;
        key.open(aad, sealed)
    }
}

/// The text is not a master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyError {
    /// Not base64 at all.
    #[error("is not base64: make one with `openssl rand -base64 32`")]
    NotBase64,
    /// Base64 of another length.
    #[error("has {0} bytes and must have 32: make one with `openssl rand -base64 32`")]
    Length(usize),
}

/// The key that seals the keyring; it comes from outside and is stored nowhere. What it seals
/// names it by an id that says nothing about it, so that another key is told from damage.
#[derive(Clone, Debug)]
pub struct MasterKey(SealingKey);

impl PartialEq for MasterKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

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
        let name = mac::sign(&bytes, &[b"threadpay: id of the master key"]);
        let mut id = [0; 16];
        id.iter_mut().zip(name).for_each(|(to, from)| *to = from);
        Self(SealingKey::new(Uuid::from_bytes(id), bytes))
    }

    /// What it may be called where everybody reads it: nobody learns the key from it.
    pub fn fingerprint(&self) -> String {
        let mut name = self.0.id.simple().to_string();
        name.truncate(16);
        name
    }

    /// The key as one that seals.
    pub fn sealing(&self) -> &SealingKey {
        &self.0
    }
}

#[cfg(test)]
mod tests;
