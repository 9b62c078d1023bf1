//! What can be done to rail accounts.

use crate::{
    base::ids::{MerchantId, RailAccountId},
    domain::rail_accounts::{NewRailAccount, RailAccountPatch, Webhook},
    writer::needs::Needs,
};

/// A change of one rail account.
#[derive(Clone, Debug)]
pub enum RailAccountCommand {
    /// Make an account.
    Create(RailAccountId, Box<NewRailAccount>),
    /// Change an account, or switch it on.
    Change(RailAccountId, Box<RailAccountPatch>),
    /// Switch an account off.
    Disable(RailAccountId),
    /// Look whether an account can be used. Whoever submits it has asked the provider, also for its
    /// webhook where anybody reads the answer: an account that was failing is active again.
    Check(RailAccountId, Option<Webhook>),
    /// Note that calls by an account fail.
    Fail(RailAccountId),
}

impl RailAccountCommand {
    /// The rows that it names: all of the merchant's, since no two are the same account.
    pub(in crate::writer) fn needs(&self, merchant: MerchantId, needs: &mut Needs) {
        match self {
            Self::Create(..)
            | Self::Change(..)
            | Self::Disable(_)
            | Self::Check(..)
            | Self::Fail(_) => {
                needs.rail_accounts.push(merchant);
            }
        }
    }
}
