//! What our calls come to at Stripe: which requests each takes, and what the answers say of it.
//!
//! An answer that is lost leaves a call unknown. It is sent again under its key, with the same bytes;
//! what Stripe refuses then may have been done before, so it is looked up.

use super::{
    Client, ObjectId, Request,
    answers::{Expected, Outcome, Page, Payment, Reason, Refund, RefundStatus, Session},
    calls,
    sent::{Sent, send},
};
use crate::base::{mode::Mode, money::Money, names::Word};
use crate::domain::rails::{CallKind, DeclineCode, NextAction, RailAnswer, RailCall, RailFact};
use time::{Duration, OffsetDateTime};

/// Most pages of fifty sessions that are looked through for one whose id was lost.
const PAGES: usize = 40;
/// How far our clock and Stripe's may be apart.
const SLACK: Duration = Duration::minutes(2);

/// A charge as Stripe knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeThere {
    /// The call by which it was made.
    pub call: RailCall,
    /// Its page, once that is known.
    pub session: Option<ObjectId>,
    /// Its payment, once there is one.
    pub payment: Option<ObjectId>,
    /// When it was begun, by everybody's time.
    pub begun_at: OffsetDateTime,
    /// Until when the page can be paid.
    pub ends_at: Option<OffsetDateTime>,
}

/// A call, with all that is stored for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What to do.
    pub call: RailCall,
    /// Whether its merchant tests.
    pub mode: Mode,
    /// Of a charge: the page to be made.
    pub request: Option<Request>,
    /// Of a refund: what it is called there, once that is known.
    pub refund: Option<ObjectId>,
    /// The charge that it makes, or is about.
    pub charge: ChargeThere,
}

impl Order {
    /// Has it done, for the first time.
    pub async fn send(&self, client: Client<'_>, now: OffsetDateTime) -> RailFact {
        let (fact, refusal) = self.try_once(client).await;
        match (refusal, self.call.kind) {
            (None, _) => fact,
            // Nothing was sent before, so nothing was done.
            (Some(Reason::Account), _) | (Some(_), CallKind::Charge | CallKind::Refund) => {
                self.declined(DeclineCode::ProcessingError)
            }
            // What it is about may have been taken, let go or paid meanwhile.
            (Some(_), CallKind::Capture | CallKind::Void | CallKind::Close) => {
                self.refused(client, now).await
            }
        }
    }

    /// Has it done, if it was not: an earlier request may have come through.
    pub async fn send_again(&self, client: Client<'_>, now: OffsetDateTime) -> RailFact {
        let (fact, refusal) = self.try_once(client).await;
        match refusal {
            // What Stripe repeats of a page is how it stood at first.
            None if self.call.kind == CallKind::Charge => match &fact.reference {
                Some(_) => self.ask_page(client, fact.reference.as_deref(), now).await,
                None => fact,
            },
            None => fact,
            Some(Reason::Account) => self.look_up(client, now).await,
            Some(_) => self.refused(client, now).await,
        }
    }

    /// Asks what became of it.
    pub async fn look_up(&self, client: Client<'_>, now: OffsetDateTime) -> RailFact {
        match self.call.kind {
            CallKind::Charge => {
                let session = self.charge.session.as_ref().map(ObjectId::as_str);
                self.ask_page(client, session, now).await
            }
            CallKind::Capture | CallKind::Void => self.ask_payment(client).await,
            CallKind::Close => self.ask_closed(client, now).await,
            CallKind::Refund => match &self.refund {
                Some(refund) => match send(client, &calls::get_refund(refund)).await {
                    Sent::Done(refund) => self.of_refund(&refund),
                    Sent::Refused(_) | Sent::Unknown => self.unknown(),
                },
                None => self.find_refund(client).await.unwrap_or(self.unknown()),
            },
        }
    }

    /// What the request was answered; or, with an unknown outcome, why it was refused.
    async fn try_once(&self, client: Client<'_>) -> (RailFact, Option<Reason>) {
        let Some(request) = self.request() else {
            return (self.unknown(), Some(Reason::Request));
        };
        let refusal = match self.call.kind {
            CallKind::Charge | CallKind::Close => match send::<Session>(client, &request).await {
                Sent::Done(session) => return (self.of_session(&session), None),
                Sent::Refused(refusal) => refusal,
                Sent::Unknown => return (self.unknown(), None),
            },
            CallKind::Capture | CallKind::Void => match send::<Payment>(client, &request).await {
                Sent::Done(payment) => return (self.of_payment(&payment), None),
                Sent::Refused(refusal) => refusal,
                Sent::Unknown => return (self.unknown(), None),
            },
            CallKind::Refund => match send::<Refund>(client, &request).await {
                Sent::Done(refund) => return (self.of_refund(&refund), None),
                Sent::Refused(refusal) => refusal,
                Sent::Unknown => return (self.unknown(), None),
            },
        };
        tracing::warn!(attempt = %self.call.attempt, %refusal, "Stripe refused a call");
        (self.unknown(), Some(refusal.reason))
    }

