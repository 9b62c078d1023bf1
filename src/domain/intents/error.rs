//! Why an intent cannot do what was asked.

use super::Status;
use crate::{
    base::{
        ids::IntentId,
        money::{Money, SumError},
    },
    domain::{
        ledger::Unbalanced,
        rails::{DeclineCode, Rail, TooManyDeclines},
    },
};

/// A refusal: nothing changes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntentError {
    /// The state does not allow the call.
    #[error("a payment intent that is {status} cannot be {verb}")]
    InvalidState {
        /// What was asked, as a participle: `confirmed`, `captured`.
        verb: &'static str,
        /// The intent's status.
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
    /// Too many attempts were declined: none is taken for a while.
    #[error(transparent)]
    TooManyDeclines(#[from] TooManyDeclines),
    /// The merchant is live and the rail moves no money, or no account takes this payment.
    #[error("{}", not_available(*.0))]
    RailNotAvailable(Rail),
    /// The rail gives nothing back.
    #[error(
        "{0} gives nothing back: the money is in your own wallet, and only you can send it to the payer"
    )]
    NotRefundable(Rail),
    /// No account that fits works now.
    #[error(
        "the rail {0} is failing: its provider takes no calls by any account of this merchant that fits; pay by another rail, or try again later"
    )]
    RailFailing(Rail),
    /// Our own records disagree with each other: a fault of ours.
    #[error(transparent)]
    Broken(#[from] Broken),
}

fn not_available(rail: Rail) -> String {
    if rail.is_for_tests() {
        format!("the rail {rail} is for test merchants, and this merchant is live")
    } else {
        format!(
            "no rail account of {rail} takes this payment: `GET /v1/rails` says what each takes"
        )
    }
}

/// How records of an intent disagree with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Its amounts are of two currencies, or out of their range.
    #[error("the amounts of the payment intent do not fit together: {0}")]
    Sum(#[from] SumError),
    /// The entry for what happened does not balance.
    #[error("the journal entry cannot be made: {0}")]
    Unbalanced(#[from] Unbalanced),
}

impl From<SumError> for IntentError {
    fn from(error: SumError) -> Self {
        Self::Broken(error.into())
    }
}
