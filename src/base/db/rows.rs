//! Rows that are read and written: what cannot be read, and what was not written.

use sqlx::postgres::PgQueryResult;
use std::fmt;

/// A row that is there and cannot be read, since it says a word that this version does not know.
/// It is a fault of that row alone, so it comes as a value: what does not need the row goes on.
#[derive(Debug, thiserror::Error)]
#[error("a stored row cannot be read: {fault}")]
pub struct Unreadable<N> {
    /// The name of the row.
    pub name: N,
    /// What is wrong with it.
    pub fault: String,
}

impl<N> Unreadable<N> {
    /// The row of this name has this fault.
    pub fn new(name: N, fault: impl fmt::Display) -> Self {
        let fault = fault.to_string();
        Self { name, fault }
    }
}

impl<N> From<Unreadable<N>> for sqlx::Error {
    fn from(row: Unreadable<N>) -> Self {
        Self::Decode(row.fault.into())
    }
}

/// The rows of a list that can be read. One that cannot, since a newer version wrote it, is logged
/// and hides no other.
pub fn readable<T, M: fmt::Display, I: fmt::Display>(
    rows: impl IntoIterator<Item = Result<T, Unreadable<(M, I)>>>,
) -> Vec<T> {
    let log = |row: &Unreadable<(M, I)>| {
        let (merchant, id) = &row.name;
        tracing::error!(%merchant, %id, error = row.fault, "a row of a list is left out: it cannot be read");
    };
    let rows = rows.into_iter();
    rows.filter_map(|row| row.inspect_err(log).ok()).collect()
}

/// Whether as many rows were written as were sent. One that is missed would be lost silently, so
/// it is an error, which breaks the batch.
pub fn all_written(written: impl Into<Written>, sent: usize) -> Result<(), sqlx::Error> {
    let Written(written) = written.into();
    if usize::try_from(written) == Ok(sent) {
        Ok(())
    } else {
        let fault = format!("of {sent} rows {written} were written");
        Err(sqlx::Error::Encode(fault.into()))
    }
}

/// How many rows a statement wrote.
#[derive(Clone, Copy, Debug)]
pub struct Written(u64);

impl From<u64> for Written {
    fn from(rows: u64) -> Self {
        Self(rows)
    }
}

impl From<PgQueryResult> for Written {
    fn from(result: PgQueryResult) -> Self {
        Self(result.rows_affected())
    }
}
