//! A merchant's events in their order, for callers that ask.

mod store;

pub use store::{event, events};

use super::EventType;
use crate::base::ids::MerchantId;

/// Which events of a merchant's feed are asked for, oldest first.
#[derive(Clone, Debug)]
pub struct EventQuery {
    /// Whose.
    pub merchant: MerchantId,
    /// Only those after this place: 0 for all, `None` for those that are yet to come.
    pub after: Option<i64>,
    /// Only of this type.
    pub event_type: Option<EventType>,
    /// Only of threads in this conversation.
    pub conversation: Option<String>,
    /// At most so many.
    pub limit: u8,
}

/// A part of a merchant's feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The JSON of its events in stored form, oldest first.
    pub events: Vec<Vec<u8>>,
    /// Whether there is more already.
    pub has_more: bool,
    /// Up to where the feed was looked at: what comes next is after this place.
    pub next_after: i64,
}
