//! Asking for money, confirming, capturing, canceling, refunding, expiring.

use super::{Desk, view};
use crate::{
    base::ids::{IntentId, LinkId},
    domain::{
        callbacks::EventType,
        intents::{
            Attempt, CancelRequest, Canceled, CaptureRequest, ConfirmRequest, Intent, IntentEvent,
            RefundIds, RefundRequest, State, Terms,
        },
        links::{Link, LinkStatus, store::Subject},
    },
    writer::{
        Rejection, Ticket,
        decision::{Decision, Outcome, Told},
    },
};

impl Desk<'_> {
    pub(super) fn intent(&self, id: IntentId) -> Result<Intent, Rejection> {
        let found = self.world.intents.get(&(self.merchant, id));
        found.cloned().ok_or(Rejection::NotFound("payment intent"))
    }

    pub(super) fn link(&self, id: LinkId) -> Result<Link, Rejection> {
        let found = self.world.links.get(&(self.merchant, id));
        found.cloned().ok_or(Rejection::NotFound("payment link"))
    }

    pub(super) fn create_intent(&self, terms: &Terms) -> Result<Decision, Rejection> {
        let intent = Intent::new(
            self.scene.ambient.id(),
            self.merchant,
            terms.clone(),
            self.scene.now,
        );
        let data = self.print_intent(&intent)?;
        let told = vec![view::tell_intent(IntentEvent::Created, &intent, &data)];
        let token = Some(self.intent_token(intent.id));
        Ok(Decision {
            told,
            token,
            intent: Some(intent),
            ..Decision::answer(201, &data)
        })
    }

    pub(super) fn intent_token(&self, id: IntentId) -> crate::domain::links::store::TokenRow {
        (
            self.scene.urls.token_hash(&id.to_string()),
            self.merchant,
            Subject::Intent(id),
        )
    }

    pub(super) fn confirm(
        &self,
        id: IntentId,
        request: &ConfirmRequest,
    ) -> Result<Decision, Rejection> {
        let before = self.intent(id)?;
        let method = request.parse(before.terms.rail)?;
        let (intent, attempt) =
            before
                .clone()
                .begin_charge(method, self.scene.ambient.id(), self.scene.now)?;
        let (link, _) = self.settle_place(&before, &intent)?;
        Ok(Decision {
            link,
            ..call(intent, attempt)
        })
    }

    pub(super) fn capture(
        &self,
        id: IntentId,
        request: &CaptureRequest,
    ) -> Result<Decision, Rejection> {
        let intent = self.intent(id)?;
        let amount = request.parse(intent.terms.amount.currency())?;
        let (intent, attempt) =
            intent.begin_capture(amount, self.scene.ambient.id(), self.scene.now)?;
        Ok(call(intent, attempt))
    }

    pub(super) fn cancel(
        &self,
        id: IntentId,
        request: &CancelRequest,
    ) -> Result<Decision, Rejection> {
        let before = self.intent(id)?;
        match before
            .clone()
            .cancel(request.reason, self.scene.ambient.id(), self.scene.now)?
        {
            Canceled::AfterVoid(intent, attempt) => Ok(call(intent, attempt)),
            Canceled::Now(intent) => self.ended(&before, intent, IntentEvent::Canceled),
        }
    }

    pub(super) fn expire_intent(&self, id: IntentId) -> Result<Decision, Rejection> {
        let before = self.intent(id)?;
        match before.clone().expire(self.scene.now) {
            Some(intent) => self.ended(&before, intent, IntentEvent::Expired),
            None => Ok(Decision::answer(200, &self.print_intent(&before)?)),
        }
    }

    fn ended(
        &self,
        before: &Intent,
        intent: Intent,
        event: IntentEvent,
    ) -> Result<Decision, Rejection> {
        let data = self.print_intent(&intent)?;
        let (link, link_event) = self.settle_place(before, &intent)?;
        let told = std::iter::once(view::tell_intent(event, &intent, &data))
            .chain(link_event)
            .collect();
        Ok(Decision {
            link,
            told,
            intent: Some(intent),
            ..Decision::answer(200, &data)
        })
    }

    pub(super) fn refund(
        &self,
        id: IntentId,
        request: &RefundRequest,
    ) -> Result<Decision, Rejection> {
        let intent = self.intent(id)?;
        let (amount, reason) = request.clone().parse(intent.terms.amount.currency())?;
        let ids = RefundIds {
            refund: self.scene.ambient.id(),
            attempt: self.scene.ambient.id(),
        };
        let (intent, refund, attempt) = intent.begin_refund(amount, reason, ids, self.scene.now)?;
        let data = view::print_refund(&refund)?;
        let told = vec![view::tell_intent(
            IntentEvent::RefundCreated,
            &intent,
            &data,
        )];
        Ok(Decision {
            told,
            refund: Some(refund),
            ..call(intent, attempt)
        })
    }

    /// Takes, gives back or uses up the place that a payment holds of its intent's link, as the
    /// intent goes from one state to the next.
    pub(super) fn settle_place(
        &self,
        before: &Intent,
        after: &Intent,
    ) -> Result<(Option<Link>, Option<Told>), Rejection> {
        let Some(id) = after.terms.payment_link else {
            return Ok((None, None));
        };
        let now = self.scene.now;
        match (before.is_under_way(), after.is_under_way()) {
            (false, true) => Ok((Some(self.link(id)?.take_place(now)?), None)),
            (true, false) if after.state == State::Succeeded => {
                let link = self.link(id)?;
                let was = link.status;
                let link = link.count_payment(now);
                let completed =
                    was != LinkStatus::Completed && link.status == LinkStatus::Completed;
                let data = self.print_link(&link)?;
                let told =
                    completed.then(|| view::tell_link(EventType::LinkCompleted, &link, &data));
                Ok((Some(link), told))
            }
            (true, false) => Ok((Some(self.link(id)?.release_place(now)), None)),
            (false, false) | (true, true) => Ok((None, None)),
        }
    }
}

/// The decision to make a call that is now recorded.
pub(super) fn call(intent: Intent, attempt: Attempt) -> Decision {
    let ticket = Ticket::of(&attempt, intent.charge);
    Decision {
        intent: Some(intent),
        attempt: Some(attempt),
        ..Decision::of(Outcome::Call(ticket))
    }
}
