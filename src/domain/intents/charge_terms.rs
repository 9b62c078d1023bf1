//! What a payer chose to pay with, and on what terms that is charged.

use crate::{
    base::ids::RailAccountId,
    domain::rails::{NextAction, PaymentMethod, Route, x402},
};
use time::OffsetDateTime;

/// What a payer pays with, as somebody chose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The payment method.
    pub method: PaymentMethod,
    /// The merchant's account with the rail's provider; the first that fits if none is chosen.
    pub account: Option<RailAccountId>,
    /// What the payer signed, where that pays.
    pub signed: Option<Box<x402::Signed>>,
}

impl From<PaymentMethod> for Choice {
    fn from(method: PaymentMethod) -> Self {
        Self {
            method,
            account: None,
            signed: None,
        }
    }
}

/// On what terms a payer is charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeTerms {
    /// By which rail, and as whom.
    pub route: Route,
    /// With what.
    pub method: PaymentMethod,
    /// What the charge is called there, where that is not the attempt's id.
    pub reference: Option<String>,
    /// What the payer must do, where that is known beforehand.
    pub next_action: Option<Box<NextAction>>,
    /// What the rail is sent, where that cannot be made again.
    pub request: Option<String>,
    /// Until when the payer may pay, if the rail is told or nobody can be asked.
    pub expires_at: Option<OffsetDateTime>,
}

impl ChargeTerms {
    /// Those of the sandbox, which needs nothing but the method.
    pub fn played(method: PaymentMethod) -> Self {
        Self {
            route: Route::SANDBOX,
            method,
            reference: None,
            next_action: None,
            request: None,
            expires_at: None,
        }
    }
}
