//! Undoing what was decided about a movement: nothing is deleted. Its money is booked back to suspense,
//! as a movement of its own.

use super::{movement::unbalanced, resolve::moved};
use crate::{
    base::event_type::EventType,
    domain::{
        intents::{Intent, RefundIds},
        ledger::Origin,
        movements::{Done, Flow, Movement, MovementError},
    },
    writer::{Rejection, decider::Decider, decision::Decision},
};

impl Decider<'_> {
    /// Undoes what was decided about a movement; gives the movement that its money is now.
    pub(in crate::writer) fn undo(
        &self,
        movement: &Movement,
        reason: &str,
    ) -> Result<(Movement, Decision), Rejection> {
        let (ambient, now) = (self.context.ambient, self.context.now);
        let resolution = movement.resolution.as_ref();
        let resolution = resolution.filter(|resolution| resolution.entry.is_some());
        let resolution = resolution.ok_or(MovementError::NotUndone("it is in suspense"))?;
        let again = movement.anew((ambient.id(), ambient.id()), now);
        match (resolution.action, movement.flow, resolution.intent) {
            (Done::Accept | Done::Assign, Flow::In, Some(id)) => {
                let intent = self.intent(id)?;
                if self.is_paid_by(&intent, movement)? {
                    self.unpay(intent, again, reason)
                } else {
                    self.back_to_suspense(again, intent.origin())
                }
            }
            (Done::Keep, Flow::In | Flow::Out, _)
            | (Done::Accept | Done::Assign, Flow::In, None) => {
                self.back_to_suspense(again, Origin::default())
            }
            (Done::Accept | Done::Assign, Flow::Out, _) => {
                let why = "the money went, and you were told of a refund";
                Err(MovementError::NotUndone(why).into())
            }
            (Done::Refund, Flow::In | Flow::Out, _) => {
                let why = "the money went back to the payer";
                Err(MovementError::NotUndone(why).into())
            }
            (Done::Split | Done::Join, Flow::In | Flow::Out, _) => {
                let why = "its money is other movements since";
                Err(MovementError::NotUndone(why).into())
            }
        }
    }

    fn is_paid_by(&self, intent: &Intent, movement: &Movement) -> Result<bool, Rejection> {
        let Some(charge) = intent.charge else {
            return Ok(false);
        };
        let charge = self.world.attempts.find(&(self.merchant, charge))?;
        Ok(charge.is_some_and(|charge| charge.movement == Some(movement.id)))
    }

    /// Takes the money from an intent that it had paid, by a refund of all of it: whoever was told that
    /// the intent has succeeded was told the truth, so it stays so.
    fn unpay(
        &self,
        intent: Intent,
        again: Movement,
        reason: &str,
    ) -> Result<(Movement, Decision), Rejection> {
        let ids = RefundIds {
            refund: self.context.ambient.id(),
            attempt: self.context.ambient.id(),
        };
        let (back, reason) = (moved(&again), Some(reason.to_owned()));
        let finished = intent.refund_with(back, reason, ids, self.context.now)?;
        let why = "the payment was refunded meanwhile, or a part of it";
        let finished = finished.ok_or(MovementError::NotUndone(why))?;
        let (after, decision) = self.by_movement(finished, again.entry)?;
        let told = EventType::MovementUnmatched;
        let event = self.movement_event(told, &again, Some(&after))?;
        let decision = decision.with(again.clone()).causing([event]);
        Ok((again, decision))
    }

    fn back_to_suspense(
        &self,
        again: Movement,
        origin: Origin,
    ) -> Result<(Movement, Decision), Rejection> {
        let draft = again.from_merchant(origin).map_err(unbalanced)?;
        let decision = self.in_suspense(&again)?.booking([draft]);
        Ok((again, decision))
    }
}
