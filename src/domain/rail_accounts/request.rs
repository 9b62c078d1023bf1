//! What a merchant sends to make or change a rail account.

use super::{
    AccountCredentials, AccountRail, AccountSettings, AccountSettingsObject, NewRailAccount,
    RailAccountPatch,
};
use crate::{
    base::{
        invalid::{Invalid, read_optional, read_text},
        mode::Mode,
        patch::{Patch, given},
    },
    domain::{rails::bank_transfer::Address, statements::Mapping},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

const LONGEST_LABEL: usize = 200;

/// The body of `POST /v1/rail_accounts`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RailAccountRequest {
    /// The rail. `bank_transfer` has settings and no credentials, `stripe` credentials and no settings,
    /// `x402` both.
    rail: AccountRail,
    /// Your own words. At most 200 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    label: Option<String>,
    /// Whose account it is and where; needed for `bank_transfer` and `x402`.
    #[serde(default = "no_settings")]
    #[schema(value_type = AccountSettingsObject, required = false)]
    settings: Value,
    /// What proves to the provider whose account it is. Checked with the provider, kept sealed, and
    /// never shown.
    #[serde(default)]
    #[schema(value_type = Option<CredentialsObject>)]
    credentials: Option<Value>,
    /// How tables (CSV) from the account's bank are read, if it gives such.
    #[serde(default)]
    #[schema(value_type = Option<Mapping>)]
    csv_mapping: Option<Box<Mapping>>,
}

fn no_settings() -> Value {
    Value::Object(Map::new())
}

/// The credentials of an account, by its rail.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = RailAccountCredentials)]
#[serde(untagged)]
pub enum CredentialsObject {
    /// Of an account at Stripe.
    Stripe(StripeCredentials),
    /// Of an address on a chain.
    X402(X402Credentials),
}

/// The node that tells what became of payments by x402. Live merchants need one.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct X402Credentials {
    /// Where a node of the chain speaks JSON-RPC: an `https` URL without a query. It may hold the key that
    /// your provider of nodes gave you.
    #[schema(format = "uri", max_length = 2048)]
    pub rpc_url: String,
}

/// The credentials of an account at Stripe.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StripeCredentials {
    /// A secret or a restricted key of the account: one of its test mode for test merchants, one of its
    /// live mode for live ones.
    #[schema(pattern = "^(sk|rk)_(test|live)_[A-Za-z0-9_+/=-]+$", max_length = 255)]
    pub secret_key: String,
    /// The signing secret of the webhook endpoint at Stripe that sends to `webhook_url`.
    #[schema(pattern = "^whsec_[A-Za-z0-9_+/=-]+$", max_length = 255)]
    pub webhook_secret: String,
}

impl RailAccountRequest {
    /// The account that is asked for and its credentials, which it is to be given sealed; or the first
    /// field at fault.
    pub fn check(
        self,
        mode: Mode,
    ) -> Result<(NewRailAccount, Option<AccountCredentials>), Invalid> {
        let new = NewRailAccount::read(self.rail, self.label, &self.settings)?;
        let given = self.credentials.as_ref();
        let credentials = AccountCredentials::parse(self.rail, "/credentials", given, mode)?;
        let new = NewRailAccount {
            csv_mapping: self.csv_mapping.map(checked).transpose()?,
            ..new
        };
        Ok((new, credentials))
    }
}

impl NewRailAccount {
    /// The account of these settings, which stand at `/settings`, or the first field at fault.
    pub fn read(
        rail: AccountRail,
        label: Option<String>,
        settings: &Value,
    ) -> Result<Self, Invalid> {
        Ok(Self {
            label: read_optional("/label", label, LONGEST_LABEL)?,
            settings: AccountSettings::parse(rail, "/settings", settings)?,
            credentials: None,
            csv_mapping: None,
        })
    }
}

