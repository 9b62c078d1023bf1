//! What a merchant can be paid by.

use super::{AccountSettings, AccountStatus, RailAccount};
use crate::{
    base::{ids::RailAccountId, mode::Mode, names::Word},
    domain::rails::{Rail, stripe},
};
use serde::Serialize;
use utoipa::ToSchema;

crate::names! {
    /// How a payer pays by a rail.
    pub enum How {
        /// On the pay page.
        Page = "page",
        /// At the provider, and comes back.
        Redirect = "redirect",
        /// At a bank, by what the pay page shows.
        BankTransfer = "bank_transfer",
        /// By a program.
        Machine = "machine",
    }
}

/// What a rail can do beside taking money.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a name of its own in the API"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RailAbilities)]
pub struct Abilities {
    /// Hold money for a later capture.
    hold: bool,
    /// Take less than it holds.
    partial_capture: bool,
    /// Give money back.
    refund: bool,
    /// Close a payment that is open, so that nobody can pay it any more.
    close: bool,
}

/// A rail of a merchant.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RailOffer {
    /// Always `rail`.
    object: &'static str,
    /// The rail's name.
    #[schema(example = "sandbox")]
    name: &'static str,
    /// The account at its provider; null for the sandbox, which has none.
    rail_account: Option<RailAccountId>,
    /// Whether its money is real.
    #[schema(value_type = Mode)]
    mode: Mode,
    /// The currencies that it takes; null for all.
    currencies: Option<Vec<&'static str>>,
    /// The least that it takes, in major units of any of its currencies; null where there is no
    /// bound of its own.
    #[schema(format = "decimal", example = "0.01")]
    minimum: Option<String>,
    /// The most that it takes, likewise.
    #[schema(format = "decimal", example = "999999999.99")]
    maximum: Option<String>,
    /// What it can do beside taking money.
    can: Abilities,
    /// How a payer pays by it.
    how: How,
    /// How the account is.
    #[schema(value_type = AccountStatus)]
    status: Word<AccountStatus>,
}

impl RailOffer {
    /// The rail that plays for test merchants.
    pub fn sandbox() -> Self {
        Self {
            object: "rail",
            name: Rail::Sandbox.as_str(),
            rail_account: None,
            mode: Mode::Test,
            currencies: None,
            minimum: None,
            maximum: None,
            can: Abilities {
                hold: true,
                partial_capture: true,
                refund: true,
                close: true,
            },
            how: How::Page,
            status: AccountStatus::Active.into(),
        }
    }

    /// What an account of a merchant of this mode is for.
    pub fn of(account: &RailAccount, mode: Mode) -> Self {
        let of_account = Self {
            name: account.rail().as_str(),
            rail_account: Some(account.id),
            mode,
            status: account.status.clone(),
            ..Self::sandbox()
        };
        match &account.settings {
            AccountSettings::BankTransfer(settings) => {
                let scheme = settings.scheme();
                let (least, most) = scheme.bounds();
                Self {
                    currencies: Some(scheme.currencies().to_vec()),
                    minimum: Some(least),
                    maximum: Some(most),
                    can: Abilities {
                        hold: false,
                        partial_capture: false,
                        refund: true,
                        close: false,
                    },
                    how: How::BankTransfer,
                    ..of_account
                }
            }
            AccountSettings::Stripe(_) => Self {
                currencies: Some(stripe::currencies()),
                how: How::Redirect,
                ..of_account
            },
            AccountSettings::X402(settings) => Self {
                currencies: Some(vec![settings.currency.code()]),
                can: Abilities {
                    hold: false,
                    partial_capture: false,
                    refund: false,
                    close: false,
                },
                how: How::Machine,
                ..of_account
            },
        }
    }
}
