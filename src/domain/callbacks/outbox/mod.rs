//! What is due: leased, sent, and written down. Only the dispatcher comes here.
//!
//! A lease makes a delivery invisible to other dispatchers until it runs out; what a dispatcher
//! writes later than that is refused, so that an attempt is never counted for another's. A process
//! that dies need not be waited for: a dispatcher holds a lock of its lease's name on a connection
//! of its own, which the server ends with it, and others take back the leases that nobody holds.

mod handover;
mod store;
pub mod waiting;

pub use handover::{Handover, Offer, Reserved, Terms};
pub use store::{claim, hold, let_go, oldest_due, reclaim, record, release};

use super::{Health, Outcome, Signal};
use crate::base::ids::{DeliveryId, EndpointId, EventId, MerchantId};
use time::OffsetDateTime;
use uuid::Uuid;

/// What one claim may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimTerms {
    /// Names the leases of this dispatcher.
    pub lease: Uuid,
    /// A number of chance: endpoints come in an order of its own for each.
    pub turn: i64,
    /// The present time.
    pub now: OffsetDateTime,
    /// When the lease ends.
    pub until: OffsetDateTime,
    /// At most so many deliveries.
    pub limit: i64,
    /// So many of them only for endpoints that have nothing under way, so that slow endpoints never
    /// hold all there is.
    pub kept_for_idle: i64,
    /// At most so many of a merchant who is not in `rooms`.
    pub per_merchant: i64,
    /// At most so many of merchants who have some under way already.
    pub rooms: Vec<(MerchantId, i64)>,
    /// What an endpoint of which nothing is known gets at a time, leases of earlier claims
    /// included.
    pub per_endpoint: i32,
}

/// A delivery under lease, with all that is needed to send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id.
    pub delivery: DeliveryId,
    /// The lease it is under.
    pub lease: Uuid,
    /// The endpoint that it is sent to.
    pub endpoint: EndpointId,
    /// The event that is sent.
    pub event: EventId,
    /// Which attempt this is: 1 for the first.
    pub attempt: i32,
    /// How many have failed since it was first sent, or last by hand.
    pub failures: i32,
    /// Where it is posted to.
    pub url: String,
    /// The secrets that sign, as `EndpointSecret::seal` made them, the newest first.
    pub sealed_secrets: Vec<Vec<u8>>,
    /// Whether a `Stripe-Signature` goes with it.
    pub stripe_signature: bool,
    /// When the endpoint was last changed.
    pub endpoint_updated_at: OffsetDateTime,
    /// How the endpoint stood when it was claimed.
    pub health: Health,
    /// The event's JSON in stored form.
    pub payload: Vec<u8>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Whose delivery it is.
    pub merchant: MerchantId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The lease that it was sent under.
    pub lease: Uuid,
    /// Which attempt it was.
    pub attempt: i32,
    /// When it began.
    pub started_at: OffsetDateTime,
    /// When it ended.
    pub ended_at: OffsetDateTime,
    /// The answer's HTTP status and the first of its body, or why no answer came.
    pub answer: Result<(u16, String), String>,
    /// What follows from it for the delivery.
    pub outcome: Outcome,
    /// The endpoint that it went to.
    pub endpoint: EndpointId,
    /// What it tells about the endpoint.
    pub signal: Signal,
}

impl Sent {
    /// What came of it, in a few words for the endpoint's owner.
    pub fn described(&self) -> String {
        match &self.answer {
            Ok((status, _)) => format!("HTTP status {status}"),
            Err(error) => error.clone(),
        }
    }
}