    /// The request that has it done; none if what it is about is not known.
    fn request(&self) -> Option<Request> {
        let (attempt, amount) = (self.call.attempt, self.call.amount);
        let payment = self.charge.payment.as_ref();
        match self.call.kind {
            CallKind::Charge => self.request.clone(),
            CallKind::Capture => calls::capture(payment?, amount, attempt).ok(),
            CallKind::Void => Some(calls::cancel(payment?, attempt)),
            CallKind::Close => {
                let session = self.charge.session.as_ref()?;
                Some(calls::expire_session(session, attempt))
            }
            CallKind::Refund => calls::create_refund(payment?, amount, attempt).ok(),
        }
    }

    /// What became of a call that Stripe refuses: it was done before, or it is not done.
    async fn refused(&self, client: Client<'_>, now: OffsetDateTime) -> RailFact {
        let not_done = || self.declined(DeclineCode::ProcessingError);
        match self.call.kind {
            CallKind::Charge => match self.find_page(client).await {
                Sent::Done(Some(session)) => self.of_session(&session),
                Sent::Done(None) => not_done(),
                Sent::Refused(_) | Sent::Unknown => self.unknown(),
            },
            CallKind::Capture | CallKind::Void => {
                let Some(payment) = &self.charge.payment else {
                    return not_done();
                };
                match send::<Payment>(client, &calls::get_payment(payment)).await {
                    Sent::Done(payment) if payment.outcome().is_held() => not_done(),
                    Sent::Done(payment) => self.of_payment(&payment),
                    Sent::Refused(_) | Sent::Unknown => self.unknown(),
                }
            }
            CallKind::Close => self.ask_closed(client, now).await,
            CallKind::Refund => self.find_refund(client).await.unwrap_or_else(not_done),
        }
    }

    async fn ask_page(
        &self,
        client: Client<'_>,
        session: Option<&str>,
        now: OffsetDateTime,
    ) -> RailFact {
        if let Some(session) = session.and_then(ObjectId::parse) {
            return match send(client, &calls::get_session(&session)).await {
                Sent::Done(session) => self.of_session(&session),
                Sent::Refused(_) | Sent::Unknown => self.unknown(),
            };
        }
        match self.find_page(client).await {
            Sent::Done(Some(session)) => self.of_session(&session),
            // No page that was made for it can still be paid.
            Sent::Done(None) if self.is_over(now) => self.declined(DeclineCode::NotPaidInTime),
            Sent::Done(None) | Sent::Refused(_) | Sent::Unknown => self.unknown(),
        }
    }

    fn is_over(&self, now: OffsetDateTime) -> bool {
        self.charge.ends_at.is_some_and(|end| end + SLACK < now)
    }

    /// The page of the charge, by its reference.
    async fn find_page(&self, client: Client<'_>) -> Sent<Option<Session>> {
        let since = self.charge.begun_at - SLACK;
        let wanted = |session: &Session| session.attempt() == Some(self.charge.call.attempt);
        let mut after = None;
        for _ in 0..PAGES {
            let list = calls::list_sessions(since, after.as_ref());
            let page: Page<Session> = match send(client, &list).await {
                Sent::Done(page) => page,
                Sent::Refused(refusal) => return Sent::Refused(refusal),
                Sent::Unknown => return Sent::Unknown,
            };
            let next = page.next().cloned();
            if let Some(found) = page.data.into_iter().find(wanted) {
                // In a list the payment is only named.
                return match send(client, &calls::get_session(&found.id)).await {
                    Sent::Done(session) => Sent::Done(Some(session)),
                    Sent::Refused(_) | Sent::Unknown => Sent::Unknown,
                };
            }
            if next.is_none() {
                return Sent::Done(None);
            }
            after = next;
        }
        Sent::Unknown
    }

    async fn ask_payment(&self, client: Client<'_>) -> RailFact {
        let Some(payment) = &self.charge.payment else {
            return self.unknown();
        };
        match send(client, &calls::get_payment(payment)).await {
            Sent::Done(payment) => self.of_payment(&payment),
            Sent::Refused(_) | Sent::Unknown => self.unknown(),
        }
    }

    /// Whether the page that was to be closed is.
    async fn ask_closed(&self, client: Client<'_>, now: OffsetDateTime) -> RailFact {
        let found = match &self.charge.session {
            Some(session) => match send(client, &calls::get_session(session)).await {
                Sent::Done(session) => Some(session),
                Sent::Refused(_) | Sent::Unknown => return self.unknown(),
            },
            None => match self.find_page(client).await {
                Sent::Done(found) => found,
                Sent::Refused(_) | Sent::Unknown => return self.unknown(),
            },
        };
        match found {
            Some(session) => self.of_session(&session),
            None if self.is_over(now) => self.answer(RailAnswer::Succeeded),
            None => self.unknown(),
        }
    }

