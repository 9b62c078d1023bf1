//! What a fact about an attempt comes to, whether it answers a call or comes later.

use super::{Awaited, decide::intent_event};
use crate::{
    base::{event_type::EventType, ids::IntentId},
    domain::{
        intents::{
            Attempt, AttemptStatus, Finished, Intent, IntentError, Refund, State, Told, Verdict,
        },
        rails::{CallKind, RailAnswer, RailFact, Route},
    },
    writer::{
        Rejection,
        decider::Decider,
        decision::{Decision, DecisionOutcome, EventDraft},
    },
};
use serde_json::value::RawValue;

impl Decider<'_> {
    /// Takes in what a rail tells of an attempt.
    pub(in crate::writer) fn learn_of(
        &self,
        attempt: Attempt,
        fact: &RailFact,
    ) -> Result<Decision, Rejection> {
        let known = self.known(&attempt)?;
        let told = Told::from(fact);
        let (before, was) = (known.intent.clone(), attempt.status);
        let (fresh, now) = (self.context.ambient.id(), self.context.now);
        let same = attempt.clone();
        match attempt.learn(known, told, fresh, now)? {
            Some(finished) => self.finished((&before, was), finished, fact),
            // Again is not an error: the first has done it.
            None => self.unchanged(&before, &same),
        }
    }

    pub(in crate::writer) fn refund_of(
        &self,
        attempt: &Attempt,
    ) -> Result<Option<&Refund>, Rejection> {
        match attempt.refund {
            Some(id) => self.world.refunds.find(&(self.merchant, id)),
            None => Ok(None),
        }
    }

    /// The answer where nothing changes.
    pub(in crate::writer) fn unchanged(
        &self,
        intent: &Intent,
        attempt: &Attempt,
    ) -> Result<Decision, Rejection> {
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

    /// Records an attempt with what was told of it applied, and keeps money apart that its intent
    /// does not wait for.
    pub(in crate::writer) fn finished(
        &self,
        (before, was): (&Intent, AttemptStatus),
        finished: Finished,
        fact: &RailFact,
    ) -> Result<Decision, Rejection> {
        let Finished {
            mut intent,
            attempt,
            others,
            refund,
            draft,
            event,
            verdict,
            unexpected,
        } = finished;
        let (mut link, link_event) = self.update_link_capacity(before, &intent)?;
        if let (Some(changed), Verdict::Declined(_)) = (&link, verdict) {
            intent.declines = changed.declines;
            // A payer is led to the payment's own page by any other first answer.
            if was != AttemptStatus::Started || attempt.kind == CallKind::Close {
                link = link.map(|link| link.seen(intent.id));
            }
        }
        let (status, data) = match &refund {
            Some(refund) => (201, self.print_refund(refund)?),
            None => (200, self.print_intent(&intent)?),
        };
        let draft = draft.map(|draft| match self.paid_with(&intent) {
            Some(method) => draft.paid_with(method),
            None => draft,
        });
        let event = event.map(|event| self.attempt_event(event, &intent, &attempt, &data));
        let is_over = intent.state == State::Expired && before.state != State::Expired;
        let expired = is_over.then(|| intent_event(EventType::IntentExpired, &intent, &data));
        let given_back = self.given_back(&attempt, &intent)?;
        let base = given_back.unwrap_or_else(|| Decision::answer(status, &data));
        let said = verdict_of(verdict, (&intent, &attempt), self.context.now);
        let outcome = said.unwrap_or(base.outcome);
        let unmatched = match unexpected {
            Some(told) => self.movement(fact, told, Some((&intent, &attempt)))?,
            None => None,
        };
        let decision = Decision { outcome, ..base }
            .with(intent)
            .with(attempt)
            .with_all(others)
            .with_all(refund)
            .with_all(link)
            .booking(draft)
            .causing(event.transpose()?)
            .causing(expired)
            .causing(link_event);
        Ok(match unmatched {
            Some(made) => decision
                .with(made.movement)
                .booking([made.draft])
                .causing([made.event]),
            None => decision,
        })
    }

    /// What the payer of an intent paid with.
    fn paid_with(&self, intent: &Intent) -> Option<String> {
        let charge = intent.charge.map(|id| (self.merchant, id))?;
        let method = self.world.attempts.get(&charge)?.method?;
        Some(method.to_string())
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
        let now = self.context.now;
        let open = match intent.state {
            // The sandbox closes its page with the intent's time.
            State::RequiresAction(_) if intent.expires_at() <= now => None,
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
            Some(attempt) if attempt.status == wanted && attempt.route == Route::SANDBOX => {
                let fact = RailFact::answer(&attempt.call(None), answer);
                let decision = self.learn(&fact)?;
                // The caller reports for the rail: the answer shows the intent, not a decline.
                let intent = decision.intent().unwrap_or(&intent);
                let outcome = Decision::answer(200, &self.print_intent(intent)?).outcome;
                Ok(Decision {
                    outcome,
                    ..decision
                })
            }
            Some(_) | None => {
                let status = intent.status_at(now);
                Err(IntentError::InvalidState { verb, status }.into())
            }
        }
    }
}

/// What the caller of an attempt is answered other than with what it changed.
fn verdict_of(
    verdict: Verdict,
    (intent, attempt): (&Intent, &Attempt),
    now: time::OffsetDateTime,
) -> Option<DecisionOutcome> {
    let error = match verdict {
        Verdict::Declined(code) if attempt.refund.is_none() => IntentError::Declined {
            intent: intent.id,
            code,
        },
        Verdict::NotClosed => IntentError::InvalidState {
            verb: "canceled while its payer pays",
            status: intent.status_at(now),
        },
        Verdict::Declined(_) | Verdict::Accepted => return None,
    };
    Some(DecisionOutcome::Verdict(error.into()))
}
