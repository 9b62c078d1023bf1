//! What can be done with what providers tell.

use crate::{
    base::ids::MerchantId,
    domain::rail_events::RailEvent,
    writer::{
        Rejection,
        decider::{Decider, print},
        decision::Decision,
        needs::Needs,
    },
};
use serde::Serialize;

/// A step with what a provider told.
#[derive(Clone, Debug)]
pub enum RailEventCommand {
    /// Keep an event whose signature was found good, unless it came before.
    Keep(Box<RailEvent>),
}

/// That an event is kept.
#[derive(Clone, Copy, Debug, Serialize)]
struct Receipt {
    received: bool,
}

impl RailEventCommand {
    /// The rows that it names.
    pub(in crate::writer) fn needs(&self, _: MerchantId, needs: &mut Needs) {
        let Self::Keep(event) = self;
        needs.rail_events.push(event.name());
    }

    /// What the command comes to.
    pub fn decide(&self, decider: &Decider<'_>) -> Result<Decision, Rejection> {
        let Self::Keep(event) = self;
        let kept = Decision::answer(200, &print(&Receipt { received: true })?);
        Ok(match decider.world.rail_events.find(&event.name())? {
            Some(_) => kept,
            None => kept.with((**event).clone()),
        })
    }
}
