//! Rail accounts as the API gives them.

use super::{AccountRail, AccountSettingsObject, AccountStatus, RailAccount};
use crate::{
    base::{
        ids::{CELL, RailAccountId},
        mode::Mode,
        names::Word,
        timestamp,
    },
    domain::statements::Mapping,
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

crate::names! {
    /// What a check of an account looked at.
    pub enum Checked {
        /// Form and check digits of the settings. Nobody was asked: a bank tells no stranger
        /// whether it has an account.
        Settings = "settings",
        /// The provider was asked, and knows the credentials.
        Credentials = "credentials",
        /// The facilitator and the node were asked: the one takes payments of the chain, the other knows
        /// the token.
        Provider = "provider",
    }
}

crate::names! {
    /// Whether the provider sends its events to `webhook_url`.
    pub enum Webhook {
        /// It does.
        Found = "found",
        /// It does not: set it up there.
        Missing = "missing",
        /// The credentials do not let us see that.
        Unknown = "unknown",
    }
}

impl RailAccount {
    /// Where its provider tells what happened, below the service's public address; none where the
    /// provider tells nothing.
    pub fn webhook_path(&self) -> Option<String> {
        match self.rail() {
            AccountRail::BankTransfer | AccountRail::X402 => None,
            AccountRail::Stripe => Some(format!("/webhooks/{CELL}/{}", self.id)),
        }
    }
}

/// A rail account.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RailAccount)]
pub struct RailAccountObject<'a> {
    /// Its id.
    id: RailAccountId,
    /// Always `rail_account`.
    object: &'static str,
    /// Whether its money is real.
    livemode: bool,
    /// Its rail.
    rail: AccountRail,
    /// Your own words.
    label: Option<&'a str>,
    /// Whose account it is and where. Credentials are never shown.
    settings: AccountSettingsObject,
    /// Where the provider is to send its events; null where it sends none.
    #[schema(format = "uri")]
    webhook_url: Option<String>,
    /// How tables from its bank are read; null if that was not said.
    csv_mapping: Option<&'a Mapping>,
    /// Whether it can be used.
    #[schema(value_type = AccountStatus)]
    status: &'a Word<AccountStatus>,
    /// What was checked and found right; only in the answer to a check.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    checked: Option<Checked>,
    /// Whether the provider sends its events to `webhook_url`; only in the answer to a check of an
    /// account that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    webhook: Option<Webhook>,
    /// Who made it: an API key (`key_…`) or `operator`.
    #[schema(example = "key_01k0000000000000000000000")]
    created_by: &'a str,
    /// When it was made.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    /// When it was last changed.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

impl<'a> RailAccountObject<'a> {
    /// The account of a merchant of this mode, of a service that is reached by `public_url`.
    pub fn new(account: &'a RailAccount, mode: Mode, public_url: &str) -> Self {
        let webhook_path = account.webhook_path();
        Self {
            id: account.id,
            object: "rail_account",
            livemode: mode.is_live(),
            rail: account.rail(),
            label: account.label.as_deref(),
            settings: account.settings.object(),
            webhook_url: webhook_path.map(|path| format!("{public_url}{path}")),
            csv_mapping: account.csv_mapping.as_deref(),
            status: &account.status,
            checked: None,
            webhook: None,
            created_by: &account.created_by,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }

    /// The account after a check. What is stored was read by the rules of today, or there would be
    /// no account to show; whoever submits the check has asked the provider.
    pub fn checked(
        account: &'a RailAccount,
        mode: Mode,
        public_url: &str,
        webhook: Option<Webhook>,
    ) -> Self {
        let checked = match account.rail() {
            AccountRail::BankTransfer => Checked::Settings,
            AccountRail::Stripe => Checked::Credentials,
            AccountRail::X402 => Checked::Provider,
        };
        Self {
            checked: Some(checked),
            webhook,
            ..Self::new(account, mode, public_url)
        }
    }
}
