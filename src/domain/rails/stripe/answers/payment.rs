//! Payments, and what becomes of them.

use super::{
    super::{ObjectId, Seen},
    BalanceTransaction, Expandable, Identified, Link,
    expandable::word,
    metadata::{Metadata, attempt},
};
use crate::base::{ids::AttemptId, names::Word};
use serde::Deserialize;

crate::names! {
    /// How far a payment is.
    pub enum PaymentStatus {
        /// The payer has not said yet what to pay with, or what they said failed.
        RequiresPaymentMethod = "requires_payment_method",
        /// It waits for us; pages confirm by themselves.
        RequiresConfirmation = "requires_confirmation",
        /// The payer must do something, such as go to a shop and pay there.
        RequiresAction = "requires_action",
        /// The payer's bank has not answered yet.
        Processing = "processing",
        /// The money is held.
        RequiresCapture = "requires_capture",
        /// What was held is let go, or nothing ever was.
        Canceled = "canceled",
        /// The money is taken.
        Succeeded = "succeeded",
    }
}

/// A payment (a `payment_intent`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: ObjectId,
    /// How far it is.
    #[serde(default, deserialize_with = "word")]
    pub status: Option<Word<PaymentStatus>>,
    amount: i64,
    amount_received: Option<i64>,
    amount_capturable: Option<i64>,
    currency: String,
    /// The last try to pay, if there was any.
    pub latest_charge: Option<Expandable<Charge>>,
    /// Why the last try failed.
    pub last_payment_error: Option<PaymentFault>,
    metadata: Option<Metadata>,
}

impl Payment {
    /// Our charge that it was made for, if it names one.
    pub fn attempt(&self) -> Option<AttemptId> {
        attempt(self.metadata.as_ref())
    }

    /// What was taken, if it says so.
    pub fn received(&self) -> Option<Seen> {
        Some(self.seen(self.amount_received?))
    }

    /// What is held, if it says so.
    pub fn held(&self) -> Option<Seen> {
        Some(self.seen(self.amount_capturable?))
    }

    /// How much it is about.
    pub fn amount(&self) -> Seen {
        self.seen(self.amount)
    }

    /// The last try to pay, if it was asked for.
    pub fn charge(&self) -> Option<&Charge> {
        self.latest_charge.as_ref()?.object()
    }

    /// What was settled of it, if that is known yet and was asked for.
    pub fn settled(&self) -> Option<&BalanceTransaction> {
        self.charge()?.balance_transaction.as_ref()?.object()
    }

    fn seen(&self, smallest: i64) -> Seen {
        let currency = self.currency.clone();
        Seen { smallest, currency }
    }
}

/// Why a try to pay failed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PaymentFault {
    /// In Stripe's words, such as `card_declined`.
    pub code: Option<String>,
    /// In the bank's words, such as `insufficient_funds`.
    pub decline_code: Option<String>,
}

/// One try to pay that reached the bank.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Charge {
    /// Its id.
    pub id: ObjectId,
    amount: i64,
    amount_refunded: Option<i64>,
    currency: String,
    /// Whether the money is taken, not only held.
    #[serde(default)]
    pub captured: bool,
    /// Whether there is a dispute about it.
    #[serde(default)]
    pub disputed: bool,
    /// The payment that it is a try of.
    pub payment_intent: Option<Link>,
    /// What was settled of it.
    pub balance_transaction: Option<Expandable<BalanceTransaction>>,
}

impl Charge {
    /// How much it is about.
    pub fn amount(&self) -> Seen {
        let (smallest, currency) = (self.amount, self.currency.clone());
        Seen { smallest, currency }
    }

    /// How much of it was given back. (What is let go at a capture is none of it.)
    pub fn refunded(&self) -> Seen {
        let smallest = self.amount_refunded.unwrap_or_default();
        let currency = self.currency.clone();
        Seen { smallest, currency }
    }
}

impl Identified for Payment {
    fn id(&self) -> &ObjectId {
        &self.id
    }
}

impl Identified for Charge {
    fn id(&self) -> &ObjectId {
        &self.id
    }
}
