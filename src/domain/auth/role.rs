//! Roles, and what each may do.

use crate::base::{
    ids::{KeyId, MerchantId},
    mode::Mode,
};
use std::{fmt, str::FromStr};

/// What an API key was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A bot in a thread: asks for money, and hears what became of it.
    Bot,
    /// The merchant: everything.
    Merchant,
    /// A finance team: reads, says what lines of statements are, and never has a rail move money.
    Finance,
}

/// One kind of thing that a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Read payment intents and their refunds.
    ReadIntents,
    /// Create, confirm, capture, cancel and refund payment intents.
    WriteIntents,
    /// Read and write payment links.
    Links,
    /// Read and write rail accounts.
    RailAccounts,
    /// Read and write callback endpoints, their deliveries, and the feed of events.
    Callbacks,
    /// Read accounts, balances, journal entries and settlements.
    Ledger,
    /// Export the journal.
    Exports,
    /// Take money out of suspense.
    ResolveMovements,
    /// Give us statements of bank accounts, read what their lines came to, and say what those are that
    /// we cannot know.
    Statements,
    /// Play the payer's bank on the sandbox rail.
    Sandbox,
    /// Book journal entries by hand, to give a sandbox's books a history.
    PostEntries,
}

impl Scope {
    /// Whether it is about the sandbox, which live merchants do not have.
    pub const fn is_for_tests(self) -> bool {
        match self {
            Self::Sandbox | Self::PostEntries => true,
            Self::ReadIntents
            | Self::WriteIntents
            | Self::Links
            | Self::RailAccounts
            | Self::Callbacks
            | Self::Ledger
            | Self::Exports
            | Self::ResolveMovements
            | Self::Statements => false,
        }
    }
}

/// The text names no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a role: use bot, merchant or finance")]
pub struct RoleError(String);

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Bot, Self::Merchant, Self::Finance];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Merchant => "merchant",
            Self::Finance => "finance",
        }
    }

    /// Whether it sees the addresses of pages: a caller who has one can pay there.
    pub const fn sees_pages(self) -> bool {
        match self {
            Self::Bot | Self::Merchant => true,
            Self::Finance => false,
        }
    }

    /// Whether it may do what `scope` stands for.
    pub const fn may(self, scope: Scope) -> bool {
        match (self, scope) {
            (Self::Merchant, _)
            | (
                Self::Bot,
                Scope::ReadIntents
                | Scope::WriteIntents
                | Scope::Links
                | Scope::Callbacks
                | Scope::Sandbox,
            )
            | (
                Self::Finance,
                Scope::ReadIntents | Scope::Ledger | Scope::Exports | Scope::Statements,
            ) => true,
            (
                Self::Bot,
                Scope::RailAccounts
                | Scope::Ledger
                | Scope::Exports
                | Scope::ResolveMovements
                | Scope::Statements
                | Scope::PostEntries,
            )
            | (
                Self::Finance,
                Scope::WriteIntents
                | Scope::Links
                | Scope::RailAccounts
                | Scope::Callbacks
                | Scope::ResolveMovements
                | Scope::Sandbox
                | Scope::PostEntries,
            ) => false,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = RoleError;
    fn from_str(text: &str) -> Result<Self, RoleError> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == text);
        known.ok_or_else(|| RoleError(text.to_owned()))
    }
}

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The merchant that the key belongs to.
    pub merchant: MerchantId,
    /// The API key, given as such or behind an access token.
    pub key: KeyId,
    /// What the key was made for.
    pub role: Role,
    /// Whether the merchant's money is real.
    pub mode: Mode,
}

impl Principal {
    /// Whether it may do what `scope` stands for.
    pub const fn may(&self, scope: Scope) -> bool {
        self.role.may(scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPES: [Scope; 11] = [
        Scope::ReadIntents,
        Scope::WriteIntents,
        Scope::Links,
        Scope::RailAccounts,
        Scope::Callbacks,
        Scope::Ledger,
        Scope::Exports,
        Scope::ResolveMovements,
        Scope::Statements,
        Scope::Sandbox,
        Scope::PostEntries,
    ];

    #[test]
    fn only_the_merchant_may_do_everything() {
        let count = |role: Role| SCOPES.iter().filter(|&&scope| role.may(scope)).count();
        assert_eq!(Role::ALL.map(count), [5, 11, 4]);
        assert!(!Role::Finance.may(Scope::WriteIntents));
        assert!(!Role::Bot.may(Scope::Ledger));
    }

    #[test]
    fn roles_read_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert!("admin".parse::<Role>().is_err());
    }
}
