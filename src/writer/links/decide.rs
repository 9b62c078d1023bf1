//! Making, paying, switching off and expiring payment links.

use super::{LinkCommand, LinkPayment};
use crate::{
    base::event_type::EventType,
    base::ids::LinkId,
    domain::{
        intents::{Intent, State, Status, Terms},
        links::{Link, LinkStatus, LinkTerms, PaymentLink, choose_amount, store::Subject},
    },
    writer::{
        Rejection,
        decider::{Decider, print},
        decision::{Decision, EventDraft},
        payments::{call, intent_event},
    },
};
use serde_json::value::RawValue;
use time::{Duration, OffsetDateTime};

/// How long the intent of a payment through a link can be finished, at most.
const PAYMENT_LIFETIME: Duration = Duration::days(1);

impl LinkCommand {
    /// What the command comes to.
    pub fn decide(&self, decider: &Decider<'_>) -> Result<Decision, Rejection> {
        match self {
            Self::Create(terms) => decider.create_link(terms),
            Self::Pay(id, payment) => decider.pay_link(*id, payment),
            Self::Deactivate(id) => decider.deactivate_link(*id),
            Self::Expire(id) => decider.expire_link(*id),
        }
    }
}

impl Decider<'_> {
    fn link(&self, id: LinkId) -> Result<Link, Rejection> {
        let found = self.world.links.find(&(self.merchant, id))?;
        found.cloned().ok_or(Rejection::NotFound("payment link"))
    }

    fn create_link(&self, terms: &LinkTerms) -> Result<Decision, Rejection> {
        let (id, now) = (self.context.ambient.id(), self.context.now);
        let link = Link::new(id, self.merchant, terms.clone(), now);
        let token = self.context.urls.token_hash(&id.to_string());
        let created = self.changed_link(201, link, EventType::LinkCreated)?;
        Ok(created.with((token, self.merchant, Subject::Link(id))))
    }

    fn deactivate_link(&self, id: LinkId) -> Result<Decision, Rejection> {
        let link = self.link(id)?.deactivate(self.context.now)?;
        self.changed_link(200, link, EventType::LinkDeactivated)
    }

    fn expire_link(&self, id: LinkId) -> Result<Decision, Rejection> {
        let link = self.link(id)?;
        match link.clone().expire(self.context.now) {
            Some(link) => self.changed_link(200, link, EventType::LinkExpired),
            None => Ok(Decision::answer(200, &self.print_link(&link)?)),
        }
    }

    fn changed_link(
        &self,
        status: u16,
        link: Link,
        event: EventType,
    ) -> Result<Decision, Rejection> {
        let data = self.print_link(&link)?;
        let event = link_event(event, &link, &data);
        Ok(Decision::answer(status, &data).with(link).causing([event]))
    }

    /// Each payment through a link is an intent of its own, which holds a place of the link from
    /// the moment it begins. One whose attempt was declined serves the next attempt.
    fn pay_link(&self, id: LinkId, payment: &LinkPayment) -> Result<Decision, Rejection> {
        let now = self.context.now;
        let link = self.link(id)?;
        let (amount, tip) = choose_amount(&link.terms, payment.amount, payment.tip)?;
        let lifetime = link
            .expires_at()
            .map_or(PAYMENT_LIFETIME, |at| PAYMENT_LIFETIME.min(at - now));
        let terms = Terms {
            tip,
            details: link.terms.details.clone(),
            rails: link.terms.rails.clone(),
            payment_link: Some(id),
            ..Terms::of(amount, lifetime)
        };
        if let Some(intent) = self.declined_payment(&link, &terms)? {
            let (link, attempt) = (link.take_place(now)?, self.context.ambient.id());
            let terms = self.charge_terms(&intent, &payment.choice, attempt)?;
            let (intent, attempt) = intent.begin_charge(terms, attempt, now)?;
            return Ok(call(intent, attempt).with(link));
        }
        let fresh = Intent::new(self.context.ambient.id(), self.merchant, terms, now);
        let attempt = self.context.ambient.id();
        let terms = self.charge_terms(&fresh, &payment.choice, attempt)?;
        let link = Link {
            unseen: Some(fresh.id),
            ..link.take_place(now)?
        };
        let created = intent_event(
            EventType::IntentCreated,
            &fresh,
            // A stranger's post copies no notes into the feed.
            &self.print_intent_briefly(&fresh)?,
        );
        let token = self.intent_token(fresh.id);
        let (intent, attempt) = fresh.begin_charge(terms, attempt, now)?;
        Ok(call(intent, attempt)
            .with(token)
            .with(link)
            .causing([created]))
    }

    /// A payment whose attempt was declined before anybody came to its page, if it is for the same
    /// money and still open.
    fn declined_payment(&self, link: &Link, terms: &Terms) -> Result<Option<Intent>, Rejection> {
        let Some(id) = link.unseen else {
            return Ok(None);
        };
        let declined = self.world.intents.find(&(self.merchant, id))?.filter(|i| {
            let is_open = i.status_at(self.context.now) == Status::RequiresPayment;
            is_open && (i.terms.amount, i.terms.tip) == (terms.amount, terms.tip)
        });
        Ok(declined.map(|intent| Intent {
            declines: link.declines,
            ..intent.clone()
        }))
    }

    /// Takes, gives back or uses up the place that a payment holds of its intent's link, as the
    /// intent goes from one state to the next.
    pub(in crate::writer) fn update_link_capacity(
        &self,
        before: &Intent,
        after: &Intent,
    ) -> Result<(Option<Link>, Option<EventDraft>), Rejection> {
        let Some(id) = after.terms.payment_link else {
            return Ok((None, None));
        };
        let now = self.context.now;
        match (before.is_under_way(), after.is_under_way()) {
            (false, true) => Ok((Some(self.link(id)?.seen(after.id).take_place(now)?), None)),
            (true, false) if after.state == State::Succeeded => {
                self.count_payment(id, after, Link::count_payment)
            }
            (true, false)
                if after.last_error != before.last_error || after.declines != before.declines =>
            {
                Ok((Some(self.link(id)?.count_decline(now)), None))
            }
            (true, false) => Ok((Some(self.link(id)?.seen(after.id).release_place(now)), None)),
            // A transfer holds no place until its money comes.
            (false, false) if after.state == State::Succeeded && before.state != after.state => {
                self.count_payment(id, after, Link::count_transfer)
            }
            (false, false) | (true, true) => Ok((None, None)),
        }
    }

    fn count_payment(
        &self,
        id: LinkId,
        paid: &Intent,
        count: fn(Link, OffsetDateTime) -> Link,
    ) -> Result<(Option<Link>, Option<EventDraft>), Rejection> {
        let link = self.link(id)?.seen(paid.id);
        let was = link.status;
        let link = count(link, self.context.now);
        let completed = was != LinkStatus::Completed && link.status == LinkStatus::Completed;
        let data = self.print_link(&link)?;
        let event = completed.then(|| link_event(EventType::LinkCompleted, &link, &data));
        Ok((Some(link), event))
    }

    /// Whether a payment holds a place of its link, or finds one, if it was made through one.
    pub(in crate::writer) fn has_place(&self, intent: &Intent) -> Result<bool, Rejection> {
        match intent.terms.payment_link {
            Some(id) if !intent.is_under_way() => Ok(!self.link(id)?.is_full()),
            Some(_) | None => Ok(true),
        }
    }

    fn print_link(&self, link: &Link) -> Result<Box<RawValue>, Rejection> {
        let url = self.context.urls.stored_url(&link.id.to_string());
        print(&PaymentLink::new(link, self.mode()?, url, self.context.now))
    }
}

fn link_event(event_type: EventType, link: &Link, data: &RawValue) -> EventDraft {
    EventDraft {
        thread: link.terms.details.thread.clone(),
        ..EventDraft::new(event_type, data)
    }
}
