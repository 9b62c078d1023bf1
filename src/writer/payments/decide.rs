//! Asking for money, confirming, capturing, canceling, refunding, expiring.

use super::PaymentCommand;
use crate::{
    base::{
        actor::Actor,
        event_type::EventType,
        ids::{AttemptId, IntentId},
        money::field::BareAmount,
    },
    domain::{
        intents::{
            Attempt, CancellationReason, Choice, Ended, Intent, PaymentIntent, Refund, RefundIds,
            RefundObject, RefundTerms, Terms,
        },
        links::store::{Subject, TokenRow},
    },
    writer::{
        Rejection,
        decider::{Decider, print},
        decision::{Decision, DecisionOutcome, EventDraft},
    },
};
use serde_json::value::RawValue;

impl PaymentCommand {
    /// What the command comes to.
    pub fn decide(&self, decider: &Decider<'_>) -> Result<Decision, Rejection> {
        match self {
            Self::Create(terms) => decider.create_intent(terms),
            Self::Confirm(id, choice) => decider.confirm(*id, choice),
            Self::GiveUp(id, open) => decider.give_up(*id, *open),
            Self::Capture(id, amount) => decider.capture(*id, amount.as_ref()),
            Self::Cancel(id, reason) => decider.cancel(*id, *reason),
            Self::Refund(id, terms) => decider.refund(*id, terms),
            Self::Report(id, awaited, answer) => decider.report(*id, *awaited, *answer),
            Self::Expire(id) => decider.expire_intent(*id),
        }
    }
}

