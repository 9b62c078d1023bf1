//! What a rail account is at its provider.

use crate::{
    base::invalid::Invalid,
    domain::rails::{
        Rail,
        bank_transfer::{Settings, SettingsObject},
        stripe, x402,
    },
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

crate::names! {
    /// A rail that a merchant has accounts of.
    pub enum AccountRail {
        /// Transfers to a bank account.
        BankTransfer = "bank_transfer",
        /// Stripe's pages.
        Stripe = "stripe",
        /// Tokens of a chain, paid by programs.
        X402 = "x402",
    }
}

impl AccountRail {
    /// The same among all rails.
    pub const fn rail(self) -> Rail {
        match self {
            Self::BankTransfer => Rail::BankTransfer,
            Self::Stripe => Rail::Stripe,
            Self::X402 => Rail::X402,
        }
    }
}

/// The settings of an account, by its rail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountSettings {
    /// Of a bank account.
    BankTransfer(Box<Settings>),
    /// Of an account at Stripe.
    Stripe(stripe::Settings),
    /// Of an address on a chain.
    X402(Box<x402::Settings>),
}

/// The settings of an account, as the API gives them and as they are stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RailAccountSettings)]
#[serde(untagged)]
pub enum AccountSettingsObject {
    /// Of a bank account.
    BankTransfer(Box<SettingsObject>),
    /// Of an address on a chain.
    X402(Box<x402::SettingsObject>),
    /// Of an account at Stripe.
    Stripe(stripe::Settings),
}

impl AccountSettings {
    /// Reads the settings of an account of this rail: the object at the JSON pointer `at`.
    pub fn parse(rail: AccountRail, at: &str, value: &Value) -> Result<Self, Invalid> {
        match rail {
            AccountRail::BankTransfer => {
                let settings = Settings::parse(at, value)?;
                Ok(Self::BankTransfer(Box::new(settings)))
            }
            AccountRail::Stripe => stripe::Settings::parse(at, value).map(Self::Stripe),
            AccountRail::X402 => {
                let settings = x402::Settings::parse(at, value)?;
                Ok(Self::X402(Box::new(settings)))
            }
        }
    }

    /// Their rail.
    pub const fn rail(&self) -> AccountRail {
        match self {
            Self::BankTransfer(_) => AccountRail::BankTransfer,
            Self::Stripe(_) => AccountRail::Stripe,
            Self::X402(_) => AccountRail::X402,
        }
    }

    /// Those of a bank account, if they are.
    pub fn bank_transfer(&self) -> Option<&Settings> {
        match self {
            Self::BankTransfer(settings) => Some(settings),
            Self::Stripe(_) | Self::X402(_) => None,
        }
    }

    /// Those of an address on a chain, if they are.
    pub fn x402(&self) -> Option<&x402::Settings> {
        match self {
            Self::X402(settings) => Some(settings),
            Self::BankTransfer(_) | Self::Stripe(_) => None,
        }
    }

    /// The account in a few words for people: what it is at the provider.
    pub fn describe(&self) -> String {
        match self {
            Self::BankTransfer(settings) => {
                format!("{} {}", settings.scheme(), settings.account())
            }
            Self::Stripe(_) => "an account at Stripe".to_owned(),
            Self::X402(settings) => format!("{} {}", settings.network, settings.pay_to),
        }
    }

    /// As they are given and stored.
    pub fn object(&self) -> AccountSettingsObject {
        match self {
            Self::BankTransfer(settings) => {
                AccountSettingsObject::BankTransfer(Box::new(settings.object()))
            }
            Self::Stripe(settings) => AccountSettingsObject::Stripe(*settings),
            Self::X402(settings) => AccountSettingsObject::X402(Box::new(settings.object())),
        }
    }

    /// The settings after a merge patch (RFC 7396) of the object at `/settings`.
    pub(super) fn change(&self, patch: Map<String, Value>) -> Result<Self, Invalid> {
        let object = serde_json::to_value(self.object());
        let mut object = object.map_err(|error| Invalid::field("/settings", error.to_string()))?;
        merge(&mut object, Value::Object(patch));
        let after = Self::parse(self.rail(), "/settings", &object)?;
        let is_same = match (self, &after) {
            (Self::BankTransfer(before), Self::BankTransfer(after)) => {
                (after.scheme(), after.account()) == (before.scheme(), before.account())
            }
            (Self::X402(before), Self::X402(after)) => before.is_same_account(after),
            (Self::BankTransfer(_) | Self::Stripe(_) | Self::X402(_), _) => true,
        };
        if is_same {
            Ok(after)
        } else {
            let detail = "names another account than before, whose payments would not be found: make a rail account of it, and disable this one";
            Err(Invalid::field("/settings", detail))
        }
    }

    /// Whether both are one account at the provider, as far as settings tell.
    pub(super) fn is_same_account(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::BankTransfer(one), Self::BankTransfer(other)) => {
                (one.scheme(), one.account()) == (other.scheme(), other.account())
            }
            (Self::X402(one), Self::X402(other)) => one.is_same_account(other),
            (Self::BankTransfer(_) | Self::Stripe(_) | Self::X402(_), _) => false,
        }
    }
}

fn merge(into: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *into = patch;
        return;
    };
    let mut members = into.as_object().cloned().unwrap_or_default();
    for (name, value) in patch {
        if value.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), value);
        }
    }
    *into = Value::Object(members);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merges_as_the_standard_says() {
        // Of RFC 7396, appendix A.
        for (before, patch, after) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b", "b": "c"}),
                json!({"a": null}),
                json!({"b": "c"}),
            ),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!([1, 2]),
                json!({"a": "b", "c": null}),
                json!({"a": "b"}),
            ),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ] {
            let mut merged = before;
            merge(&mut merged, patch);
            assert_eq!(merged, after);
        }
    }
}
