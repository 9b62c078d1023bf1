//! What a fact comes to, whoever heard it.

use super::MovementCommand;
use crate::{
    base::ids::{IntentId, MovementId},
    domain::{
        intents::{Attempt, Finished, Known, Told},
        movements::{Flow, Reason, Unexpected},
        rails::{CallKind, FactKind, RailAnswer, RailFact},
    },
    writer::{
        Rejection,
        decider::{Decider, print},
        decision::Decision,
    },
};
use serde::Serialize;

/// What came of a fact that was told by hand.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct FactReceipt {
    /// Always `sandbox_fact`.
    object: &'static str,
    /// The payment intent that it changed.
    payment_intent: Option<IntentId>,
    /// The movement that it made.
    movement: Option<MovementId>,
}

impl MovementCommand {
    /// What the command comes to.
    pub fn decide(&self, decider: &Decider<'_>) -> Result<Decision, Rejection> {
        match self {
            Self::Learn(fact) => decider.learn(fact),
            Self::Tell(fact) => decider.tell(fact),
            Self::Resolve(id, wanted) => decider.resolve(*id, wanted),
        }
    }
}

impl Decider<'_> {
    /// Takes in what a rail tells.
    pub(in crate::writer) fn learn(&self, fact: &RailFact) -> Result<Decision, Rejection> {
        let attempt = match fact.attempt {
            Some(id) => self.world.attempts.find(&(self.merchant, id))?,
            None => None,
        };
        match attempt
            .filter(|attempt| attempt.route == fact.route)
            .cloned()
        {
            Some(attempt) if fact.kind == attempt.kind.into() => self.learn_of(attempt, fact),
            Some(charge) => self.done_to(charge, fact),
            None => self.learn_unknown(fact),
        }
    }

    /// Takes in what somebody tells who plays the rail.
    fn tell(&self, fact: &RailFact) -> Result<Decision, Rejection> {
        let decision = self.learn(fact)?;
        let payment_intent = decision.intent().map(|intent| intent.id);
        let movement = decision.movement().map(|movement| movement.id);
        let receipt = FactReceipt {
            object: "sandbox_fact",
            payment_intent,
            movement,
        };
        let outcome = Decision::answer(200, &print(&receipt)?).outcome;
        Ok(Decision {
            outcome,
            ..decision
        })
    }

    /// What was done at the rail to a charge, without us.
    fn done_to(&self, charge: Attempt, fact: &RailFact) -> Result<Decision, Rejection> {
        let intent = self.intent(charge.intent)?;
        let is_done = fact.outcome == RailAnswer::Succeeded;
        let (flow, reason) = match fact.kind {
            FactKind::Call(CallKind::Void) if is_done => {
                let (fresh, now) = (self.context.ambient.id(), self.context.now);
                return match charge.clone().lapses(intent.clone(), fresh, now) {
                    Some(lapsed) => self.finished((&intent, charge.status), lapsed, fact),
                    None => self.unchanged(&intent, &charge),
                };
            }
            FactKind::Call(CallKind::Capture) if is_done && intent.charge == Some(charge.id) => {
                let (fresh, now) = (self.context.ambient.id(), self.context.now);
                let was = charge.status;
                let told = Told::from(fact);
                return match charge
                    .clone()
                    .taken_there(intent.clone(), &told, fresh, now)?
                {
                    Some(taken) => self.finished((&intent, was), taken, fact),
                    None => self.unchanged(&intent, &charge),
                };
            }
            FactKind::Call(CallKind::Refund) if is_done => (Flow::Out, Reason::ExternalRefund),
            FactKind::Call(CallKind::Charge | CallKind::Capture) if is_done => {
                (Flow::In, Reason::Unknown)
            }
            FactKind::Dispute(flow) if is_done => (flow, Reason::Dispute),
            FactKind::Call(
                CallKind::Charge
                | CallKind::Capture
                | CallKind::Refund
                | CallKind::Void
                | CallKind::Close,
            )
            | FactKind::Dispute(_) => return self.unchanged(&intent, &charge),
        };
        let unexpected = Unexpected {
            reason,
            flow,
            amount: fact.amount.unwrap_or(charge.amount),
        };
        let was = charge.status;
        let finished = Finished::beside(intent.clone(), charge, unexpected);
        self.finished((&intent, was), finished, fact)
    }

    /// Money of which nothing is known that it could be for.
    fn learn_unknown(&self, fact: &RailFact) -> Result<Decision, Rejection> {
        let flow = match fact.kind {
            FactKind::Call(CallKind::Charge | CallKind::Capture) => Some(Flow::In),
            FactKind::Call(CallKind::Refund) => Some(Flow::Out),
            FactKind::Call(CallKind::Void | CallKind::Close) => None,
            FactKind::Dispute(flow) => Some(flow),
        };
        let is_done = fact.outcome == RailAnswer::Succeeded;
        let moved = flow.zip(fact.amount).filter(|_| is_done);
        let Some((flow, amount)) = moved else {
            // No money: there is nothing to keep.
            return Err(Rejection::NotFound("attempt"));
        };
        let unexpected = Unexpected {
            reason: Reason::Unknown,
            flow,
            amount,
        };
        match self.known_movement(fact, unexpected) {
            Some(known) => Ok(Decision::answer(200, &self.print_movement(known)?)),
            None => self.unmatched(fact, unexpected),
        }
    }

    /// What is known beside an attempt.
    pub(in crate::writer) fn known(&self, attempt: &Attempt) -> Result<Known, Rejection> {
        let charge = match attempt.charge {
            Some(id) => self.world.attempts.find(&(self.merchant, id))?.cloned(),
            None => None,
        };
        let intent = self.intent(attempt.intent)?;
        let has_place = self.has_place(&intent)?;
        Ok(Known {
            intent,
            refund: self.refund_of(attempt)?.cloned(),
            charge,
            has_place,
        })
    }
}
