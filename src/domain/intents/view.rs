//! Payment intents and refunds as the API gives them.

use super::{
    CancellationReason, CaptureMethod, Intent, LastError, LineItemKind, Refund, RefundStatus,
    State, Status,
};
use crate::{
    base::{
        ids::{AttemptId, IntentId, LinkId, RefundId},
        mode::Mode,
        names::Word,
        timestamp,
    },
    domain::{
        rails::{DeclineCode, NextAction, Rail},
        threads::Thread,
    },
};
use serde::Serialize;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// A payment intent. Amounts are decimal strings in major units.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PaymentIntent<'a> {
    /// Its id.
    id: IntentId,
    /// Always `payment_intent`.
    object: &'static str,
    /// Whether real money moves.
    livemode: bool,
    /// Its status.
    status: Status,
    /// What the payer pays, the tip included, in major units.
    amount: String,
    /// ISO 4217 code.
    currency: &'static str,
    /// The part of the amount that is a tip; through links that offer one.
    tip: Option<String>,
    /// What is held and can be captured.
    amount_capturable: String,
    /// What was captured.
    amount_captured: String,
    /// What went back to the payer.
    amount_refunded: String,
    /// Whether money is taken at once or held for a capture.
    capture_method: CaptureMethod,
    /// What it is for, in your words; the payer reads it.
    description: Option<&'a str>,
    /// Your own name for it.
    reference: Option<&'a str>,
    /// What is paid for; empty if nothing was said.
    line_items: Vec<LineItemObject<'a>>,
    /// Where it was asked for.
    thread: Option<&'a Thread>,
    /// The address of the page that takes the payment; null for keys of role `finance`, which must
    /// not move money.
    pay_url: Option<String>,
    /// The link that it was made through.
    payment_link: Option<LinkId>,
    /// The rails by which it may be paid; null for all that fit.
    rails: Option<&'a [Rail]>,
    /// The rail by which it was paid or is being paid, or was last tried; null before.
    rail: Option<Rail>,
    /// What it was paid with, or is being paid with; null before.
    payment_method: Option<String>,
    /// What the payer must do, while the status is `requires_action`, or is `processing` and waits
    /// for a bank transfer.
    next_action: Option<NextAction>,
    /// Why the last attempt failed, until one succeeds.
    last_error: Option<LastErrorObject>,
    /// Until when no attempt to pay is taken, since too many were declined; null while attempts are
    /// taken.
    #[schema(value_type = Option<String>, format = "date-time")]
    attempts_blocked_until: Option<String>,
    /// Why it was canceled, if a reason was given.
    cancellation_reason: Option<CancellationReason>,
    /// Your own notes. Empty in events that a payer causes on a page without paying: strangers cause
    /// those, too.
    metadata: &'a BTreeMap<String, String>,
    /// From when on it cannot be paid any more.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    expires_at: OffsetDateTime,
    /// When it was made.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    /// When it last changed.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

/// A line of what is paid for.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = LineItem)]
pub struct LineItemObject<'a> {
    /// Whether it is paid for or taken off.
    kind: LineItemKind,
    /// What it is.
    label: &'a str,
    /// How many.
    quantity: u32,
    /// The price of one, or what one takes off, in major units.
    unit_amount: String,
}

/// Why an attempt failed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = LastError)]
pub struct LastErrorObject {
    /// Always `payment_declined`.
    code: &'static str,
    /// Why, for programs.
    decline_code: DeclineCode,
    /// Why, for the payer.
    message: &'static str,
    /// The attempt that failed.
    attempt: AttemptId,
}

impl From<LastError> for LastErrorObject {
    fn from(error: LastError) -> Self {
        let LastError {
            decline_code,
            attempt,
        } = error;
        Self {
            code: "payment_declined",
            decline_code,
            message: decline_code.message(),
            attempt,
        }
    }
}

impl<'a> PaymentIntent<'a> {
    /// The intent at `now`, with the address of its page as given.
    pub fn new(intent: &'a Intent, mode: Mode, pay_url: String, now: OffsetDateTime) -> Self {
        let terms = &*intent.terms;
        let status = intent.status_at(now);
        let cancellation_reason = if let State::Canceled(reason) = intent.state {
            reason
        } else {
            None
        };
        let line_item = |item: &'a super::LineItem| LineItemObject {
            kind: item.kind,
            label: &item.label,
            quantity: item.quantity,
            unit_amount: item.unit_amount.to_string(),
        };
        Self {
            id: intent.id,
            object: "payment_intent",
            livemode: mode.is_live(),
            status,
            amount: terms.amount.to_string(),
            currency: terms.amount.currency().code(),
            tip: terms.tip.map(|tip| tip.to_string()),
            amount_capturable: intent.capturable().to_string(),
            amount_captured: intent.sums.captured.to_string(),
            amount_refunded: intent.sums.refunded.to_string(),
            capture_method: terms.capture_method,
            description: terms.details.description.as_deref(),
            reference: terms.details.reference.as_deref(),
            line_items: terms.line_items.iter().map(line_item).collect(),
            thread: terms.details.thread.as_ref(),
            pay_url: Some(pay_url),
            payment_link: terms.payment_link,
            rails: terms.rails.listed(),
            rail: intent.rail_used().map(|route| route.rail),
            payment_method: intent.method.map(|method| method.to_string()),
            next_action: intent.waits_with().cloned(),
            last_error: intent.last_error.map(LastErrorObject::from),
            attempts_blocked_until: intent.declines.up_until(now).map(timestamp::format),
            cancellation_reason,
            metadata: &terms.details.metadata,
            expires_at: intent.expires_at(),
            created_at: intent.created_at,
            updated_at: intent.updated_at,
        }
    }

    /// The same without the merchant's notes.
    #[must_use]
    pub fn without_metadata(self) -> Self {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        Self {
            metadata: &NONE,
            ..self
        }
    }

    /// The same for those who may not pay: without the address of the page.
    #[must_use]
    pub fn without_page(self) -> Self {
        let next_action = self.next_action.map(NextAction::without_address);
        Self {
            pay_url: None,
            next_action,
            ..self
        }
    }
}

/// A refund.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Refund)]
pub struct RefundObject<'a> {
    /// Its id.
    id: RefundId,
    /// Always `refund`.
    object: &'static str,
    /// Whether real money moves.
    livemode: bool,
    /// The payment intent whose money goes back.
    payment_intent: IntentId,
    /// How much, in major units.
    amount: String,
    /// ISO 4217 code.
    currency: &'static str,
    /// Its status.
    #[schema(value_type = RefundStatus)]
    status: &'a Word<RefundStatus>,
    /// Why, in your words.
    reason: Option<&'a str>,
    /// When it was asked for.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    /// When it last changed.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

impl<'a> RefundObject<'a> {
    /// The refund of a merchant of this mode.
    pub fn new(refund: &'a Refund, mode: Mode) -> Self {
        Self {
            id: refund.id,
            object: "refund",
            livemode: mode.is_live(),
            payment_intent: refund.intent,
            amount: refund.amount.to_string(),
            currency: refund.amount.currency().code(),
            status: &refund.status,
            reason: refund.reason.as_deref(),
            created_at: refund.created_at,
            updated_at: refund.updated_at,
        }
    }
}
