//! Rail accounts: who a merchant is with a provider, such as the bank account that transfers are
//! sent to.

mod account;
mod account_settings;
pub mod breaker;
mod credentials;
mod offer;
mod request;
pub mod store;
mod takes;
mod view;

pub use account::{
    AccountStatus, MOST_ACCOUNTS, NewRailAccount, RailAccount, RailAccountError, RailAccountPatch,
};
pub use account_settings::{AccountRail, AccountSettings, AccountSettingsObject};
pub use credentials::{AccountCredentials, CredentialsError, Owner, SealedCredentials};
pub use offer::{Abilities, How, RailOffer};
pub use request::{
    CredentialsObject, RailAccountChanges, RailAccountRequest, SettingsChanges, SettingsPatch,
    StripeCredentials, X402Credentials, X402SettingsChanges,
};
pub use takes::NotTaken;
pub use view::{Checked, RailAccountObject, Webhook};
