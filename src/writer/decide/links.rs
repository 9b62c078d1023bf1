//! Making, paying, switching off and expiring payment links.

use super::{Desk, payments::call, view};
use crate::{
    base::ids::LinkId,
    domain::{
        callbacks::EventType,
        intents::{CaptureMethod, Intent, IntentEvent, Terms},
        links::{Link, LinkTerms, choose_amount, store::Subject},
    },
    writer::{Payment, Rejection, decision::Decision},
};
use time::Duration;

/// How long the intent of a payment through a link can be finished, at most.
const PAYMENT_LIFETIME: Duration = Duration::days(1);

impl Desk<'_> {
    pub(super) fn create_link(&self, terms: &LinkTerms) -> Result<Decision, Rejection> {
        let link = Link::new(
            self.scene.ambient.id(),
            self.merchant,
            terms.clone(),
            self.scene.now,
        );
        let token = self.scene.urls.token_hash(&link.id.to_string());
        let token = Some((token, self.merchant, Subject::Link(link.id)));
        Ok(Decision {
            token,
            ..self.changed_link(201, link, Some(EventType::LinkCreated))?
        })
    }

    pub(super) fn deactivate_link(&self, id: LinkId) -> Result<Decision, Rejection> {
        let link = self.link(id)?.deactivate(self.scene.now)?;
        self.changed_link(200, link, Some(EventType::LinkDeactivated))
    }

    pub(super) fn expire_link(&self, id: LinkId) -> Result<Decision, Rejection> {
        let link = self.link(id)?;
        match link.clone().expire(self.scene.now) {
            Some(link) => self.changed_link(200, link, Some(EventType::LinkExpired)),
            None => Ok(Decision::answer(200, &self.print_link(&link)?)),
        }
    }

    fn changed_link(
        &self,
        status: u16,
        link: Link,
        event: Option<EventType>,
    ) -> Result<Decision, Rejection> {
        let data = self.print_link(&link)?;
        let told = event
            .map(|event| view::tell_link(event, &link, &data))
            .into_iter()
            .collect();
        Ok(Decision {
            told,
            link: Some(link),
            ..Decision::answer(status, &data)
        })
    }

    /// Each payment through a link is an intent of its own, which holds a place of the link from
    /// the moment it begins.
    pub(super) fn pay_link(&self, id: LinkId, payment: Payment) -> Result<Decision, Rejection> {
        let now = self.scene.now;
        let link = self.link(id)?;
        let (amount, tip) = choose_amount(&link.terms, payment.amount, payment.tip)?;
        let terms = Terms {
            amount,
            tip,
            capture_method: CaptureMethod::Automatic,
            description: link.terms.description.clone(),
            reference: link.terms.reference.clone(),
            thread: link.terms.thread.clone(),
            line_items: Vec::new(),
            metadata: link.terms.metadata.clone(),
            rail: link.terms.rail,
            payment_link: Some(id),
            lifetime: link
                .expires_at()
                .map_or(PAYMENT_LIFETIME, |at| PAYMENT_LIFETIME.min(at - now)),
        };
        let link = link.take_place(now)?;
        let fresh = Intent::new(self.scene.ambient.id(), self.merchant, terms, now);
        let told = vec![view::tell_intent(
            IntentEvent::Created,
            &fresh,
            &self.print_intent(&fresh)?,
        )];
        let token = Some(self.intent_token(fresh.id));
        let (intent, attempt) = fresh.begin_charge(payment.method, self.scene.ambient.id(), now)?;
        Ok(Decision {
            told,
            token,
            link: Some(link),
            ..call(intent, attempt)
        })
    }
}
