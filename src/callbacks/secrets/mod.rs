//! The secrets of endpoints as they are stored, each sealed for its endpoint.

pub mod store;

use super::{EndpointSecret, UnsealError};
use crate::{
    ambient::Ambient,
    crypto::SealingKeys,
    ids::{EndpointId, MerchantId},
};

/// One sealed secret. In the order of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    /// Whose endpoint it is.
    pub merchant: MerchantId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Which of the endpoint's secrets, from 1.
    pub number: i32,
    /// As `EndpointSecret::seal` made it.
    pub sealed: Vec<u8>,
}

impl SealedSecret {
    /// The same secret, sealed by the newest of the keys.
    pub fn resealed(&self, keys: &SealingKeys, ambient: &Ambient) -> Result<Self, UnsealError> {
        let place = (self.merchant, self.endpoint);
        let secret = EndpointSecret::open(keys, place, &self.sealed)?;
        Ok(Self {
            sealed: secret.seal(keys, place, ambient)?,
            ..*self
        })
    }
}
