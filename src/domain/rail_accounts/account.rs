//! A rail account, and what can be done to it.

use super::{AccountRail, AccountSettings, SealedCredentials};
use crate::{
    base::{
        ids::{MerchantId, RailAccountId},
        invalid::Invalid,
        names::Word,
        patch::Patch,
    },
    domain::{rails::Route, statements::Mapping},
};
use serde_json::{Map, Value};
use time::OffsetDateTime;

/// Most rail accounts of a merchant, disabled ones included.
pub const MOST_ACCOUNTS: usize = 100;

crate::names! {
    /// How a rail account is.
    pub enum AccountStatus {
        /// It can be used.
        Active = "active",
        /// Its provider gives no answer or refuses us, time and again: it is not offered to payers until a
        /// call or a check succeeds.
        Failing = "failing",
        /// It is switched off.
        Disabled = "disabled",
    }
}

/// A rail account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RailAccount {
    /// Its id.
    pub id: RailAccountId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// What the merchant calls it.
    pub label: Option<String>,
    /// Where it is.
    pub settings: AccountSettings,
    /// What proves to the provider whose it is; none where the rail needs none.
    pub credentials: Option<SealedCredentials>,
    /// How tables from its bank are read.
    pub csv_mapping: Option<Box<Mapping>>,
    /// Whether it can be used.
    pub status: Word<AccountStatus>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
}

/// An account that a merchant asks for, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRailAccount {
    pub(super) label: Option<String>,
    pub(super) settings: AccountSettings,
    pub(super) credentials: Option<SealedCredentials>,
    pub(super) csv_mapping: Option<Box<Mapping>>,
}

/// What a merchant wants changed; what is not given stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RailAccountPatch {
    pub(super) label: Patch<String>,
    pub(super) settings: Map<String, Value>,
    pub(super) credentials: Option<SealedCredentials>,
    pub(super) csv_mapping: Patch<Box<Mapping>>,
    pub(super) enabled: Option<bool>,
}

impl RailAccountPatch {
    /// The patch that only switches an account off.
    pub fn disable() -> Self {
        Self {
            label: Patch::Keep,
            settings: Map::new(),
            credentials: None,
            csv_mapping: Patch::Keep,
            enabled: Some(false),
        }
    }

    /// The same, with these credentials instead of those that there are.
    #[must_use]
    pub fn with_credentials(self, credentials: Option<SealedCredentials>) -> Self {
        Self {
            credentials,
            ..self
        }
    }
}

/// Why an account is not made or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RailAccountError {
    /// There are as many as a merchant may have.
    #[error(
        "a merchant has at most {MOST_ACCOUNTS} rail accounts, disabled ones included; change one of them instead"
    )]
    TooMany,
    /// Another account of the merchant that is not disabled is the same at the provider.
    #[error("{0} is this account already; change that one instead, or disable it first")]
    Duplicate(RailAccountId),
    /// A field cannot be taken.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

impl NewRailAccount {
    /// Where it is to be.
    pub const fn settings(&self) -> &AccountSettings {
        &self.settings
    }

    /// The same with its credentials, sealed for it.
    #[must_use]
    pub fn with_credentials(self, credentials: Option<SealedCredentials>) -> Self {
        Self {
            credentials,
            ..self
        }
    }

    /// The account, active.
    pub fn create(
        self,
        (merchant, id): (MerchantId, RailAccountId),
        created_by: String,
        now: OffsetDateTime,
    ) -> RailAccount {
        RailAccount {
            id,
            merchant,
            label: self.label,
            settings: self.settings,
            credentials: self.credentials,
            csv_mapping: self.csv_mapping,
            status: AccountStatus::Active.into(),
            created_by,
            created_at: now,
            updated_at: now,
        }
    }
}

impl RailAccount {
    /// The account as failing: calls by it fail. None if that is no news of one that is in use.
    pub fn failed(&self, now: OffsetDateTime) -> Option<Self> {
        self.is_active()
            .then(|| self.turned(AccountStatus::Failing, now))
    }

    /// The account as active: its provider takes calls by it. None if it was not failing.
    pub fn recovered(&self, now: OffsetDateTime) -> Option<Self> {
        self.is_failing()
            .then(|| self.turned(AccountStatus::Active, now))
    }

    fn turned(&self, status: AccountStatus, now: OffsetDateTime) -> Self {
        Self {
            status: status.into(),
            updated_at: now.max(self.updated_at),
            ..self.clone()
        }
    }

    /// The way by which it is paid.
    pub fn route(&self) -> Route {
        Route {
            rail: self.rail().rail(),
            account: Some(self.id),
        }
    }

