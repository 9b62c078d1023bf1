//! The two sides of a posting, and what accounts count: which side makes them grow.

crate::names! {
    /// The side of a posting.
    pub enum Direction {
        /// The left side.
        Debit = "debit",
        /// The right side.
        Credit = "credit",
    }
}

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
    pub const fn normal_side(self) -> Direction {
        match self {
            Self::Asset | Self::Expense => Direction::Debit,
            Self::Liability | Self::Income => Direction::Credit,
        }
    }
}
