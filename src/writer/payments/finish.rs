//! What a rail's answer comes to, whether it answers a call or comes later.

use super::{Awaited, decide::intent_event};
use crate::{
    base::{
        event_type::EventType,
        ids::{AttemptId, IntentId},
    },
    domain::{
        intents::{
            Attempt, AttemptStatus, Finished, Intent, IntentError, Refund, State, Status, Verdict,
        },
        rails::{CallKind, Rail, RailAnswer},
    },
    writer::{
        Rejection,
        decider::Decider,
        decision::{Decision, DecisionOutcome, EventDraft},
        world::Change,
    },
};
use serde_json::value::RawValue;

impl Decider<'_> {
    pub(in crate::writer) fn finish(
        &self,
        id: AttemptId,
        answer: RailAnswer,
    ) -> Result<Decision, Rejection> {
        let attempt = self.world.attempts.find(&(self.merchant, id))?.cloned();
        let attempt = attempt.ok_or(Rejection::NotFound("attempt"))?;
        let before = self.intent(attempt.intent)?;
        let refund = self.refund_of(&attempt)?.cloned();
        let known = attempt.clone();
        match attempt.finish(before.clone(), refund.clone(), answer, self.context.now)? {
            Some(finished) => self.finished((&before, known.status), finished),
            // Again is not an error: the first has done it.
            None => self.unchanged(&before, &known),
        }
    }

    fn refund_of(&self, attempt: &Attempt) -> Result<Option<&Refund>, Rejection> {
        match attempt.refund {
            Some(id) => self.world.refunds.find(&(self.merchant, id)),
            None => Ok(None),
        }
    }

    fn unchanged(&self, intent: &Intent, attempt: &Attempt) -> Result<Decision, Rejection> {
        match (self.refund_of(attempt)?, attempt.decline_code) {
            (Some(refund), _) => Ok(Decision::answer(201, &self.print_refund(refund)?)),
            (None, Some(code)) => Ok(Decision::of(DecisionOutcome::Verdict(
                IntentError::Declined {
                    intent: intent.id,
                    code,
                }
                .into(),
            ))),
            (None, None) => Ok(Decision::answer(200, &self.print_intent(intent)?)),
        }
    }

    fn finished(
        &self,
        (before, was): (&Intent, AttemptStatus),
        finished: Finished,
    ) -> Result<Decision, Rejection> {
        let Finished {
            mut intent,
            attempt,
            refund,
            draft,
            event,
            verdict,
        } = finished;
        let (mut link, link_event) = self.update_link_capacity(before, &intent)?;
        if let (Some(changed), Verdict::Declined(_)) = (&link, verdict) {
            intent.declines = changed.declines;
            // A payer is led to the payment's own page by any other first answer.
            if was != AttemptStatus::Started {
                link = link.map(|link| link.seen(intent.id));
            }
        }
        let (status, data) = match &refund {
            Some(refund) => (201, self.print_refund(refund)?),
            None => (200, self.print_intent(&intent)?),
        };
        let charge = intent.charge.map(|id| (self.merchant, id));
        let charge = charge.and_then(|name| self.world.attempts.get(&name));
        let method = charge.and_then(|charge| charge.method);
        let draft = draft.map(|draft| match method {
            Some(method) => draft.paid_with(method.to_string()),
            None => draft,
        });
        let event = event.map(|event| self.attempt_event(event, &intent, &attempt, &data));
        let is_over = intent.state == State::Expired && before.state != State::Expired;
        let expired = is_over.then(|| intent_event(EventType::IntentExpired, &intent, &data));
        let answer = Decision::answer(status, &data);
        let outcome = match verdict {
            Verdict::Declined(code) if attempt.kind != CallKind::Refund => {
                let intent = intent.id;
                DecisionOutcome::Verdict(IntentError::Declined { intent, code }.into())
            }
            Verdict::Declined(_) | Verdict::Accepted => answer.outcome,
        };
        Ok(Decision::of(outcome)
            .with(intent)
            .with(attempt)
            .with_all(refund)
            .with_all(link)
            .booking(draft)
            .causing(event.transpose()?)
            .causing(expired)
            .causing(link_event))
    }

    /// The event of an attempt. What a stranger causes without paying carries no copy of the
    /// merchant's notes.
    fn attempt_event(
        &self,
        event: EventType,
        intent: &Intent,
        attempt: &Attempt,
        data: &RawValue,
    ) -> Result<EventDraft, Rejection> {
        let is_paid = matches!(intent.state, State::Succeeded | State::RequiresCapture);
        if attempt.page_nonce().is_none() || is_paid {
            return Ok(intent_event(event, intent, data));
        }
        let brief = self.print_intent_briefly(intent)?;
        Ok(intent_event(event, intent, &brief))
    }

    pub(super) fn report(
        &self,
        id: IntentId,
        awaited: Awaited,
        answer: RailAnswer,
    ) -> Result<Decision, Rejection> {
        let intent = self.intent(id)?;
        let status = intent.status_at(self.context.now);
        let open = match intent.state {
            // An action that comes too late is none: those who looked saw "expired".
            State::RequiresAction(_) if status == Status::Expired => None,
            State::Processing(attempt, _) | State::RequiresAction(attempt) => {
                self.world.attempts.find(&(self.merchant, attempt))?
            }
            State::RequiresPayment
            | State::RequiresCapture
            | State::Succeeded
            | State::Canceled(_)
            | State::Expired => None,
        };
        let (wanted, verb) = match awaited {
            Awaited::Action => (AttemptStatus::RequiresAction, "completed by an action"),
            Awaited::Outcome => (AttemptStatus::Pending, "given an outcome"),
        };
        match open {
            // What happened elsewhere is known from its rail alone.
            Some(attempt) if attempt.status == wanted && attempt.rail == Rail::Sandbox => {
                let decision = self.finish(attempt.id, answer)?;
                // The caller reports for the rail: the answer shows the intent, not a decline.
                let after = decision.changes.iter().find_map(|change| {
                    if let Change::Intent(intent) = change {
                        Some(intent)
                    } else {
                        None
                    }
                });
                let intent = after.unwrap_or(&intent);
                let outcome = Decision::answer(200, &self.print_intent(intent)?).outcome;
                Ok(Decision {
                    outcome,
                    ..decision
                })
            }
            Some(_) | None => Err(IntentError::InvalidState { verb, status }.into()),
        }
    }
}
