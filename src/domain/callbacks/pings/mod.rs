//! How often an endpoint may be pinged: each ping is an event that is kept for ever.

pub mod store;

use crate::base::{
    ids::{EndpointId, MerchantId},
    quota::{Quota, Used},
};
use time::{Duration, OffsetDateTime};

/// Pings of one endpoint.
const PINGS: Quota = Quota {
    most: 5,
    window: Duration::MINUTE,
};

/// The pings of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pings {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Those of late.
    pub used: Used,
}

/// Too many pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an endpoint takes 5 pings a minute: wait for {wait} seconds")]
pub struct TooManyPings {
    /// Whole seconds after which it may be pinged again.
    pub wait: u32,
}

impl Pings {
    /// One more.
    pub fn one_more(self, now: OffsetDateTime) -> Result<Self, TooManyPings> {
        match self.used.wait(now) {
            Some(wait) => Err(TooManyPings { wait }),
            None => Ok(Self {
                used: self.used.add(PINGS, now),
                ..self
            }),
        }
    }
}