    /// The refund that was made by this call, if any was.
    async fn find_refund(&self, client: Client<'_>) -> Option<RailFact> {
        let payment = self.charge.payment.as_ref()?;
        let mut after = None;
        for _ in 0..PAGES {
            let list = calls::list_refunds(payment, after.as_ref());
            let page: Page<Refund> = match send(client, &list).await {
                Sent::Done(page) => page,
                Sent::Refused(_) | Sent::Unknown => return Some(self.unknown()),
            };
            let own = |refund: &&Refund| refund.attempt() == Some(self.call.attempt);
            if let Some(found) = page.data.iter().find(own) {
                return Some(self.of_refund(found));
            }
            after = Some(page.next()?.clone());
        }
        Some(self.unknown())
    }

    /// What a page says of it.
    pub fn of_session(&self, session: &Session) -> RailFact {
        let charge = &self.charge;
        let expected = Expected {
            attempt: charge.call.attempt,
            mode: self.mode,
        };
        let outcome = session.outcome(&expected);
        if self.call.kind == CallKind::Close {
            return match outcome {
                Outcome::Expired => self.answer(RailAnswer::Succeeded),
                Outcome::Open { .. } | Outcome::NotOurs => self.unknown(),
                Outcome::Paid { .. }
                | Outcome::Authorized { .. }
                | Outcome::Canceled
                | Outcome::Pending
                | Outcome::Failed { .. } => self.declined(DeclineCode::ProcessingError),
            };
        }
        RailFact {
            reference: Some(session.id.to_string()),
            external_id: session.payment_id().map(ToString::to_string),
            ..self.of_charge(outcome)
        }
    }

    fn of_charge(&self, outcome: Outcome) -> RailFact {
        match outcome {
            Outcome::Paid { amount, .. } | Outcome::Authorized { amount } => self.moved(amount),
            Outcome::Open { url } => RailFact {
                next_action: url.map(|url| Box::new(NextAction::redirect(url))),
                ..self.answer(RailAnswer::RequiresAction)
            },
            Outcome::Pending => self.answer(RailAnswer::Pending),
            Outcome::Failed { code } => self.declined(decline(code.as_deref())),
            Outcome::Canceled => self.declined(DeclineCode::ProcessingError),
            Outcome::Expired => self.declined(DeclineCode::NotPaidInTime),
            Outcome::NotOurs => {
                tracing::error!(attempt = %self.call.attempt, "Stripe names a page that is not this attempt's");
                self.unknown()
            }
        }
    }

    /// What the payment says of a capture or a void of it.
    fn of_payment(&self, payment: &Payment) -> RailFact {
        match (self.call.kind, payment.outcome()) {
            (CallKind::Capture, Outcome::Paid { amount, .. }) => self.moved(amount),
            (CallKind::Capture, Outcome::Canceled)
            | (
                CallKind::Void | CallKind::Charge | CallKind::Close | CallKind::Refund,
                Outcome::Paid { .. },
            ) => self.declined(DeclineCode::ProcessingError),
            (
                CallKind::Void | CallKind::Charge | CallKind::Close | CallKind::Refund,
                Outcome::Canceled,
            ) => self.answer(RailAnswer::Succeeded),
            (
                _,
                Outcome::Authorized { .. }
                | Outcome::Open { .. }
                | Outcome::Pending
                | Outcome::Failed { .. }
                | Outcome::Expired
                | Outcome::NotOurs,
            ) => self.unknown(),
        }
    }

    /// What a refund says of it.
    pub fn of_refund(&self, refund: &Refund) -> RailFact {
        let answer = match &refund.status {
            Some(Word::Known(RefundStatus::Succeeded)) => RailAnswer::Succeeded,
            Some(Word::Known(RefundStatus::Failed | RefundStatus::Canceled)) => {
                RailAnswer::Declined(DeclineCode::ProcessingError)
            }
            Some(
                Word::Known(RefundStatus::Pending | RefundStatus::RequiresAction) | Word::Other(_),
            )
            | None => RailAnswer::Pending,
        };
        RailFact {
            reference: Some(refund.id.to_string()),
            amount: refund.amount().money(),
            ..self.answer(answer)
        }
    }

    fn moved(&self, amount: Money) -> RailFact {
        RailFact {
            amount: Some(amount),
            ..self.answer(RailAnswer::Succeeded)
        }
    }

    fn answer(&self, answer: RailAnswer) -> RailFact {
        RailFact::answer(&self.call, answer)
    }

    fn declined(&self, code: DeclineCode) -> RailFact {
        self.answer(RailAnswer::Declined(code))
    }

    fn unknown(&self) -> RailFact {
        self.answer(RailAnswer::Unknown)
    }
}

/// The word of ours for why a payment failed.
fn decline(code: Option<&str>) -> DeclineCode {
    match code {
        Some("insufficient_funds") => DeclineCode::InsufficientFunds,
        Some("authentication_required" | "payment_intent_authentication_failure") => {
            DeclineCode::AuthenticationFailed
        }
        Some("processing_error") => DeclineCode::ProcessingError,
        Some(_) | None => DeclineCode::CardDeclined,
    }
}
