//! The payment intent and its states.

use super::IntentError;
use crate::{
    base::{
        ids::{AttemptId, IntentId, LinkId, MerchantId},
        money::Money,
        quota::Used,
    },
    domain::{
        details::Details,
        rails::{DeclineCode, NextAction, PaymentMethod, Rail, Rails, Route},
    },
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

crate::names! {
    /// Whether money is taken at once or held until the merchant says so.
    pub enum CaptureMethod {
        /// Taken at once.
        Automatic = "automatic",
        /// Held until captured.
        Manual = "manual",
    }
}

crate::names! {
    /// The status of an intent, as one word.
    pub enum Status {
        /// It can be paid.
        RequiresPayment = "requires_payment",
        /// The rail has been asked and has not given an outcome.
        Processing = "processing",
        /// The payer must do something before the rail goes on.
        RequiresAction = "requires_action",
        /// Money is held and waits for the capture.
        RequiresCapture = "requires_capture",
        /// Money was taken. Refunds never change this.
        Succeeded = "succeeded",
        /// Called off.
        Canceled = "canceled",
        /// Nobody paid in time.
        Expired = "expired",
    }
}

crate::names! {
    /// Why an intent was called off.
    pub enum CancellationReason {
        /// The payer asked for it.
        RequestedByCustomer = "requested_by_customer",
        /// It was asked for twice.
        Duplicate = "duplicate",
        /// It looked like fraud.
        Fraudulent = "fraudulent",
        /// The payer went away.
        Abandoned = "abandoned",
        /// The rail let go of what it held, since nobody captured it in time.
        AuthorizationExpired = "authorization_expired",
    }
}

crate::names! {
    /// What a line does to the sum.
    pub enum LineItemKind {
        /// It is paid for.
        Item = "item",
        /// It is taken off.
        Discount = "discount",
    }
}

/// A line of what is paid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineItem {
    /// What it does to the sum.
    pub kind: LineItemKind,
    /// What it is; the payer reads it.
    pub label: String,
    /// How many.
    pub quantity: u32,
    /// The price of one, or what one takes off.
    pub unit_amount: Money,
}

impl LineItem {
    /// What one of it adds to the sum: of a discount less than nothing.
    pub fn effect(&self) -> Money {
        match self.kind {
            LineItemKind::Item => self.unit_amount,
            LineItemKind::Discount => {
                let taken = self.unit_amount.minor().saturating_neg();
                Money::new(taken, self.unit_amount.currency())
            }
        }
    }
}

/// What was asked for. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How much, tip included.
    pub amount: Money,
    /// The part of the amount that is a tip.
    pub tip: Option<Money>,
    /// Whether money is taken at once.
    pub capture_method: CaptureMethod,
    /// What it is about.
    pub details: Details,
    /// Its lines; they sum to the amount, or there are none.
    pub line_items: Vec<LineItem>,
    /// The rails by which it may be paid.
    pub rails: Rails,
    /// The link that it was made through.
    pub payment_link: Option<LinkId>,
    /// How long it can be paid.
    pub lifetime: Duration,
}

impl Terms {
    /// What asks for an amount and says nothing else.
    pub fn of(amount: Money, lifetime: Duration) -> Self {
        Self {
            amount,
            tip: None,
            capture_method: CaptureMethod::Automatic,
            details: Details::default(),
            line_items: Vec::new(),
            rails: Rails::default(),
            payment_link: None,
            lifetime,
        }
    }
}

/// Why the last attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastError {
    /// The rail's reason.
    pub decline_code: DeclineCode,
    /// The attempt.
    pub attempt: AttemptId,
}

/// What an intent in `processing` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A charge.
    Charge,
    /// A charge whose payer sends the money without us. It may be paid by other means meanwhile.
    Transfer,
    /// A capture of held money.
    Capture,
    /// The release of held money, for this reason.
    Void(Option<CancellationReason>),
    /// The close of a charge that waits for its payer, and what for.
    Close(Ending),
}

/// Why a charge that waits for its payer is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The intent is called off, for this reason.
    Cancel(Option<CancellationReason>),
    /// The intent's time is over.
    Expire,
    /// The payer did not act in time, and keeps others from paying.
    GiveUp,
}

/// The state of an intent, with what belongs to that state alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be paid.
    RequiresPayment,
    /// The rail was asked by this attempt.
    Processing(AttemptId, Opening),
    /// The payer must act on this attempt.
    RequiresAction(AttemptId),
    /// Money is held.
    RequiresCapture,
    /// Money was taken.
    Succeeded,
    /// Called off.
    Canceled(Option<CancellationReason>),
    /// Nobody paid in time.
    Expired,
}

impl State {
    /// The state as one word.
    pub fn status(self) -> Status {
        match self {
            Self::RequiresPayment => Status::RequiresPayment,
            Self::Processing(..) => Status::Processing,
            Self::RequiresAction(_) => Status::RequiresAction,
            Self::RequiresCapture => Status::RequiresCapture,
            Self::Succeeded => Status::Succeeded,
            Self::Canceled(_) => Status::Canceled,
            Self::Expired => Status::Expired,
        }
    }
}

