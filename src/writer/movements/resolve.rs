//! Taking a movement out of suspense: each way books what it says.

use super::movement::unbalanced;
use crate::{
    base::{
        event_type::EventType,
        ids::{AttemptId, EntryId, IntentId, MovementId},
        invalid::Invalid,
    },
    domain::{
        intents::{Attempt, AttemptStatus, Finished, Intent, Moved, RefundIds},
        ledger::{Draft, Origin},
        movements::{Action, Decided, Flow, Movement, MovementError, MovementStatus, Resolution},
    },
    writer::{
        Rejection,
        decider::Decider,
        decision::{Decision, DecisionOutcome},
        payments::intent_event,
    },
};

impl Decider<'_> {
    /// Does with a movement what was decided.
    pub(super) fn resolve(&self, id: MovementId, decided: &Decided) -> Result<Decision, Rejection> {
        let found = self.world.movements.find(&(self.merchant, id))?;
        let movement = found.cloned().ok_or(Rejection::NotFound("movement"))?;
        self.resolve_movement(movement, decided)
    }

    /// The same, with a movement that is known.
    pub(in crate::writer) fn resolve_movement(
        &self,
        movement: Movement,
        decided: &Decided,
    ) -> Result<Decision, Rejection> {
        match (movement.status(), &movement.resolution) {
            (MovementStatus::Resolved, _) => return Err(MovementError::Resolved.into()),
            (MovementStatus::Unmatched, Some(_)) => return Err(MovementError::Refunding.into()),
            (MovementStatus::Unmatched, None) => {}
        }
        match decided.action {
            Action::Accept => {
                let Some(intent) = movement.intent else {
                    let why = "no payment intent is known for it; assign or keep it";
                    return Err(not_possible(Action::Accept, why));
                };
                let intent = self.intent(intent)?;
                match self.paid_or_refunded(&movement, &intent, decided)? {
                    Some(decision) => Ok(decision),
                    None => self.give_to_merchant(movement, Some(&intent), decided),
                }
            }
            Action::Assign => self.assign(&movement, decided),
            Action::Keep => self.give_to_merchant(movement, None, decided),
            Action::Refund => self.refund_movement(movement, decided),
        }
    }

    fn assign(&self, movement: &Movement, decided: &Decided) -> Result<Decision, Rejection> {
        let id = decided
            .intent
            .ok_or(Rejection::NotFound("payment intent"))?;
        let intent = self.intent(id)?;
        let exact = intent.terms.amount == movement.amount;
        let refusal = match movement.flow {
            Flow::In if !exact => {
                "is for another amount: assign a movement to a payment intent of its own amount, or keep it"
            }
            Flow::In => "does not wait to be paid by a movement",
            Flow::Out => "has not as much left to be refunded",
        };
        let decision = if exact || movement.flow == Flow::Out {
            self.paid_or_refunded(movement, &intent, decided)?
        } else {
            None
        };
        decision.ok_or_else(|| Invalid::field("/payment_intent", refusal).into())
    }

    /// Takes a movement as what the intent waits for: its payment, or a refund of it. `None` if it
    /// waits for no such thing.
    fn paid_or_refunded(
        &self,
        movement: &Movement,
        intent: &Intent,
        decided: &Decided,
    ) -> Result<Option<Decision>, Rejection> {
        let (ambient, now) = (self.context.ambient, self.context.now);
        let moved = moved(movement);
        let finished = match movement.flow {
            Flow::In => intent.clone().pay_with(moved, ambient.id(), now)?,
            Flow::Out => {
                let ids = RefundIds {
                    refund: ambient.id(),
                    attempt: ambient.id(),
                };
                let reason = decided.reason.clone();
                intent.clone().refund_with(moved, reason, ids, now)?
            }
        };
        let Some(finished) = finished else {
            return Ok(None);
        };
        let entry: EntryId = ambient.id();
        let movement = self.decided(movement.clone(), decided, (Some(intent.id), Some(entry)));
        let (after, finished) = self.by_movement(finished, entry)?;
        let resolved = self.movement_event(EventType::MovementResolved, &movement, Some(&after))?;
        let answer = Decision::answer(200, &self.print_movement(&movement)?);
        let decision = answer.and(finished).with(movement);
        Ok(Some(decision.causing([resolved])))
    }

    /// What a movement does to an intent, under this entry.
    pub(super) fn by_movement(
        &self,
        finished: Finished,
        entry: EntryId,
    ) -> Result<(Intent, Decision), Rejection> {
        let Finished {
            intent,
            attempt,
            refund,
            draft,
            event,
            ..
        } = finished;
        let data = match &refund {
            Some(refund) => self.print_refund(refund)?,
            None => self.print_intent(&intent)?,
        };
        let created = refund
            .as_ref()
            .map(|_| intent_event(EventType::RefundCreated, &intent, &data));
        let event = event.map(|event| intent_event(event, &intent, &data));
        let draft = draft.map(|draft| draft.with_id(entry));
        let decision = Decision::answer(200, &data)
            .with(intent.clone())
            .with(attempt)
            .with_all(refund)
            .booking(draft)
            .causing(created)
            .causing(event);
        Ok((intent, decision))
    }

    /// The merchant gains what came, or bears what went.
    fn give_to_merchant(
        &self,
        movement: Movement,
        intent: Option<&Intent>,
        decided: &Decided,
    ) -> Result<Decision, Rejection> {
        let entry = self.context.ambient.id();
        let origin = intent.map_or_else(Origin::default, Intent::origin);
        let draft = movement.to_merchant(origin, entry).map_err(unbalanced)?;
        let of = intent.map(|intent| intent.id);
        let movement = self.decided(movement, decided, (of, Some(entry)));
        self.out_of_suspense(movement, draft)
    }

    /// A movement that has left suspense.
    pub(in crate::writer) fn out_of_suspense(
        &self,
        movement: Movement,
        draft: Draft,
    ) -> Result<Decision, Rejection> {
        Ok(self.told_resolved(movement)?.booking([draft]))
    }

    /// A movement that is resolved.
    pub(super) fn told_resolved(&self, movement: Movement) -> Result<Decision, Rejection> {
        let intent = movement.intent.map(|id| self.intent(id)).transpose()?;
        let event = self.movement_event(EventType::MovementResolved, &movement, intent.as_ref())?;
        let data = self.print_movement(&movement)?;
        Ok(Decision::answer(200, &data).with(movement).causing([event]))
    }

    /// Records that the rail is about to be asked to give a movement back.
    fn refund_movement(
        &self,
        movement: Movement,
        decided: &Decided,
    ) -> Result<Decision, Rejection> {
        if movement.flow == Flow::Out {
            let why = "it went to the payer already";
            return Err(not_possible(Action::Refund, why));
        }
        let (Some(charge), Some(intent)) = (movement.attempt, movement.intent) else {
            let why = "the rail knows no payment that it could give back; pay it back by other means and keep it";
            return Err(not_possible(Action::Refund, why));
        };
        let intent = self.intent(intent)?;
        let (id, now): (AttemptId, _) = (self.context.ambient.id(), self.context.now);
        let attempt = intent.give_back(moved(&movement), charge, id, now);
        let movement = self.decided(movement, decided, (None, None));
        let resolution = movement.resolution.clone().map(|resolution| Resolution {
            attempt: Some(id),
            ..resolution
        });
        let movement = Movement {
            resolution,
            ..movement
        };
        let call = attempt.call(None);
        Ok(Decision::of(DecisionOutcome::Call(call))
            .with(movement)
            .with(attempt))
    }

    /// What becomes of a movement that the rail was asked to give back by this attempt: it has left
    /// suspense, or is free for another decision.
    pub(in crate::writer) fn given_back(
        &self,
        attempt: &Attempt,
        intent: &Intent,
    ) -> Result<Option<Decision>, Rejection> {
        let Some(id) = attempt.movement.filter(|_| attempt.refund.is_none()) else {
            return Ok(None);
        };
        let movement = self.world.movements.find(&(self.merchant, id))?.cloned();
        let asked = |m: &Movement| {
            let resolution = m.resolution.as_ref();
            resolution.is_some_and(|r| r.attempt == Some(attempt.id) && r.entry.is_none())
        };
        let Some(movement) = movement.filter(asked) else {
            return Ok(None);
        };
        let now = self.context.now;
        match attempt.status {
            AttemptStatus::Succeeded => {
                let entry = self.context.ambient.id();
                let draft = movement.to_payer(intent.origin(), entry);
                let draft = draft.map_err(unbalanced)?;
                let resolution = movement.resolution.clone().map(|resolution| Resolution {
                    entry: Some(entry),
                    ..resolution
                });
                let movement = Movement {
                    resolution,
                    updated_at: now,
                    ..movement
                };
                self.out_of_suspense(movement, draft).map(Some)
            }
            AttemptStatus::Failed => {
                let movement = Movement {
                    resolution: None,
                    updated_at: now,
                    ..movement
                };
                let told = EventType::MovementUnmatched;
                let event = self.movement_event(told, &movement, Some(intent))?;
                let data = self.print_movement(&movement)?;
                Ok(Some(
                    Decision::answer(200, &data).with(movement).causing([event]),
                ))
            }
            AttemptStatus::Started
            | AttemptStatus::Unknown
            | AttemptStatus::Pending
            | AttemptStatus::RequiresAction
            | AttemptStatus::Reversed
            | AttemptStatus::Closed => Ok(Some(Decision::answer(
                200,
                &self.print_movement(&movement)?,
            ))),
        }
    }

    fn decided(
        &self,
        movement: Movement,
        decided: &Decided,
        (intent, entry): (Option<IntentId>, Option<EntryId>),
    ) -> Movement {
        let now = self.context.now;
        let resolution = Resolution {
            action: decided.action.into(),
            intent,
            attempt: None,
            entry,
            reason: decided.reason.clone(),
            by: self.actor.to_string(),
            at: now,
        };
        movement.resolved(resolution, now)
    }
}

pub(super) fn moved(movement: &Movement) -> Moved {
    Moved {
        movement: movement.id,
        route: movement.route,
        amount: movement.amount,
    }
}

fn not_possible(action: Action, why: &'static str) -> Rejection {
    MovementError::NotPossible { action, why }.into()
}
