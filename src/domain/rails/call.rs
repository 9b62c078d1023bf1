//! What a rail is asked and what it answers.

use super::{Rail, Route, sandbox::SandboxMethod};
use crate::base::{ids::AttemptId, money::Money, names::UnknownName};
use std::{fmt, str::FromStr};

crate::names! {
    /// What a rail is asked to do.
    pub enum CallKind {
        /// Take money from the payer, or hold it for a later capture.
        Charge = "charge",
        /// Take money that is held.
        Capture = "capture",
        /// Let go of money that is held.
        Void = "void",
        /// Make a charge that waits for its payer unpayable.
        Close = "close",
        /// Give money back.
        Refund = "refund",
    }
}

crate::names! {
    /// Why a rail refused.
    pub enum DeclineCode {
        /// The payer's bank refused and gave no reason.
        CardDeclined = "card_declined",
        /// The payer's account does not hold enough.
        InsufficientFunds = "insufficient_funds",
        /// The payer did not prove who they are.
        AuthenticationFailed = "authentication_failed",
        /// The rail failed, and no money moved.
        ProcessingError = "processing_error",
        /// The rail moved another amount than it was asked to.
        WrongAmount = "wrong_amount",
        /// The payer sent no money in time.
        NotPaidInTime = "not_paid_in_time",
    }
}

impl DeclineCode {
    /// One sentence for the people who build on us.
    pub fn message(self) -> &'static str {
        match self {
            Self::CardDeclined => {
                "The payer's bank declined the payment. Ask the payer to use another payment method."
            }
            Self::InsufficientFunds => {
                "The payer's account does not hold enough money. Ask the payer to use another payment method."
            }
            Self::AuthenticationFailed => {
                "The payer did not complete the authentication. Ask the payer to try again."
            }
            Self::ProcessingError => {
                "The rail could not process the payment and no money moved. Try again."
            }
            Self::WrongAmount => {
                "The rail moved another amount than was asked for. It is kept apart until it is decided on."
            }
            Self::NotPaidInTime => {
                "No money came in time. What comes later is kept apart until it is decided on."
            }
        }
    }
}

/// What the payer pays with, as one rail names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentMethod {
    /// A method of the sandbox rail.
    Sandbox(SandboxMethod),
    /// A transfer from any bank.
    BankTransfer,
    /// Whatever Stripe's page offers.
    Stripe,
    /// A token of a chain.
    X402,
}

// A rail with one method is the method.
const BANK_TRANSFER: &str = Rail::BankTransfer.as_str();
const STRIPE: &str = Rail::Stripe.as_str();
const X402: &str = Rail::X402.as_str();

impl PaymentMethod {
    /// Reads the name of a method of `rail`.
    pub fn parse(rail: Rail, name: &str) -> Result<Self, UnknownName> {
        match rail {
            Rail::Sandbox => SandboxMethod::from_str(name).map(Self::Sandbox),
            Rail::BankTransfer => Rail::from_str(name).map(|_| Self::BankTransfer),
            Rail::Stripe => Rail::from_str(name).map(|_| Self::Stripe),
            Rail::X402 => Rail::from_str(name).map(|_| Self::X402),
        }
    }

    /// The rail that it is a method of.
    pub fn rail(self) -> Rail {
        match self {
            Self::Sandbox(_) => Rail::Sandbox,
            Self::BankTransfer => Rail::BankTransfer,
            Self::Stripe => Rail::Stripe,
            Self::X402 => Rail::X402,
        }
    }
}

/// Reads the name of a method of any rail: names tell the rail.
impl FromStr for PaymentMethod {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            BANK_TRANSFER => Ok(Self::BankTransfer),
            STRIPE => Ok(Self::Stripe),
            X402 => Ok(Self::X402),
            name => SandboxMethod::from_str(name).map(Self::Sandbox),
        }
    }
}

impl fmt::Display for PaymentMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sandbox(method) => method.fmt(f),
            Self::BankTransfer => f.write_str(BANK_TRANSFER),
            Self::Stripe => f.write_str(STRIPE),
            Self::X402 => f.write_str(X402),
        }
    }
}

/// One request to a rail. The attempt's id is our idempotency key with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RailCall {
    /// The rail to ask, and as whom.
    pub route: Route,
    /// Our id of the request.
    pub attempt: AttemptId,
    /// What to do.
    pub kind: CallKind,
    /// What the payer pays with; for charges.
    pub method: Option<PaymentMethod>,
    /// How much.
    pub amount: Money,
    /// The charge that it is about; for all but charges.
    pub charge: Option<AttemptId>,
}

/// What a rail says of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RailAnswer {
    /// Done. (A charge that is captured by hand is authorized.)
    Succeeded,
    /// Refused, and no money moved.
    Declined(DeclineCode),
    /// Taken on; the outcome comes later.
    Pending,
    /// The payer must do something first.
    RequiresAction,
    /// No answer came, so money may or may not have moved.
    Unknown,
}