fn checked(mapping: Box<Mapping>) -> Result<Box<Mapping>, Invalid> {
    match mapping.check() {
        Ok(()) => Ok(mapping),
        Err(reason) => Err(Invalid::field("/csv_mapping", reason.to_string())),
    }
}

/// The body of `PATCH /v1/rail_accounts/{id}`, a JSON merge patch (RFC 7396): what is left out
/// stays as it is, and null makes it as if it had been left out when the account was made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RailAccountChanges {
    /// Other words; null or an empty text takes them away.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    label: Patch<String>,
    /// What changes in the settings. The scheme and the account stay: make another rail account of
    /// another account.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = SettingsPatch, required = false)]
    settings: Option<Map<String, Value>>,
    /// Other credentials, of the same account at the provider: what was paid there is looked up with
    /// them.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = CredentialsObject, required = false)]
    credentials: Option<Value>,
    /// How tables from the account's bank are read, instead of as before; null if it gives none.
    #[serde(default)]
    #[schema(value_type = Option<Mapping>)]
    csv_mapping: Patch<Box<Mapping>>,
    /// `false` switches the account off, `true` on again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    enabled: Option<bool>,
}

/// What changes in the settings of an account, by its rail.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = RailAccountSettingsChanges)]
#[serde(untagged)]
pub enum SettingsPatch {
    /// Of a bank account.
    BankTransfer(Box<SettingsChanges>),
    /// Of an address on a chain.
    X402(X402SettingsChanges),
}

/// What changes in the settings of an account that is paid by x402.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct X402SettingsChanges {
    /// Another facilitator.
    #[schema(value_type = String, required = false, format = "uri", max_length = 2048)]
    pub facilitator_url: Option<String>,
    /// How many blocks must hold a payment before it counts; null for 12.
    #[schema(minimum = 1, maximum = 100)]
    pub confirmations: Option<u8>,
    /// The token's name as payers sign it.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 64)]
    pub name: Option<String>,
    /// The token's version as payers sign it.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 64)]
    pub version: Option<String>,
}

/// What changes in the settings of a bank transfer account.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = BankTransferSettingsChanges)]
#[serde(deny_unknown_fields)]
pub struct SettingsChanges {
    /// The holder's name.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 70)]
    pub name: Option<String>,
    /// The account's bank.
    #[schema(pattern = "^[A-Za-z0-9]{8}([A-Za-z0-9]{3})?$")]
    pub bic: Option<String>,
    /// The holder's address.
    #[schema(value_type = Address, required = false)]
    pub address: Option<Value>,
    /// The holder's town.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 15)]
    pub city: Option<String>,
    /// For how many days a payment waits for its transfer: 1 to 90; null for 7.
    #[schema(minimum = 1, maximum = 90)]
    pub wait_days: Option<u8>,
}

impl RailAccountChanges {
    /// The credentials that are given for an account of this rail, if any are.
    pub fn credentials(
        &self,
        rail: AccountRail,
        mode: Mode,
    ) -> Result<Option<AccountCredentials>, Invalid> {
        match &self.credentials {
            None => Ok(None),
            given => AccountCredentials::parse(rail, "/credentials", given.as_ref(), mode),
        }
    }

    /// Whether credentials are given.
    pub const fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// The changes that are asked for, or the first field at fault. The settings are held against
    /// those that there are.
    pub fn check(self) -> Result<RailAccountPatch, Invalid> {
        let label = match self.label {
            Patch::Set(text) if text.is_empty() => Patch::Clear,
            Patch::Set(text) => Patch::Set(read_text("/label", &text, LONGEST_LABEL)?),
            same @ (Patch::Keep | Patch::Clear) => same,
        };
        let csv_mapping = match self.csv_mapping {
            Patch::Set(mapping) => Patch::Set(checked(mapping)?),
            same @ (Patch::Keep | Patch::Clear) => same,
        };
        Ok(RailAccountPatch {
            label,
            csv_mapping,
            settings: self.settings.unwrap_or_default(),
            credentials: None,
            enabled: self.enabled,
        })
    }
}
