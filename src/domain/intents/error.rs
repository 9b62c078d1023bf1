//! Why an intent cannot do what was asked.

use super::Status;
use crate::{
    base::{
        ids::IntentId,
        money::{Money, SumError},
    },
    domain::rails::DeclineCode,
};

/// A refusal: nothing changes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntentError {
    /// The state does not allow the call.
    #[error("a payment intent that is {status} cannot be {verb}")]
    InvalidState {
        /// What was asked, as a participle: `confirmed`, `captured`.
        verb: &'static str,
        /// Where the intent stands.
        status: Status,
    },
    /// More than there is to capture or refund.
    #[error("at most {most} {} can be {verb}", most.currency())]
    AmountTooLarge {
        /// What was asked, as a participle: `captured`, `refunded`.
        verb: &'static str,
        /// The most that can be.
        most: Money,
    },
    /// The rail declined. The attempt is recorded and the intent can be paid again.
    #[error("{}", .code.message())]
    Declined {
        /// The intent.
        intent: IntentId,
        /// The rail's reason.
        code: DeclineCode,
    },
    /// An amount left the range of 64 bits.
    #[error(transparent)]
    Sum(#[from] SumError),
}
