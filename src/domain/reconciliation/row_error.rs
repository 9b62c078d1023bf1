//! What can be wrong with rows of statements.

use crate::base::{db::NotKnown, money::CurrencyError, names::UnknownName};

/// What can be wrong with a row that only this service writes.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowError {
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error(transparent)]
    Currency(#[from] CurrencyError),
    #[error(transparent)]
    Json(#[from] NotKnown),
    #[error(transparent)]
    Count(#[from] std::num::TryFromIntError),
}
