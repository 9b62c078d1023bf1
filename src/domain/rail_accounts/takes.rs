//! What an account can be paid.

use super::{AccountSettings, RailAccount};
use crate::{
    base::{
        ids::RailAccountId,
        money::{Currency, Money},
    },
    domain::rails::{bank_transfer::NotPayable, stripe, x402},
};

/// Why an account cannot be paid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It is switched off.
    #[error("{0} is disabled")]
    Disabled(RailAccountId),
    /// Its scheme does not move this.
    #[error(transparent)]
    Scheme(#[from] NotPayable),
    /// Stripe does not move this.
    #[error(transparent)]
    Stripe(#[from] stripe::NotTaken),
    /// Its token cannot pay this.
    #[error(transparent)]
    X402(#[from] x402::NotPayable),
    /// Its token stands for another currency.
    #[error("its token stands for {0}")]
    Currency(Currency),
}

impl RailAccount {
    /// Whether it can be paid this amount now.
    pub fn takes(&self, amount: Money) -> Result<(), NotTaken> {
        if self.is_disabled() {
            return Err(NotTaken::Disabled(self.id));
        }
        match &self.settings {
            AccountSettings::BankTransfer(settings) => Ok(settings.check(amount)?),
            AccountSettings::Stripe(_) => Ok(stripe::to_stripe(amount).map(drop)?),
            AccountSettings::X402(settings) => {
                let paid = settings.amount(amount);
                Ok(paid
                    .ok_or(NotTaken::Currency(settings.currency))?
                    .map(drop)?)
            }
        }
    }

    /// Whether a payer may be led to it with this amount who did not ask for it by name.
    pub fn is_offered(&self, amount: Money) -> bool {
        !self.is_failing() && self.takes(amount).is_ok()
    }
}
