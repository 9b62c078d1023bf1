//! Making a movement of money that nobody waits for.

use crate::{
    base::event_type::EventType,
    domain::{
        intents::{Attempt, Intent},
        ledger::{Draft, Origin},
        movements::{Movement, MovementObject, Unexpected},
        rails::RailFact,
    },
    writer::{
        Rejection,
        decider::{Decider, print},
        decision::{Decision, EventDraft},
    },
};
use serde_json::value::RawValue;

/// A movement that is made, what books it and what tells of it.
pub(in crate::writer) struct Unmatched {
    pub(in crate::writer) movement: Movement,
    pub(in crate::writer) draft: Draft,
    pub(in crate::writer) event: EventDraft,
}

impl Decider<'_> {
    /// The movement that came of just this when it was told before.
    pub(in crate::writer) fn known_movement(
        &self,
        fact: &RailFact,
        told: Unexpected,
    ) -> Option<&Movement> {
        let own = self.world.movements.values();
        let mut own = own.filter(|movement| movement.merchant == self.merchant);
        own.find(|movement| movement.is(fact, told))
    }

    /// The movement that comes of this, unless it is known.
    pub(in crate::writer) fn movement(
        &self,
        fact: &RailFact,
        told: Unexpected,
        of: Option<(&Intent, &Attempt)>,
    ) -> Result<Option<Unmatched>, Rejection> {
        if self.known_movement(fact, told).is_some() {
            return Ok(None);
        }
        let (ambient, now) = (self.context.ambient, self.context.now);
        let movement = Movement {
            id: ambient.id(),
            merchant: self.merchant,
            route: fact.route,
            external_id: fact.name().unwrap_or_default(),
            flow: told.flow,
            amount: told.amount,
            reason: told.reason,
            intent: of.map(|(intent, _)| intent.id),
            attempt: of.map(|(_, attempt)| attempt.id),
            entry: ambient.id(),
            occurred_at: fact.occurred_at.unwrap_or(now),
            resolution: None,
            created_at: now,
            updated_at: now,
        };
        let origin = of.map_or_else(Origin::default, |(intent, _)| intent.origin());
        let draft = movement.to_suspense(origin).map_err(unbalanced)?;
        let intent = of.map(|(intent, _)| intent);
        let event = self.movement_event(EventType::MovementUnmatched, &movement, intent)?;
        Ok(Some(Unmatched {
            movement,
            draft,
            event,
        }))
    }

    /// The decision to keep money of which nothing is known apart.
    pub(super) fn unmatched(
        &self,
        fact: &RailFact,
        told: Unexpected,
    ) -> Result<Decision, Rejection> {
        let Some(made) = self.movement(fact, told, None)? else {
            return Err(Rejection::NotFound("movement"));
        };
        let data = self.print_movement(&made.movement)?;
        Ok(Decision::answer(201, &data)
            .with(made.movement)
            .booking([made.draft])
            .causing([made.event]))
    }

    /// An event about a movement, in the sequence of the intent that it is probably for.
    pub(in crate::writer) fn movement_event(
        &self,
        event: EventType,
        movement: &Movement,
        intent: Option<&Intent>,
    ) -> Result<EventDraft, Rejection> {
        let data = self.print_movement(movement)?;
        Ok(EventDraft {
            thread: intent.and_then(|intent| intent.terms.details.thread.clone()),
            intent: intent.map(|intent| intent.id),
            ..EventDraft::new(event, &data)
        })
    }

    /// A movement as the API gives it.
    pub(in crate::writer) fn print_movement(
        &self,
        movement: &Movement,
    ) -> Result<Box<RawValue>, Rejection> {
        print(&MovementObject::new(movement, self.mode()?))
    }
}

/// The amount of a movement is above zero, so its entry balances.
pub(super) fn unbalanced(error: crate::domain::ledger::Unbalanced) -> Rejection {
    Rejection::Internal(error.to_string())
}
