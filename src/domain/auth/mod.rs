//! Who calls and what they may do: API keys, access tokens, roles.
//!
//! An API key is `tp_test_<key id>_<secret>`, or `tp_live_…` of a live merchant. Only a hash of the secret is stored. A key can be
//! changed into an access token that is good for fifteen minutes; both die within five seconds of
//! the key's revocation.

mod api_key;
mod authenticator;
mod keyring;
mod merchant;
mod role;
pub mod store;

pub use api_key::{ApiKey, ApiKeyError, NewApiKey, parse_client_id};
pub use authenticator::{AccessToken, AuthError, Authenticator};
pub use keyring::{OpenError, open_keyring};
pub use merchant::{Merchant, NameError, parse_name};
pub use role::{Principal, Role, RoleError, Scope};
