//! Sessions: pages on which one payment is made.

use super::{
    super::{ObjectId, Seen},
    Expandable, Identified, Payment,
    expandable::word,
};
use crate::base::{ids::AttemptId, names::Word};
use serde::Deserialize;

crate::names! {
    /// What can be done on a page.
    pub enum SessionStatus {
        /// The payer may pay.
        Open = "open",
        /// The payer has done their part; the money may come later, or not.
        Complete = "complete",
        /// Nobody can pay any more.
        Expired = "expired",
    }
}

crate::names! {
    /// Whether the money of a page is there.
    pub enum SessionPayment {
        /// It is.
        Paid = "paid",
        /// It is not, or is only held.
        Unpaid = "unpaid",
        /// There was nothing to pay.
        NotRequired = "no_payment_required",
    }
}

/// A page on which one payment is made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: ObjectId,
    /// Where the payer pays; only while it is open.
    pub url: Option<String>,
    /// What can be done on it.
    #[serde(default, deserialize_with = "word")]
    pub status: Option<Word<SessionStatus>>,
    /// Whether the money is there.
    #[serde(default, deserialize_with = "word")]
    pub payment_status: Option<Word<SessionPayment>>,
    /// Whose it is: our attempt, as text.
    pub client_reference_id: Option<String>,
    /// Whether it is of live mode.
    pub livemode: Option<bool>,
    amount_total: Option<i64>,
    currency: Option<String>,
    /// The payment; none until the payer begins.
    pub payment_intent: Option<Expandable<Payment>>,
}

impl Session {
    /// Our charge that it was made for, if it names one.
    pub fn attempt(&self) -> Option<AttemptId> {
        self.client_reference_id.as_ref()?.parse().ok()
    }

    /// What was to be paid.
    pub fn total(&self) -> Option<Seen> {
        let (smallest, currency) = (self.amount_total?, self.currency.clone()?);
        Some(Seen { smallest, currency })
    }

    /// The payment, if it was asked for and there is one.
    pub fn payment(&self) -> Option<&Payment> {
        self.payment_intent.as_ref()?.object()
    }

    /// The id of the payment, if there is one.
    pub fn payment_id(&self) -> Option<&ObjectId> {
        self.payment_intent.as_ref().map(Expandable::id)
    }
}

impl Identified for Session {
    fn id(&self) -> &ObjectId {
        &self.id
    }
}
