//! What a rail is asked and what it answers.

use super::{
    Rail, Route,
    sandbox::{SandboxMethod, Scenario},
};
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

/// What the payer pays with, as one rail names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentMethod {
    /// A method of the sandbox rail.
    Sandbox(SandboxMethod),
    /// A scenario of the sandbox.
    Scenario(Scenario),
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
            Rail::Sandbox => played(name),
            Rail::BankTransfer => Rail::from_str(name).map(|_| Self::BankTransfer),
            Rail::Stripe => Rail::from_str(name).map(|_| Self::Stripe),
            Rail::X402 => Rail::from_str(name).map(|_| Self::X402),
        }
    }

    /// The rail that it is a method of.
    pub fn rail(self) -> Rail {
        match self {
            Self::Sandbox(_) | Self::Scenario(_) => Rail::Sandbox,
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
            name => played(name),
        }
    }
}

/// Reads the name of a method of the sandbox.
fn played(name: &str) -> Result<PaymentMethod, UnknownName> {
    match name.parse() {
        Ok(scenario) => Ok(PaymentMethod::Scenario(scenario)),
        Err(_) => SandboxMethod::from_str(name).map(PaymentMethod::Sandbox),
    }
}

impl fmt::Display for PaymentMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sandbox(method) => method.fmt(f),
            Self::Scenario(scenario) => scenario.fmt(f),
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
    /// What the payer pays with; for charges, and for closing them.
    pub method: Option<PaymentMethod>,
    /// How much.
    pub amount: Money,
    /// The charge that it is about; for all but charges.
    pub charge: Option<AttemptId>,
}

impl RailCall {
    /// The scenario that is played, if one is.
    pub fn scenario(&self) -> Option<Scenario> {
        match self.method? {
            PaymentMethod::Scenario(scenario) => Some(scenario),
            PaymentMethod::Sandbox(_)
            | PaymentMethod::BankTransfer
            | PaymentMethod::Stripe
            | PaymentMethod::X402 => None,
        }
    }
}