/// The sums of an intent, all in its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Held or taken by the rail.
    pub authorized: Money,
    /// Taken.
    pub captured: Money,
    /// Given back.
    pub refunded: Money,
    /// On its way back.
    pub refunding: Money,
}

/// A payment intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Its id.
    pub id: IntentId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// What was asked for.
    pub terms: Arc<Terms>,
    /// Its state.
    pub state: State,
    /// Its sums.
    pub sums: Sums,
    /// Why the last attempt failed, until one succeeds.
    pub last_error: Option<LastError>,
    /// Its declines of late; through a link, those of the link at the last of its own.
    pub declines: Used,
    /// The attempt that charged the payer.
    pub charge: Option<AttemptId>,
    /// By which rail it was paid, or was last tried; the sandbox until then.
    pub route: Route,
    /// With what; none until then, and where that was not kept.
    pub method: Option<PaymentMethod>,
    /// What the payer must do, while it waits for that.
    pub next_action: Option<Box<NextAction>>,
    /// How many events it has had.
    pub event_sequence: i32,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

impl Intent {
    /// A new intent that waits for its payer.
    pub fn new(id: IntentId, merchant: MerchantId, terms: Terms, now: OffsetDateTime) -> Self {
        let zero = Money::zero(terms.amount.currency());
        let sums = Sums {
            authorized: zero,
            captured: zero,
            refunded: zero,
            refunding: zero,
        };
        let (state, created_at, updated_at) = (State::RequiresPayment, now, now);
        let terms = Arc::new(terms);
        Self {
            id,
            merchant,
            terms,
            state,
            sums,
            last_error: None,
            declines: Used::default(),
            charge: None,
            route: Route::SANDBOX,
            method: None,
            next_action: None,
            event_sequence: 0,
            created_at,
            updated_at,
        }
    }

    /// When it can no longer be paid.
    pub fn expires_at(&self) -> OffsetDateTime {
        self.created_at + self.terms.lifetime
    }

    /// Its status at `now`: one whose time is over is expired before the worker says so. Not while a
    /// charge waits for its payer: who pays before the rail has closed it has paid.
    pub fn status_at(&self, now: OffsetDateTime) -> Status {
        if self.is_overdue(now) {
            Status::Expired
        } else {
            self.state.status()
        }
    }

    pub(super) fn is_overdue(&self, now: OffsetDateTime) -> bool {
        self.state == State::RequiresPayment && self.expires_at() <= now
    }

    /// What can still be captured.
    pub fn capturable(&self) -> Money {
        match self.state {
            State::RequiresCapture => self.sums.authorized,
            State::RequiresPayment
            | State::Processing(..)
            | State::RequiresAction(_)
            | State::Succeeded
            | State::Canceled(_)
            | State::Expired => Money::zero(self.terms.amount.currency()),
        }
    }

    /// Whether a payment is under way that may still take money: it holds a place of its link. Not
    /// while money is to be sent by a transfer, which keeps nobody else from paying.
    pub fn is_under_way(&self) -> bool {
        match self.state {
            State::Processing(_, opening) => opening != Opening::Transfer,
            State::RequiresAction(_) | State::RequiresCapture => true,
            State::RequiresPayment | State::Succeeded | State::Canceled(_) | State::Expired => {
                false
            }
        }
    }

    /// What its payer must do, while it waits for that.
    pub fn waits_with(&self) -> Option<&NextAction> {
        match (self.state, self.route.rail) {
            (State::RequiresAction(_), Rail::Sandbox) => Some(&NextAction::SandboxAction),
            (State::RequiresAction(_) | State::Processing(_, Opening::Transfer), _) => {
                self.next_action.as_deref()
            }
            (
                State::RequiresPayment
                | State::Processing(
                    _,
                    Opening::Charge | Opening::Capture | Opening::Void(_) | Opening::Close(_),
                )
                | State::RequiresCapture
                | State::Succeeded
                | State::Canceled(_)
                | State::Expired,
                _,
            ) => None,
        }
    }

    /// Whether it waits for money that its payer sends without us.
    pub fn waits_for_transfer(&self) -> bool {
        matches!(self.state, State::Processing(_, Opening::Transfer))
    }

    /// By which rail it was paid, or is being paid; none before.
    pub fn rail_used(&self) -> Option<Route> {
        let open = matches!(self.state, State::Processing(..) | State::RequiresAction(_));
        (open || self.method.is_some() || self.charge.is_some()).then_some(self.route)
    }

    /// The error of a call that this state does not allow.
    pub(super) fn refuse(&self, verb: &'static str, now: OffsetDateTime) -> IntentError {
        IntentError::InvalidState {
            verb,
            status: self.status_at(now),
        }
    }
}
