//! The settings of an account that is paid on a chain, as a merchant gives them.

#[cfg(test)]
mod tests;

use super::{Address, AssetAmount, Network, NotPayable, amount::MOST_DECIMALS, asset_amount};
use crate::base::{
    invalid::{Invalid, check_id},
    money::{Currency, Money},
    net::{Policy, check_url},
};
use crate::domain::rails::bank_transfer::fields::Fields;
use serde::Serialize;
use serde_json::Value;
use url::Host;
use utoipa::ToSchema;

/// How many blocks hold a payment before it counts, if the merchant does not say.
const CONFIRMATIONS: u8 = 12;
/// Most blocks that a payment can be asked to wait for. Nodes that keep no history know the state
/// of the last 128.
const MOST_CONFIRMATIONS: u8 = 100;
/// Most characters of a token's name and version.
const LONGEST_NAME: usize = 64;

/// An account of a token on a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The chain.
    pub network: Network,
    /// The token's contract. It must have `transferWithAuthorization` (ERC-3009).
    pub asset: Address,
    /// The token's decimals: 0 to [`MOST_DECIMALS`].
    pub decimals: u8,
    /// The currency that the token stands for, one to one.
    pub currency: Currency,
    /// Who is paid.
    pub pay_to: Address,
    /// Who brings authorizations to the chain, without a slash at its end.
    pub facilitator_url: String,
    /// How many blocks must hold a payment, its own counted: 1 to 100.
    pub confirmations: u8,
    /// The name in the token's signing domain (EIP-712), to the letter.
    pub name: String,
    /// The version there.
    pub version: String,
}

/// The settings of an account that is paid by x402.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = X402Settings)]
#[serde(deny_unknown_fields)]
pub struct SettingsObject {
    /// The chain by its CAIP-2 name: one of the EVM.
    #[schema(pattern = "^eip155:[1-9][0-9]*$", example = "eip155:8453")]
    network: String,
    /// The contract of a token that has ERC-3009, such as USDC.
    #[schema(
        pattern = "^0x[0-9A-Fa-f]{40}$",
        example = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
    )]
    asset: String,
    /// The token's decimals.
    #[schema(maximum = 18, example = 6)]
    decimals: u8,
    /// The currency that the token stands for, one to one.
    #[schema(example = "USD")]
    currency: String,
    /// The address that is paid.
    #[schema(
        pattern = "^0x[0-9A-Fa-f]{40}$",
        example = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C"
    )]
    pay_to: String,
    /// Where `/verify` and `/settle` are: an `https` URL.
    #[schema(
        format = "uri",
        max_length = 2048,
        example = "https://x402.org/facilitator"
    )]
    facilitator_url: String,
    /// How many blocks must hold a payment before it counts: 1 to 100, 12 if left out.
    #[schema(required = false, minimum = 1, maximum = 100, default = 12)]
    confirmations: u8,
    /// The token's name as payers sign it (its EIP-712 domain).
    #[schema(min_length = 1, max_length = 64, example = "USD Coin")]
    name: String,
    /// The token's version as payers sign it.
    #[schema(min_length = 1, max_length = 64, example = "2")]
    version: String,
}

impl Settings {
    /// Reads the object at the JSON pointer `at`, or says which member of it is at fault. A member
    /// that nobody knows is refused.
    pub fn parse(at: &str, value: &Value) -> Result<Self, Invalid> {
        let known = [
            "network",
            "asset",
            "decimals",
            "currency",
            "pay_to",
            "facilitator_url",
            "confirmations",
            "name",
            "version",
        ];
        let fields = Fields::read(at, value, &known)?;
        let settings = Self {
            network: fields.parsed("network", str::parse)?,
            asset: fields.parsed("asset", str::parse)?,
            decimals: decimals(&fields)?,
            currency: fields.parsed("currency", Currency::accepted)?,
            pay_to: fields.parsed("pay_to", str::parse)?,
            facilitator_url: fields.parsed("facilitator_url", url)?,
            confirmations: fields.number(
                "confirmations",
                (1, MOST_CONFIRMATIONS),
                CONFIRMATIONS,
            )?,
            name: signed_word(&fields, "name")?,
            version: signed_word(&fields, "version")?,
        };
        if settings.pay_to == settings.asset {
            let detail = "is the token itself: what is sent there is lost";
            return Err(fields.fault("pay_to", detail));
        }
        Ok(settings)
    }

    /// As they are stored and shown: [`Self::parse`] reads them back the same.
    pub fn object(&self) -> SettingsObject {
        SettingsObject {
            network: self.network.to_string(),
            asset: self.asset.to_string(),
            decimals: self.decimals,
            currency: self.currency.code().to_owned(),
            pay_to: self.pay_to.to_string(),
            facilitator_url: self.facilitator_url.clone(),
            confirmations: self.confirmations,
            name: self.name.clone(),
            version: self.version.clone(),
        }
    }

    /// Whether both are the same money at the same place.
    pub fn is_same_account(&self, other: &Self) -> bool {
        let place = |of: &Self| (of.network, of.asset, of.pay_to, of.decimals, of.currency);
        place(self) == place(other)
    }

    /// An amount in the token's smallest units; none if it is in another currency.
    pub fn amount(&self, amount: Money) -> Option<Result<AssetAmount, NotPayable>> {
        (amount.currency() == self.currency).then(|| asset_amount(amount, self.decimals))
    }
}

fn decimals(fields: &Fields<'_>) -> Result<u8, Invalid> {
    if fields.value("decimals").is_none() {
        return Err(fields.fault("decimals", "is required"));
    }
    fields.number("decimals", (0, MOST_DECIMALS), 0)
}

/// A text that payers sign: a letter more or less and no signature holds.
fn signed_word(fields: &Fields<'_>, name: &str) -> Result<String, Invalid> {
    let text = fields.required(name)?;
    check_id(&fields.place(name), text, LONGEST_NAME)?;
    if text.contains(char::is_control) || text.trim() != text {
        let detail = "must be what the token's contract says: one line, no blanks around it";
        return Err(fields.fault(name, detail));
    }
    Ok(text.to_owned())
}

/// Reads a URL that is called over TLS, or on this machine. Which addresses may be dialed is
/// decided at each call.
pub(super) fn url(text: &str) -> Result<String, String> {
    let read = check_url(text, &Policy::private()).map_err(|error| error.to_string())?;
    let is_here = match read.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if read.scheme() != "https" && !is_here {
        return Err("must begin with https://".to_owned());
    }
    if text.len() > 2048 || read.query().is_some() {
        return Err("must have at most 2048 characters, and no query".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}
