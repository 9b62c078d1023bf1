//! What providers told us: a doorbell, kept once as it came. A worker asks the provider for the truth.

pub mod store;

use crate::base::ids::{MerchantId, RailAccountId, RailEventId};
use time::OffsetDateTime;

/// An event of a provider's, whose signature was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RailEvent {
    /// Its id with us.
    pub id: RailEventId,
    /// Whose account it is about.
    pub merchant: MerchantId,
    /// Which account.
    pub account: RailAccountId,
    /// What the provider calls it: the same when it comes again.
    pub external_id: String,
    /// What happened, in the provider's words.
    pub event_type: String,
    /// The bytes that were signed.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: OffsetDateTime,
}

/// Whose event, of which account, and what the provider calls it.
pub type Name = (MerchantId, RailAccountId, String);

impl RailEvent {
    /// What it is known by when it comes again.
    pub fn name(&self) -> Name {
        (self.merchant, self.account, self.external_id.clone())
    }
}
