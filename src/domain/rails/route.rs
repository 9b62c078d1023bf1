//! By which rail, and as whom.

use super::Rail;
use crate::base::ids::RailAccountId;

/// A rail, and the account of the merchant's with its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// The rail.
    pub rail: Rail,
    /// The account; none where the rail needs none.
    pub account: Option<RailAccountId>,
}

impl Route {
    /// The sandbox, with which nobody has an account.
    pub const SANDBOX: Self = Self {
        rail: Rail::Sandbox,
        account: None,
    };
}
