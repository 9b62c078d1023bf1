//! What proves to a provider who a merchant is, and how it is kept: sealed for one account, and opened
//! only to call the provider or to know its webhooks.

use super::AccountRail;
use crate::{
    base::{
        ambient::Ambient,
        crypto::{SealError, SealingKeys},
        ids::{MerchantId, RailAccountId},
        invalid::Invalid,
        mode::Mode,
    },
    domain::rails::{stripe, x402},
};
use serde_json::Value;
use std::fmt;
use zeroize::Zeroizing;

/// The credentials of an account, by its rail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountCredentials {
    /// Of an account at Stripe.
    Stripe(stripe::Credentials),
    /// The node of a chain.
    X402(x402::Credentials),
}

/// The same, sealed for one account.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedCredentials(Vec<u8>);

impl fmt::Debug for SealedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedCredentials")
    }
}

/// Why credentials cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// They cannot be opened or sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// They were opened, and are none of this rail's.
    #[error("the credentials are none of {0}")]
    Unreadable(AccountRail),
    /// There are none.
    #[error("the account has no credentials")]
    Missing,
}

/// Whose credentials.
pub type Owner = (MerchantId, RailAccountId);

/// What they are bound to.
fn context((merchant, account): Owner) -> String {
    format!("rail account {account} of {merchant}")
}

impl AccountCredentials {
    /// Reads what was sent at the JSON pointer `at` for an account of this rail; none where the rail
    /// needs none. Faults repeat nothing of it.
    pub fn parse(
        rail: AccountRail,
        at: &str,
        value: Option<&Value>,
        mode: Mode,
    ) -> Result<Option<Self>, Invalid> {
        match (rail, value) {
            (AccountRail::BankTransfer, None) => Ok(None),
            (AccountRail::BankTransfer, Some(_)) => {
                Err(Invalid::field(at, "a bank account has no credentials"))
            }
            (AccountRail::Stripe, None) => {
                let detail = "are needed: `secret_key` and `webhook_secret`, as Stripe shows them";
                Err(Invalid::field(at, detail))
            }
            (AccountRail::Stripe, Some(value)) => {
                let read = stripe::Credentials::parse(at, value, mode)?;
                Ok(Some(Self::Stripe(read)))
            }
            (AccountRail::X402, None) => x402::Credentials::none(at, mode).map(|()| None),
            (AccountRail::X402, Some(value)) => {
                let read = x402::Credentials::parse(at, value)?;
                Ok(Some(Self::X402(read)))
            }
        }
    }

    /// Seals them for one account.
    pub fn seal(
        &self,
        owner: Owner,
        keys: &SealingKeys,
        ambient: &Ambient,
    ) -> Result<SealedCredentials, CredentialsError> {
        let text = match self {
            Self::Stripe(credentials) => credentials.to_json(),
            Self::X402(credentials) => credentials.to_json(),
        };
        let sealed = keys.seal(context(owner).as_bytes(), text.as_bytes(), ambient)?;
        Ok(SealedCredentials(sealed))
    }
}

impl SealedCredentials {
    /// Those that were stored.
    pub const fn stored(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// As they are stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Opens what was sealed for this account.
    pub fn open(
        &self,
        (owner, rail): (Owner, AccountRail),
        keys: &SealingKeys,
        mode: Mode,
    ) -> Result<AccountCredentials, CredentialsError> {
        let text = self.text(owner, keys)?;
        let value = serde_json::from_slice(&text).ok();
        let read = AccountCredentials::parse(rail, "", value.as_ref(), mode);
        read.ok()
            .flatten()
            .ok_or(CredentialsError::Unreadable(rail))
    }

    /// The same, sealed by the newest of the keys.
    pub fn resealed(
        &self,
        owner: Owner,
        keys: &SealingKeys,
        ambient: &Ambient,
    ) -> Result<Self, CredentialsError> {
        let text = self.text(owner, keys)?;
        Ok(Self(keys.seal(
            context(owner).as_bytes(),
            &text,
            ambient,
        )?))
    }

    fn text(
        &self,
        owner: Owner,
        keys: &SealingKeys,
    ) -> Result<Zeroizing<Vec<u8>>, CredentialsError> {
        Ok(keys.open(context(owner).as_bytes(), &self.0)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::crypto::SealingKey;
    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn they_open_for_their_account_alone() {
        let value = json!({"secret_key": "sk_test_sesamopen", "webhook_secret": "whsec_sesamopen"});
        let read = |rail| AccountCredentials::parse(rail, "", Some(&value), Mode::Test);
        let stripe = read(AccountRail::Stripe).unwrap().unwrap();
        assert!(read(AccountRail::BankTransfer).is_err());
        assert!(AccountCredentials::parse(AccountRail::Stripe, "", None, Mode::Test).is_err());
        let ambient = Ambient::system();
        let key = |n| SealingKey::new(Uuid::from_u128(n), [7; 32]);
        let old = SealingKeys::new(vec![key(1)]).unwrap();
        let owner = (
            MerchantId(Uuid::from_u128(1)),
            RailAccountId(Uuid::from_u128(2)),
        );
        let other = (owner.0, RailAccountId(Uuid::from_u128(3)));
        let sealed = stripe.seal(owner, &old, &ambient).unwrap();
        assert_eq!(format!("{sealed:?}"), "SealedCredentials");
        let both = SealingKeys::new(vec![key(1), key(2)]).unwrap();
        let resealed = sealed.resealed(owner, &both, &ambient).unwrap();
        let new = SealingKeys::new(vec![key(2)]).unwrap();
        let open = |owner, keys| resealed.open((owner, AccountRail::Stripe), keys, Mode::Test);
        assert_eq!(open(owner, &new), Ok(stripe));
        assert!(open(other, &new).is_err() && open(owner, &old).is_err());
    }
}
