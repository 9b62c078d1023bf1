//! Attempts: one request to a rail, from the moment before it is sent to its outcome.

pub mod store;
mod view;

pub use view::AttemptObject;

use super::{ChargeTerms, Intent};
use crate::{
    base::{
        ids::{AttemptId, IntentId, MerchantId, MovementId, RefundId},
        money::Money,
    },
    domain::rails::{CallKind, DeclineCode, NextAction, PaymentMethod, RailCall, Route},
};
use time::{Duration, OffsetDateTime};

/// How long the commits before and after a call may take: nobody else asks about an attempt while
/// its call may still be under way.
const COMMIT_PATIENCE: Duration = Duration::seconds(5);

crate::names! {
    /// What is known of an attempt.
    pub enum AttemptStatus {
        /// Recorded, perhaps sent.
        Started = "started",
        /// Sent, and no answer came.
        Unknown = "unknown",
        /// Taken on by the rail; the outcome comes later.
        Pending = "pending",
        /// Waits for the payer to act.
        RequiresAction = "requires_action",
        /// Done.
        Succeeded = "succeeded",
        /// Refused.
        Failed = "failed",
        /// Ended, and the intent was not paid by it: it was closed at the rail, or another had paid.
        Closed = "closed",
        /// It had succeeded, and the rail took that back.
        Reversed = "reversed",
    }
}

/// What comes before the form's nonce in the idempotency key of a post from a page.
pub const PAGE_KEY: &str = "page:";

/// One request to a rail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its id, which is also our idempotency key with the rail.
    pub id: AttemptId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// The intent that it is for.
    pub intent: IntentId,
    /// The refund that it is for, if it is one.
    pub refund: Option<RefundId>,
    /// The charge that it is about; none for charges.
    pub charge: Option<AttemptId>,
    /// The movement that it takes as a payment or as a refund, or gives back.
    pub movement: Option<MovementId>,
    /// The void that lets go of what it holds, where its intent never waited for that.
    pub released_by: Option<AttemptId>,
    /// What the rail is asked to do.
    pub kind: CallKind,
    /// What is known of it.
    pub status: AttemptStatus,
    /// The rail, and as whom it is asked.
    pub route: Route,
    /// What the payer pays with; for charges, and for closing them.
    pub method: Option<PaymentMethod>,
    /// What it is called at the rail, where that is not its id: what the payer of a bank transfer
    /// gives with it.
    pub reference: Option<String>,
    /// What the payer must do.
    pub next_action: Option<Box<NextAction>>,
    /// What the rail is sent, where that cannot be made again from the rest: a repetition has the same
    /// bytes.
    pub request: Option<String>,
    /// Until when the payer may pay, if the rail was told or nobody can be asked.
    pub expires_at: Option<OffsetDateTime>,
    /// What the rail calls the money that came by it, where that is known by a name of its own.
    pub external_id: Option<String>,
    /// How much.
    pub amount: Money,
    /// Why it failed, if it did.
    pub decline_code: Option<DeclineCode>,
    /// The idempotency key of the request that waits for its answer.
    pub idempotency_key: Option<String>,
    /// What that request is: a key that was forgotten may be used for another.
    pub key_fingerprint: Option<[u8; 32]>,
    /// When a worker asks the rail what became of it.
    pub ask_at: Option<OffsetDateTime>,
    /// When it was recorded.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

impl Attempt {
    pub(in crate::domain::intents) fn start(
        id: AttemptId,
        intent: &Intent,
        kind: CallKind,
        amount: Money,
        now: OffsetDateTime,
    ) -> Self {
        let route = intent.route;
        Self {
            id,
            merchant: intent.merchant,
            intent: intent.id,
            refund: None,
            charge: intent.charge.filter(|_| kind != CallKind::Charge),
            movement: None,
            released_by: None,
            kind,
            status: AttemptStatus::Started,
            route,
            method: None,
            reference: None,
            next_action: None,
            request: None,
            expires_at: None,
            external_id: None,
            amount,
            decline_code: None,
            idempotency_key: None,
            key_fingerprint: None,
            ask_at: Some(now + route.rail.patience() + COMMIT_PATIENCE),
            created_at: now,
            updated_at: now,
        }
    }

    /// On these terms.
    pub(in crate::domain::intents) fn on(self, terms: ChargeTerms) -> Self {
        Self {
            route: terms.route,
            method: Some(terms.method),
            reference: terms.reference,
            next_action: terms.next_action,
            request: terms.request,
            expires_at: terms.expires_at,
            ..self
        }
    }

    /// By this route, and not by the one that its intent was last tried by.
    pub(in crate::domain::intents) fn by(self, route: Route) -> Self {
        Self { route, ..self }
    }

    pub(in crate::domain::intents) fn giving_back(self, refund: RefundId) -> Self {
        Self {
            refund: Some(refund),
            ..self
        }
    }

    /// With what the payer paid by the charge that it closes.
    pub(in crate::domain::intents) fn with(self, method: Option<PaymentMethod>) -> Self {
        Self { method, ..self }
    }

    /// About this charge, and not the one that paid the intent.
    pub(in crate::domain::intents) fn about(self, charge: AttemptId) -> Self {
        Self {
            charge: Some(charge),
            ..self
        }
    }

    /// The same, for a worker to send or ask about then.
    pub(in crate::domain::intents) fn asked_at(self, at: OffsetDateTime) -> Self {
        Self {
            ask_at: Some(at),
            ..self
        }
    }

    /// The nonce of the form that began it, if a payer did on a page: only that payer's browser
    /// knows it.
    pub fn page_nonce(&self) -> Option<&str> {
        self.idempotency_key.as_deref()?.strip_prefix(PAGE_KEY)
    }

    /// Whether its outcome is known, so that nothing more can change it.
    pub fn is_final(&self) -> bool {
        matches!(
            self.status,
            AttemptStatus::Succeeded
                | AttemptStatus::Failed
                | AttemptStatus::Closed
                | AttemptStatus::Reversed
        )
    }

    /// What to ask the rail. Attempts from before it was kept which charge they are about are about
    /// `charge`, that of their intent.
    pub fn call(&self, charge: Option<AttemptId>) -> RailCall {
        let Self {
            route,
            id: attempt,
            kind,
            method,
            amount,
            ..
        } = *self;
        RailCall {
            route,
            attempt,
            kind,
            method,
            amount,
            // A charge is about itself, also where another has paid the intent.
            charge: self.charge.or(charge.filter(|_| kind != CallKind::Charge)),
        }
    }
}
