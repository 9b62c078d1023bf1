//! The chart of accounts. An account comes into being with its first posting.

use super::{Direction, UnknownName};
use std::{fmt, str::FromStr};

/// What an account counts, and so which side makes it grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// What we hold or are owed; grows by debits.
    Asset,
    /// What we owe; grows by credits.
    Liability,
    /// What we earn; grows by credits.
    Income,
    /// What we spend; grows by debits.
    Expense,
}

impl AccountKind {
    /// The word in the schema and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Liability => "liability",
            Self::Income => "income",
            Self::Expense => "expense",
        }
    }

    /// The side that makes the account grow.
    pub fn normal_side(self) -> Direction {
        match self {
            Self::Asset | Self::Expense => Direction::Debit,
            Self::Liability | Self::Income => Direction::Credit,
        }
    }
}

impl FromStr for AccountKind {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let kinds = [Self::Asset, Self::Liability, Self::Income, Self::Expense];
        kinds.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| UnknownName(name.to_owned()))
    }
}

/// An account that the service posts to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// Money that a rail has taken from payers and has not yet paid us.
    RailClearing(&'static str),
    /// Money owed to the merchant that the rail has not yet paid us.
    MerchantPending,
}

impl Account {
    /// What the account counts.
    pub fn kind(&self) -> AccountKind {
        match self {
            Self::RailClearing(_) => AccountKind::Asset,
            Self::MerchantPending => AccountKind::Liability,
        }
    }
}

/// The account's code, such as `rail:sandbox:clearing`.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RailClearing(rail) => write!(f, "rail:{rail}:clearing"),
            Self::MerchantPending => f.write_str("merchant:pending"),
        }
    }
}
