//! What a payer must do before the rail goes on.

use super::bank_transfer::Instructions;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the payer must do next, by its `type`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NextAction {
    /// Send the payer to an address.
    RedirectToUrl {
        /// Where to.
        redirect_to_url: Redirect,
    },
    /// The payer sends the money from any bank.
    DisplayBankTransfer {
        /// How.
        display_bank_transfer: Instructions,
    },
    /// The payer acts on the payment page, where the sandbox lets them choose what happens.
    SandboxAction,
}

/// Where a payer goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Redirect {
    /// The address; null for keys of role `finance`, which must not move money.
    pub url: Option<String>,
}

impl NextAction {
    /// Send the payer there.
    pub const fn redirect(url: String) -> Self {
        let redirect_to_url = Redirect { url: Some(url) };
        Self::RedirectToUrl { redirect_to_url }
    }

    /// Where the payer is sent, if that is what is to be done.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::RedirectToUrl { redirect_to_url } => redirect_to_url.url.as_deref(),
            Self::DisplayBankTransfer { .. } | Self::SandboxAction => None,
        }
    }

    /// The same for those who may not pay.
    #[must_use]
    pub fn without_address(self) -> Self {
        match self {
            Self::RedirectToUrl { .. } => Self::RedirectToUrl {
                redirect_to_url: Redirect { url: None },
            },
            Self::DisplayBankTransfer { .. } | Self::SandboxAction => self,
        }
    }

    /// How to pay by bank transfer, if that is what is to be done.
    pub fn bank_transfer(&self) -> Option<&Instructions> {
        match self {
            Self::DisplayBankTransfer {
                display_bank_transfer,
            } => Some(display_bank_transfer),
            Self::RedirectToUrl { .. } | Self::SandboxAction => None,
        }
    }
}
