//! What can be done to callback endpoints.

use crate::{
    base::ids::{EndpointId, MerchantId},
    domain::callbacks::{Delivery, Disabling, EndpointPatch, NewEndpoint, NewSecret},
    writer::needs::Needs,
};
use time::Duration;

/// A change of one callback endpoint.
#[derive(Clone, Debug)]
pub enum EndpointCommand {
    /// Register an endpoint with its secret.
    Create(EndpointId, Box<NewEndpoint>, NewSecret),
    /// Change an endpoint.
    Update(EndpointId, Box<EndpointPatch>),
    /// Delete an endpoint.
    Delete(EndpointId),
    /// Give up an endpoint that does not take deliveries.
    Disable(EndpointId, Disabling),
    /// Give an endpoint a new secret; the one before signs on for so long.
    RotateSecret(EndpointId, Duration, NewSecret),
    /// Send an endpoint an event that says no more than that it works.
    Ping(EndpointId),
    /// Send a part of the feed to an endpoint again: after one place, up to another or, if there
    /// is none, to the end.
    Replay(EndpointId, i64, Option<i64>),
    /// Send one delivery again, of which this was read.
    Retry(Box<Delivery>),
}

impl EndpointCommand {
    /// The rows that it names, beside the merchant's endpoints, which every command looks at.
    pub(in crate::writer) fn needs(&self, merchant: MerchantId, needs: &mut Needs) {
        match self {
            Self::RotateSecret(id, ..) => needs.secrets.push((merchant, *id)),
            Self::Ping(id) => needs.pings.push((merchant, *id)),
            Self::Replay(id, ..) => needs.replayed.push((merchant, *id)),
            Self::Create(..)
            | Self::Update(..)
            | Self::Delete(_)
            | Self::Disable(..)
            | Self::Retry(_) => {}
        }
    }
}
