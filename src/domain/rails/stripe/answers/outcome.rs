//! What a page means for the charge that it was made for.

use super::{
    super::Seen, Payment, PaymentFault, PaymentStatus, Session, SessionPayment, SessionStatus,
};
use crate::base::{ids::AttemptId, mode::Mode, money::Money, names::Word};

/// The charge that a page is looked up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Our id of it.
    pub attempt: AttemptId,
    /// Whether its merchant tests.
    pub mode: Mode,
}

/// What became of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The money is taken.
    Paid {
        /// How much, which may be another amount than was asked for.
        amount: Money,
        /// What Stripe keeps of it, in the currency that it settles in; none while that is not
        /// known.
        fee: Option<Money>,
    },
    /// The money is held.
    Authorized {
        /// How much.
        amount: Money,
    },
    /// What was held is let go.
    Canceled,
    /// The payer may pay.
    Open {
        /// Where.
        url: Option<String>,
    },
    /// The payer has done their part, or Stripe says a word that we do not know. It is to be looked
    /// up again.
    Pending,
    /// The payer has done their part, and the money does not come.
    Failed {
        /// Why, in Stripe's words, such as `insufficient_funds`.
        code: Option<String>,
    },
    /// Nobody paid, and nobody can any more.
    Expired,
    /// It was made for another charge, in the other mode, or in no currency of ours.
    NotOurs,
}

impl Outcome {
    /// Whether the money is held, and neither taken nor let go.
    pub const fn is_held(&self) -> bool {
        matches!(self, Self::Authorized { .. })
    }
}

impl Session {
    /// What the page means for the charge that it should have been made for.
    pub fn outcome(&self, expected: &Expected) -> Outcome {
        let is_ours = self.attempt() == Some(expected.attempt);
        let is_of_mode = self
            .livemode
            .is_none_or(|live| live == expected.mode.is_live());
        if !is_ours || !is_of_mode {
            return Outcome::NotOurs;
        }
        match known(self.status.as_ref()) {
            Some(SessionStatus::Open) => Outcome::Open {
                url: self.url.clone(),
            },
            Some(SessionStatus::Expired) => Outcome::Expired,
            Some(SessionStatus::Complete) => match self.payment() {
                Some(payment) => payment.outcome(),
                None => self.of_page(),
            },
            None => Outcome::Pending,
        }
    }

    /// What the page alone tells.
    fn of_page(&self) -> Outcome {
        match known(self.payment_status.as_ref()) {
            Some(SessionPayment::Paid) => {
                of_amount(self.total(), |amount| Outcome::Paid { amount, fee: None })
            }
            // We make no page on which there is nothing to pay.
            Some(SessionPayment::NotRequired) => Outcome::NotOurs,
            Some(SessionPayment::Unpaid) | None => Outcome::Pending,
        }
    }
}

impl Payment {
    /// What became of a payment whose page is complete: there is no other try.
    pub fn outcome(&self) -> Outcome {
        match known(self.status.as_ref()) {
            Some(PaymentStatus::Succeeded) => {
                let fee = self.settled().and_then(|settled| settled.fee().money());
                of_amount(self.received(), |amount| Outcome::Paid { amount, fee })
            }
            Some(PaymentStatus::RequiresCapture) => {
                of_amount(self.held(), |amount| Outcome::Authorized { amount })
            }
            Some(PaymentStatus::Canceled) => Outcome::Canceled,
            Some(PaymentStatus::RequiresPaymentMethod) => Outcome::Failed {
                code: self.last_payment_error.as_ref().and_then(code),
            },
            Some(
                PaymentStatus::RequiresConfirmation
                | PaymentStatus::RequiresAction
                | PaymentStatus::Processing,
            )
            | None => Outcome::Pending,
        }
    }
}

/// What an amount means that may be missing, or be none of a currency of ours.
fn of_amount(seen: Option<Seen>, outcome: impl FnOnce(Money) -> Outcome) -> Outcome {
    match seen.map(|seen| seen.money()) {
        Some(Some(amount)) => outcome(amount),
        Some(None) => Outcome::NotOurs,
        None => Outcome::Pending,
    }
}

fn code(fault: &PaymentFault) -> Option<String> {
    fault.decline_code.clone().or_else(|| fault.code.clone())
}

/// The word, if there is one and we know it.
fn known<T: Copy>(word: Option<&Word<T>>) -> Option<T> {
    match word {
        Some(Word::Known(known)) => Some(*known),
        Some(Word::Other(_)) | None => None,
    }
}
