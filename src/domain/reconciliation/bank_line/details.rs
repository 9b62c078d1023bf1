//! How it is kept what is said on a line beside the amount.

use crate::domain::statements::{Details, Party, Reference, ReferenceKind};
use serde::{Deserialize, Serialize};

/// What is kept of what is said beside the amount.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredDetails {
    references: Vec<(ReferenceKind, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bank: Option<String>,
}

impl StoredDetails {
    /// The details as JSON.
    pub(super) fn print(details: &Details) -> String {
        let references = details.references.iter();
        let other = &details.counterparty;
        let stored = Self {
            references: references.map(|r| (r.kind, r.value.clone())).collect(),
            text: details.text.clone(),
            name: other.name.clone(),
            account: other.account.clone(),
            bank: other.bank.clone(),
        };
        serde_json::to_string(&stored).unwrap_or_default()
    }
}

impl From<StoredDetails> for Details {
    fn from(stored: StoredDetails) -> Self {
        let reference = |(kind, value)| Reference { kind, value };
        Self {
            references: stored.references.into_iter().map(reference).collect(),
            text: stored.text,
            counterparty: Party {
                name: stored.name,
                account: stored.account,
                bank: stored.bank,
            },
            ..Self::default()
        }
    }
}
