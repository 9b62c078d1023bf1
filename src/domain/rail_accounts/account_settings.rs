//! What a rail account is at its provider.

use crate::{base::invalid::Invalid, domain::rails::bank_transfer::Settings};
use serde_json::{Map, Value};

crate::names! {
    /// A rail that a merchant has accounts of.
    pub enum AccountRail {
        /// Transfers to a bank account.
        BankTransfer = "bank_transfer",
    }
}

/// The settings of an account, by its rail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountSettings {
    /// Of a bank account.
    BankTransfer(Settings),
}

impl AccountSettings {
    /// Reads the settings of an account of this rail: the object at the JSON pointer `at`.
    pub fn parse(rail: AccountRail, at: &str, value: &Value) -> Result<Self, Invalid> {
        match rail {
            AccountRail::BankTransfer => Settings::parse(at, value).map(Self::BankTransfer),
        }
    }

    /// Their rail.
    pub const fn rail(&self) -> AccountRail {
        match self {
            Self::BankTransfer(_) => AccountRail::BankTransfer,
        }
    }

    /// The account in a few words for people: what it is at the provider.
    pub fn describe(&self) -> String {
        let Self::BankTransfer(settings) = self;
        format!("{} {}", settings.scheme(), settings.account())
    }

    /// The settings after a merge patch (RFC 7396) of the object at `/settings`.
    pub(super) fn change(&self, patch: Map<String, Value>) -> Result<Self, Invalid> {
        let Self::BankTransfer(before) = self;
        let object = serde_json::to_value(before.object());
        let mut object = object.map_err(|error| Invalid::field("/settings", error.to_string()))?;
        merge(&mut object, Value::Object(patch));
        let after = Settings::parse("/settings", &object)?;
        if (after.scheme(), after.account()) == (before.scheme(), before.account()) {
            Ok(Self::BankTransfer(after))
        } else {
            let detail = "names another account than before, whose payments would not be found: make a rail account of it, and disable this one";
            Err(Invalid::field("/settings", detail))
        }
    }

    /// Whether both are one account at the provider.
    pub(super) fn is_same_account(&self, other: &Self) -> bool {
        let (Self::BankTransfer(one), Self::BankTransfer(other)) = (self, other);
        (one.scheme(), one.account()) == (other.scheme(), other.account())
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