impl Decider<'_> {
    pub(in crate::writer) fn intent(&self, id: IntentId) -> Result<Intent, Rejection> {
        let found = self.world.intents.find(&(self.merchant, id))?;
        found.cloned().ok_or(Rejection::NotFound("payment intent"))
    }

    fn create_intent(&self, terms: &Terms) -> Result<Decision, Rejection> {
        let (id, now) = (self.context.ambient.id(), self.context.now);
        let intent = Intent::new(id, self.merchant, terms.clone(), now);
        let data = self.print_intent(&intent)?;
        let created = intent_event(EventType::IntentCreated, &intent, &data);
        Ok(Decision::answer(201, &data)
            .with(self.intent_token(id))
            .with(intent)
            .causing([created]))
    }

    /// The token of a new intent's page.
    pub(in crate::writer) fn intent_token(&self, id: IntentId) -> TokenRow {
        (
            self.context.urls.token_hash(&id.to_string()),
            self.merchant,
            Subject::Intent(id),
        )
    }

    fn confirm(&self, id: IntentId, choice: &Choice) -> Result<Decision, Rejection> {
        let before = self.intent(id)?;
        let (ambient, now) = (self.context.ambient, self.context.now);
        let attempt = ambient.id();
        let terms = self.charge_terms(&before, choice, attempt)?;
        let again = before.clone();
        let (intent, attempt, close) = if self.actor == Actor::Payer {
            // What one payer began no other gives up.
            let (intent, attempt) = again.begin_charge(terms, attempt, now)?;
            (intent, attempt, None)
        } else {
            again.begin_another_charge(terms, (attempt, ambient.id()), now)?
        };
        let (link, _) = self.update_link_capacity(&before, &intent)?;
        Ok(call(intent, attempt).with_all(close).with_all(link))
    }

    fn give_up(&self, id: IntentId, open: AttemptId) -> Result<Decision, Rejection> {
        let before = self.intent(id)?;
        let (close, now) = (self.context.ambient.id(), self.context.now);
        let (mut intent, close) = before.clone().give_up(open, close, now)?;
        let (link, _) = self.update_link_capacity(&before, &intent)?;
        if let Some(link) = &link {
            intent.declines = link.declines;
        }
        let data = self.print_intent_briefly(&intent)?;
        let given_up = intent_event(EventType::IntentRequiresPayment, &intent, &data);
        Ok(call(intent, close).with_all(link).causing([given_up]))
    }

    fn capture(&self, id: IntentId, amount: Option<&BareAmount>) -> Result<Decision, Rejection> {
        let intent = self.intent(id)?;
        let currency = intent.terms.amount.currency();
        let amount = amount.map(|amount| amount.of(currency)).transpose()?;
        let (attempt, now) = (self.context.ambient.id(), self.context.now);
        let (intent, attempt) = intent.begin_capture(amount, attempt, now)?;
        Ok(call(intent, attempt))
    }

    fn cancel(
        &self,
        id: IntentId,
        reason: Option<CancellationReason>,
    ) -> Result<Decision, Rejection> {
        let before = self.intent(id)?;
        let (attempt, now) = (self.context.ambient.id(), self.context.now);
        match before.clone().cancel(reason, attempt, now)? {
            Ended::AfterCall(intent, attempt) => Ok(call(intent, *attempt)),
            Ended::Now(intent) => self.ended(&before, intent, EventType::IntentCanceled),
        }
    }

    fn expire_intent(&self, id: IntentId) -> Result<Decision, Rejection> {
        let before = self.intent(id)?;
        let (attempt, now) = (self.context.ambient.id(), self.context.now);
        match before.clone().expire(attempt, now) {
            Some(Ended::AfterCall(intent, attempt)) => Ok(call(intent, *attempt)),
            Some(Ended::Now(intent)) => self.ended(&before, intent, EventType::IntentExpired),
            None => Ok(Decision::answer(200, &self.print_intent(&before)?)),
        }
    }

    fn ended(
        &self,
        before: &Intent,
        intent: Intent,
        event: EventType,
    ) -> Result<Decision, Rejection> {
        let data = self.print_intent(&intent)?;
        let (link, link_event) = self.update_link_capacity(before, &intent)?;
        let ended = intent_event(event, &intent, &data);
        Ok(Decision::answer(200, &data)
            .with(intent)
            .with_all(link)
            .causing([ended])
            .causing(link_event))
    }

    fn refund(&self, id: IntentId, terms: &RefundTerms) -> Result<Decision, Rejection> {
        let intent = self.intent(id)?;
        let currency = intent.terms.amount.currency();
        let amount = terms.amount.as_ref();
        let amount = amount.map(|amount| amount.of(currency)).transpose()?;
        let reason = terms.reason.clone();
        let ids = RefundIds {
            refund: self.context.ambient.id(),
            attempt: self.context.ambient.id(),
        };
        let now = self.context.now;
        let (intent, refund, attempt) = intent.begin_refund(amount, reason, ids, now)?;
        let data = self.print_refund(&refund)?;
        let created = intent_event(EventType::RefundCreated, &intent, &data);
        Ok(call(intent, attempt).with(refund).causing([created]))
    }

    /// An intent as the API gives it, in stored form.
    pub(in crate::writer) fn print_intent(
        &self,
        intent: &Intent,
    ) -> Result<Box<RawValue>, Rejection> {
        print(&self.show_intent(intent)?)
    }

    /// The same without the merchant's notes.
    pub(in crate::writer) fn print_intent_briefly(
        &self,
        intent: &Intent,
    ) -> Result<Box<RawValue>, Rejection> {
        print(&self.show_intent(intent)?.without_metadata())
    }

    fn show_intent<'a>(&self, intent: &'a Intent) -> Result<PaymentIntent<'a>, Rejection> {
        let pay_url = self.context.urls.stored_url(&intent.id.to_string());
        let (mode, now) = (self.mode()?, self.context.now);
        Ok(PaymentIntent::new(intent, mode, pay_url, now))
    }

    /// A refund as the API gives it.
    pub(in crate::writer) fn print_refund(
        &self,
        refund: &Refund,
    ) -> Result<Box<RawValue>, Rejection> {
        print(&RefundObject::new(refund, self.mode()?))
    }
}

/// The decision to make a call, with the rows that record it.
pub(in crate::writer) fn call(intent: Intent, attempt: Attempt) -> Decision {
    Decision::of(DecisionOutcome::Call(attempt.call(intent.charge)))
        .with(intent)
        .with(attempt)
}

/// An event about an intent or its refund.
pub(in crate::writer) fn intent_event(
    event: EventType,
    intent: &Intent,
    data: &RawValue,
) -> EventDraft {
    EventDraft {
        thread: intent.terms.details.thread.clone(),
        intent: Some(intent.id),
        ..EventDraft::new(event, data)
    }
}
