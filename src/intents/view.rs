//! Payment intents and refunds as the API gives them.

use super::{
    CancellationReason, CaptureMethod, Intent, LastError, Refund, RefundStatus, State, Status,
};
use crate::{
    ids::{AttemptId, IntentId, LinkId, RefundId},
    rails::{DeclineCode, Rail},
    threads::Thread,
    timestamp,
};
use serde::Serialize;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// A payment intent. Amounts are decimal strings in major units.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PaymentIntent<'a> {
    id: IntentId,
    /// Always `payment_intent`.
    object: &'static str,
    livemode: bool,
    status: Status,
    amount: String,
    currency: &'static str,
    /// The part of the amount that is a tip; through links that offer one.
    tip: Option<String>,
    amount_capturable: String,
    amount_captured: String,
    amount_refunded: String,
    capture_method: CaptureMethod,
    description: Option<&'a str>,
    reference: Option<&'a str>,
    line_items: Vec<LineItemObject<'a>>,
    thread: Option<&'a Thread>,
    /// The address of the page that takes the payment.
    pay_url: String,
    /// The link that it was made through.
    payment_link: Option<LinkId>,
    rail: Rail,
    /// What the payer must do first, while the status is `requires_action`.
    next_action: Option<NextAction>,
    /// Why the last attempt failed, until one succeeds.
    last_error: Option<LastErrorObject>,
    cancellation_reason: Option<CancellationReason>,
    metadata: &'a BTreeMap<String, String>,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    expires_at: OffsetDateTime,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

/// A line of what is paid for.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LineItemObject<'a> {
    label: &'a str,
    quantity: u32,
    unit_amount: String,
}

/// What the payer must do.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct NextAction {
    /// Always `redirect`: send the payer to `url`.
    r#type: &'static str,
    url: String,
}

/// Why an attempt failed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LastErrorObject {
    /// Always `payment_declined`.
    code: &'static str,
    decline_code: DeclineCode,
    message: &'static str,
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
    pub fn new(intent: &'a Intent, pay_url: String, now: OffsetDateTime) -> Self {
        let terms = &*intent.terms;
        let status = intent.status_at(now);
        let cancellation_reason = if let State::Canceled(reason) = intent.state {
            reason
        } else {
            None
        };
        let next_action = (status == Status::RequiresAction).then(|| NextAction {
            r#type: "redirect",
            url: pay_url.clone(),
        });
        let line_item = |item: &'a super::LineItem| LineItemObject {
            label: &item.label,
            quantity: item.quantity,
            unit_amount: item.unit_amount.to_string(),
        };
        Self {
            id: intent.id,
            object: "payment_intent",
            livemode: false,
            status,
            amount: terms.amount.to_string(),
            currency: terms.amount.currency().code(),
            tip: terms.tip.map(|tip| tip.to_string()),
            amount_capturable: intent.capturable().to_string(),
            amount_captured: intent.sums.captured.to_string(),
            amount_refunded: intent.sums.refunded.to_string(),
            capture_method: terms.capture_method,
            description: terms.description.as_deref(),
            reference: terms.reference.as_deref(),
            line_items: terms.line_items.iter().map(line_item).collect(),
            thread: terms.thread.as_ref(),
            pay_url,
            payment_link: terms.payment_link,
            rail: terms.rail,
            next_action,
            last_error: intent.last_error.map(LastErrorObject::from),
            cancellation_reason,
            metadata: &terms.metadata,
            expires_at: intent.expires_at(),
            created_at: intent.created_at,
            updated_at: intent.updated_at,
        }
    }
}

/// A refund.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Refund)]
pub struct RefundObject<'a> {
    id: RefundId,
    /// Always `refund`.
    object: &'static str,
    livemode: bool,
    payment_intent: IntentId,
    amount: String,
    currency: &'static str,
    status: RefundStatus,
    reason: Option<&'a str>,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

impl<'a> From<&'a Refund> for RefundObject<'a> {
    fn from(refund: &'a Refund) -> Self {
        Self {
            id: refund.id,
            object: "refund",
            livemode: false,
            payment_intent: refund.intent,
            amount: refund.amount.to_string(),
            currency: refund.amount.currency().code(),
            status: refund.status,
            reason: refund.reason.as_deref(),
            created_at: refund.created_at,
            updated_at: refund.updated_at,
        }
    }
}
