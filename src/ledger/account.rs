//! The chart of accounts. An account comes into being with its first posting.

use super::Direction;
use std::fmt;

crate::names! {
    /// What an account counts, and so which side makes it grow.
    pub enum AccountKind {
        /// What we hold or are owed; grows by debits.
        Asset = "asset",
        /// What we owe; grows by credits.
        Liability = "liability",
        /// What we earn; grows by credits.
        Income = "income",
        /// What we spend; grows by debits.
        Expense = "expense",
    }
}

impl AccountKind {
    /// The side that makes the account grow.
    pub fn normal_side(self) -> Direction {
        match self {
            Self::Asset | Self::Expense => Direction::Debit,
            Self::Liability | Self::Income => Direction::Credit,
        }
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
