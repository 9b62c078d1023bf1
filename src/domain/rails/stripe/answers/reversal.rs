//! Money that goes back: given back by the merchant, or taken back by a payer's bank.

use super::{
    super::{ObjectId, Seen},
    BalanceTransaction, Identified, Link,
    expandable::word,
    metadata::{Metadata, attempt},
};
use crate::base::{ids::AttemptId, names::Word};
use serde::Deserialize;

crate::names! {
    /// How far a refund is. One that has succeeded may fail later.
    pub enum RefundStatus {
        /// It is under way.
        Pending = "pending",
        /// The payer must do something, such as name an account.
        RequiresAction = "requires_action",
        /// The money is given back.
        Succeeded = "succeeded",
        /// The money is ours again.
        Failed = "failed",
        /// It was called off before the money went.
        Canceled = "canceled",
    }
}

crate::names! {
    /// How far a dispute is.
    pub enum DisputeStatus {
        /// The bank asks, and takes nothing yet.
        WarningNeedsResponse = "warning_needs_response",
        /// The bank reads the answer.
        WarningUnderReview = "warning_under_review",
        /// The bank asks no longer.
        WarningClosed = "warning_closed",
        /// The money is taken back, and evidence can be given.
        NeedsResponse = "needs_response",
        /// The bank reads the evidence.
        UnderReview = "under_review",
        /// The merchant won.
        Won = "won",
        /// The payer won.
        Lost = "lost",
        /// It was ended before it began.
        Prevented = "prevented",
        /// The other side appeals, and evidence can be given.
        AppealNeedsResponse = "appeal_needs_response",
        /// The appeal is read.
        AppealUnderReview = "appeal_under_review",
    }
}

/// Money that is given back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Refund {
    /// Its id.
    pub id: ObjectId,
    /// How far it is.
    #[serde(default, deserialize_with = "word")]
    pub status: Option<Word<RefundStatus>>,
    amount: i64,
    currency: String,
    /// Why it failed, in Stripe's words, such as `expired_or_canceled_card`.
    pub failure_reason: Option<String>,
    /// The payment that it gives back.
    pub payment_intent: Option<Link>,
    /// The try that it gives back.
    pub charge: Option<Link>,
    /// What it took off the balance.
    pub balance_transaction: Option<Link>,
    /// What came back to the balance when it failed.
    pub failure_balance_transaction: Option<Link>,
    metadata: Option<Metadata>,
}

impl Refund {
    /// Our attempt that it was made by; none if it was made at Stripe without us.
    pub fn attempt(&self) -> Option<AttemptId> {
        attempt(self.metadata.as_ref())
    }

    /// How much is given back.
    pub fn amount(&self) -> Seen {
        let (smallest, currency) = (self.amount, self.currency.clone());
        Seen { smallest, currency }
    }
}

/// A payer's bank takes money back, or asks whether it may.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Dispute {
    /// Its id.
    pub id: ObjectId,
    /// How far it is.
    #[serde(default, deserialize_with = "word")]
    pub status: Option<Word<DisputeStatus>>,
    amount: i64,
    currency: String,
    /// In Stripe's words, such as `fraudulent`.
    pub reason: Option<String>,
    /// The payment that it is about.
    pub payment_intent: Option<Link>,
    /// The try that it is about.
    pub charge: Option<Link>,
    /// What it took off the balance and gave back to it, at most one of each. The status tells
    /// nothing of money.
    #[serde(default)]
    pub balance_transactions: Vec<BalanceTransaction>,
}

impl Dispute {
    /// How much it is about.
    pub fn amount(&self) -> Seen {
        let (smallest, currency) = (self.amount, self.currency.clone());
        Seen { smallest, currency }
    }
}

impl Identified for Refund {
    fn id(&self) -> &ObjectId {
        &self.id
    }
}
