//! The chart of accounts. An account comes into being with its first posting.

use super::Direction;
use crate::base::money::{Currency, CurrencyError};
use std::{fmt, str::FromStr};

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
    /// Money in our bank account of this currency.
    Bank(Currency),
    /// Money owed to the merchant that the rail has not yet paid us.
    MerchantPending,
    /// Money owed to the merchant that can be paid out.
    MerchantAvailable,
    /// Money owed to the merchant that is kept back.
    MerchantReserve,
    /// What rails take for their work.
    RailFees,
    /// What we take for ours.
    PlatformFees,
    /// Money that payers demand back and that is not decided on.
    Disputes,
    /// Money on its way to the merchant's bank.
    PayoutsInTransit,
    /// Money of which nobody knows yet whose it is.
    Suspense,
}

/// The text is not the code of an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// There is no such account.
    #[error(
        "is no account's code: use rail:sandbox:clearing, bank:<currency>, merchant:pending, merchant:available, merchant:reserve, fees:rail, fees:platform, disputes, payouts:in_transit or suspense"
    )]
    Unknown,
    /// There is no such bank account.
    #[error(transparent)]
    Currency(#[from] CurrencyError),
}

impl Account {
    /// What the account counts.
    pub fn kind(&self) -> AccountKind {
        match self {
            Self::RailClearing(_) | Self::Bank(_) | Self::Disputes => AccountKind::Asset,
            Self::MerchantPending
            | Self::MerchantAvailable
            | Self::MerchantReserve
            | Self::PayoutsInTransit
            | Self::Suspense => AccountKind::Liability,
            Self::RailFees => AccountKind::Expense,
            Self::PlatformFees => AccountKind::Income,
        }
    }

    /// Whether it can hold money of this currency.
    pub fn takes(&self, currency: Currency) -> bool {
        !matches!(self, Self::Bank(own) if *own != currency)
    }
}

/// The account's code, such as `rail:sandbox:clearing`.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RailClearing(rail) => write!(f, "rail:{rail}:clearing"),
            Self::Bank(currency) => write!(f, "bank:{currency}"),
            Self::MerchantPending => f.write_str("merchant:pending"),
            Self::MerchantAvailable => f.write_str("merchant:available"),
            Self::MerchantReserve => f.write_str("merchant:reserve"),
            Self::RailFees => f.write_str("fees:rail"),
            Self::PlatformFees => f.write_str("fees:platform"),
            Self::Disputes => f.write_str("disputes"),
            Self::PayoutsInTransit => f.write_str("payouts:in_transit"),
            Self::Suspense => f.write_str("suspense"),
        }
    }
}

impl FromStr for Account {
    type Err = AccountError;

    fn from_str(code: &str) -> Result<Self, AccountError> {
        Ok(match code {
            "rail:sandbox:clearing" => Self::RailClearing("sandbox"),
            "merchant:pending" => Self::MerchantPending,
            "merchant:available" => Self::MerchantAvailable,
            "merchant:reserve" => Self::MerchantReserve,
            "fees:rail" => Self::RailFees,
            "fees:platform" => Self::PlatformFees,
            "disputes" => Self::Disputes,
            "payouts:in_transit" => Self::PayoutsInTransit,
            "suspense" => Self::Suspense,
            other => {
                let bank = other.strip_prefix("bank:").ok_or(AccountError::Unknown)?;
                Self::Bank(bank.parse()?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_prints() {
        let named = [
            "rail:sandbox:clearing",
            "bank:JPY",
            "merchant:pending",
            "merchant:available",
            "merchant:reserve",
            "fees:rail",
            "fees:platform",
            "disputes",
            "payouts:in_transit",
            "suspense",
        ];
        for code in named {
            let account: Account = code.parse().unwrap();
            assert_eq!(account.to_string(), code);
        }
        for code in ["", "bank", "Suspense", "merchant:", "rail:card:clearing"] {
            assert_eq!(code.parse::<Account>(), Err(AccountError::Unknown));
        }
        let bank = "bank:XXQ".parse::<Account>();
        assert!(matches!(bank, Err(AccountError::Currency(_))));
    }
}
