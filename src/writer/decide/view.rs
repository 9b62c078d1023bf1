//! Printing what a decision is about, for its answer and its events.

use super::Desk;
use crate::{
    domain::{
        callbacks::EventType,
        intents::{Intent, IntentEvent, PaymentIntent, Refund, RefundObject},
        ledger::LedgerError,
        links::{Link, PaymentLink},
    },
    writer::{Rejection, decision::Told},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// Prints an object. Its parts are text and numbers, so it cannot fail but for want of memory.
pub(super) fn print(object: &impl Serialize) -> Result<Box<RawValue>, Rejection> {
    to_raw_value(object).map_err(|_| Rejection::Ledger(LedgerError::Overflow))
}

impl Desk<'_> {
    pub(super) fn print_intent(&self, intent: &Intent) -> Result<Box<RawValue>, Rejection> {
        let pay_url = self.scene.urls.stored_url(&intent.id.to_string());
        print(&PaymentIntent::new(intent, pay_url, self.scene.now))
    }

    pub(super) fn print_link(&self, link: &Link) -> Result<Box<RawValue>, Rejection> {
        let url = self.scene.urls.stored_url(&link.id.to_string());
        print(&PaymentLink::new(link, url, self.scene.now))
    }
}

/// An event about an intent or its refund.
pub(super) fn tell_intent(event: IntentEvent, intent: &Intent, data: &RawValue) -> Told {
    Told {
        event_type: event_type(event),
        data: data.to_owned(),
        thread: intent.terms.thread.clone(),
        of_intent: true,
        only: None,
    }
}

/// An event about a link.
pub(super) fn tell_link(event_type: EventType, link: &Link, data: &RawValue) -> Told {
    Told {
        event_type,
        data: data.to_owned(),
        thread: link.terms.thread.clone(),
        of_intent: false,
        only: None,
    }
}

/// Prints a refund.
pub(super) fn print_refund(refund: &Refund) -> Result<Box<RawValue>, Rejection> {
    print(&RefundObject::from(refund))
}

fn event_type(event: IntentEvent) -> EventType {
    match event {
        IntentEvent::Created => EventType::IntentCreated,
        IntentEvent::Processing => EventType::IntentProcessing,
        IntentEvent::RequiresAction => EventType::IntentRequiresAction,
        IntentEvent::RequiresCapture => EventType::IntentRequiresCapture,
        IntentEvent::PaymentFailed => EventType::IntentPaymentFailed,
        IntentEvent::Succeeded => EventType::IntentSucceeded,
        IntentEvent::Canceled => EventType::IntentCanceled,
        IntentEvent::Expired => EventType::IntentExpired,
        IntentEvent::RefundCreated => EventType::RefundCreated,
        IntentEvent::RefundSucceeded => EventType::RefundSucceeded,
        IntentEvent::RefundFailed => EventType::RefundFailed,
    }
}