    /// A new account beside all others that the merchant has, if it may be there.
    pub fn beside<'a>(
        self,
        others: impl IntoIterator<Item = &'a Self>,
    ) -> Result<Self, RailAccountError> {
        let others: Vec<&Self> = others.into_iter().collect();
        if others.len() >= MOST_ACCOUNTS {
            return Err(RailAccountError::TooMany);
        }
        self.alone_among(others)
    }

    /// The account with the changes made, beside all that the merchant has. What changes nothing
    /// does not count as a change.
    pub fn change<'a>(
        &self,
        patch: &RailAccountPatch,
        all: impl IntoIterator<Item = &'a Self>,
        now: OffsetDateTime,
    ) -> Result<Self, RailAccountError> {
        let before = self.clone();
        let status = match (patch.enabled, self.is_disabled()) {
            (Some(true), true) => AccountStatus::Active.into(),
            (Some(false), false) => AccountStatus::Disabled.into(),
            // Its provider has just taken the new credentials.
            (None | Some(true), false) if self.is_failing() && patch.credentials.is_some() => {
                AccountStatus::Active.into()
            }
            (None | Some(_), _) => before.status,
        };
        let after = Self {
            label: patch.label.clone().apply(before.label),
            csv_mapping: patch.csv_mapping.clone().apply(before.csv_mapping),
            settings: self.settings.change(patch.settings.clone())?,
            credentials: patch.credentials.clone().or(before.credentials),
            status,
            ..before
        };
        if after == *self {
            return Ok(after);
        }
        let after = Self {
            updated_at: now.max(self.updated_at),
            ..after
        };
        after.alone_among(all)
    }

    /// Its rail.
    pub const fn rail(&self) -> AccountRail {
        self.settings.rail()
    }

    /// Whether calls by it fail.
    pub fn is_failing(&self) -> bool {
        self.status == AccountStatus::Failing
    }

    /// Whether nothing keeps it from being used.
    pub fn is_active(&self) -> bool {
        self.status == AccountStatus::Active
    }

    pub(super) fn is_disabled(&self) -> bool {
        self.status == AccountStatus::Disabled
    }

    /// No two that are in use are the same at the provider: nobody could say which of them a
    /// payment came by.
    fn alone_among<'a>(
        self,
        all: impl IntoIterator<Item = &'a Self>,
    ) -> Result<Self, RailAccountError> {
        let is_same = |other: &&Self| {
            other.id != self.id
                && !other.is_disabled()
                && other.settings.is_same_account(&self.settings)
        };
        match all.into_iter().find(is_same) {
            Some(other) if !self.is_disabled() => Err(RailAccountError::Duplicate(other.id)),
            Some(_) | None => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rail_accounts::RailAccountChanges;
    use serde_json::json;
    use time::{Duration, macros::datetime};
    use uuid::Uuid;

    const NOW: OffsetDateTime = datetime!(2026-11-22 06:00:00 UTC);

    fn new(iban: &str) -> NewRailAccount {
        let settings = json!({
            "scheme": "epc", "name": "Café", "iban": iban, "bic": "COBADEFF", "wait_days": 3
        });
        NewRailAccount {
            credentials: None,
            csv_mapping: None,
            label: Some("Main".to_owned()),
            settings: AccountSettings::parse(AccountRail::BankTransfer, "", &settings).unwrap(),
        }
    }

    fn create(
        id: u128,
        iban: &str,
        others: &[RailAccount],
    ) -> Result<RailAccount, RailAccountError> {
        let ids = (
            MerchantId(Uuid::from_u128(1)),
            RailAccountId(Uuid::from_u128(id)),
        );
        let made = new(iban).create(ids, "operator".to_owned(), NOW);
        made.beside(others)
    }

    fn change(account: &RailAccount, patch: Value) -> Result<RailAccount, RailAccountError> {
        let changes: RailAccountChanges = serde_json::from_value(patch).unwrap();
        let all = [account.clone()];
        account.change(&changes.check().unwrap(), &all, NOW + Duration::HOUR)
    }

    const ONE: &str = "DE89370400440532013000";
    const OTHER: &str = "FR1420041010050500013M02606";

    #[test]
    fn changes_what_is_asked_and_no_more() {
        let account = create(2, ONE, &[]).unwrap();
        let patch = json!({"label": null, "settings": {"bic": null, "wait_days": null}});
        let changed = change(&account, patch).unwrap();
        assert_eq!((&changed.label, changed.created_at), (&None, NOW));
        assert_eq!(changed.updated_at, NOW + Duration::HOUR);
        let object = serde_json::to_value(changed.settings.object());
        let wanted = json!({"scheme": "epc", "name": "Café", "iban": ONE, "wait_days": 7});
        assert_eq!(object.unwrap(), wanted);
        for same in [
            json!({}),
            json!({"label": "Main", "enabled": true, "settings": {"name": "Café"}}),
        ] {
            assert_eq!(change(&account, same), Ok(account.clone()));
        }
        for other in [
            json!({"iban": OTHER}),
            json!({"iban": null}),
            json!({"city": "x"}),
        ] {
            let refused = change(&account, json!({"settings": other})).unwrap_err();
            let RailAccountError::Invalid(invalid) = refused else {
                panic!("{refused}");
            };
            assert!(invalid.param.starts_with("/settings"), "{invalid}");
        }
    }

    #[test]
    fn one_account_at_a_bank_is_in_use_once() {
        let first = create(2, ONE, &[]).unwrap();
        let all = [first.clone()];
        assert_eq!(
            create(3, ONE, &all),
            Err(RailAccountError::Duplicate(first.id))
        );
        assert!(create(3, OTHER, &all).is_ok());
        let disabled = change(&first, json!({"enabled": false})).unwrap();
        assert_eq!(disabled.status, AccountStatus::Disabled);
        let all = [disabled.clone()];
        let second = create(3, ONE, &all).unwrap();
        let enable: RailAccountChanges = serde_json::from_value(json!({"enabled": true})).unwrap();
        let all = [disabled.clone(), second.clone()];
        let again = disabled.change(&enable.check().unwrap(), &all, NOW);
        assert_eq!(again, Err(RailAccountError::Duplicate(second.id)));
        let many = vec![disabled; MOST_ACCOUNTS];
        assert_eq!(create(3, OTHER, &many), Err(RailAccountError::TooMany));
    }
}
