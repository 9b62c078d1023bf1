//! Rail accounts: who a merchant is with a provider, such as the bank account that transfers are
//! sent to. Payment intents do not use them yet.

mod account;
mod offer;
mod request;
pub mod store;
mod view;

pub use account::{
    AccountRail, AccountSettings, AccountStatus, MOST_ACCOUNTS, NewRailAccount, RailAccount,
    RailAccountError, RailAccountPatch,
};
pub use offer::{Abilities, How, RailOffer};
pub use request::{RailAccountChanges, RailAccountRequest, SettingsChanges};
pub use view::{Checked, RailAccountObject};
