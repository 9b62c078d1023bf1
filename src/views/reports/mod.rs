//! The reading side of the books: journal entries, accounts, balances and the trial balance as
//! the API shows them, and [`verify`], which proves the books anew. Nothing here writes.
//!
//! Two facts make every question a few index look-ups, with no index but those the writer needs:
//! a merchant's sequences have no gaps, so a page is a range of numbers; and entries are booked
//! in the order of time, so a period is a range of sequences ([`store::first_sequence`]).

mod accounts;
mod as_of;
mod journal;
pub mod snapshot;
pub mod store;
mod trial_balance;
pub mod verify;

use crate::base::db::MaySpoil;
pub use accounts::{AccountView, BalanceView, BalancesView, accounts, balances};
pub use as_of::AsOf;
pub use journal::{JournalFilter, Source, SourceError, intent_entries, journal};
pub use trial_balance::{TrialBalanceRow, TrialBalanceView, trial_balance};

/// Why a report cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The merchant has no such account or intent.
    #[error("there is no such object")]
    NotFound,
    /// A parameter cannot be taken.
    #[error(transparent)]
    Invalid(#[from] crate::base::invalid::Invalid),
    /// Postgres could not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl MaySpoil for ReportError {
    fn is_spoiled(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_spoiled())
    }
}
