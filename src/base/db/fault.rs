//! What an error of the database means.

use sqlx::{
    error::DatabaseError,
    postgres::{PgDatabaseError, PgSeverity},
};

/// Whether the connection is lost or the server is going away, so that the same work may
/// succeed on a new connection; else the statement itself is at fault.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is not exhaustive; the rest are faults of a statement"
)]
pub fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(e) => {
            let code = e.code().unwrap_or_default();
            is_fatal(&**e)
                // Class 57: operator intervention; 53: out of resources; 08: connection; 40: retry.
                || ["57", "53", "08", "40"]
                    .iter()
                    .any(|class| code.starts_with(class))
                // A standby that only reads.
                || code == "25006"
                || is_spoiled(error)
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Whether the server has ended the connection with it: whatever the reason (a restart, a database
/// that is shut, a full disk while it logged us in), it is none of the statement's.
fn is_fatal(error: &dyn DatabaseError) -> bool {
    let error = error.try_downcast_ref::<PgDatabaseError>();
    error.is_some_and(|error| matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic))
}

/// Whether Postgres answered, and the answer holds what this version cannot read.
pub fn is_unreadable(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }
    )
}

/// Whether a statement took longer than it may, and was stopped.
pub fn is_timeout(error: &sqlx::Error) -> bool {
    has_code(error, "57014")
}

/// Whether the connection's prepared statements are of no use any more: a migration changed what
/// one of them gives, or something between us and Postgres forgot them. A new connection has none
/// of it; the statement did nothing.
pub fn is_spoiled(error: &sqlx::Error) -> bool {
    // Feature not supported ("cached plan must not change result type"), and an unknown statement.
    has_code(error, "0A000") || has_code(error, "26000")
}

/// Whether a statement gave up because others held the lock it needs.
pub fn is_lock_timeout(error: &sqlx::Error) -> bool {
    has_code(error, "55P03")
}

/// Whether a statement names what the schema does not have: it is of a version that did not run here.
pub(super) fn is_unknown_name(error: &sqlx::Error) -> bool {
    // A table, a schema, a column, a function.
    let codes = ["42P01", "3F000", "42703", "42883"];
    codes.iter().any(|code| has_code(error, code))
}

/// What Postgres said itself, without the place in its source; else what the driver says.
pub(super) fn said(error: &sqlx::Error) -> String {
    let said = error.as_database_error();
    said.map_or_else(|| error.to_string(), |said| said.message().to_owned())
}

/// What Postgres says if the role may not do it.
pub(super) fn refused_right(error: &sqlx::Error) -> Option<&str> {
    let error = error.as_database_error()?;
    (error.code()? == "42501").then(|| error.message())
}

fn has_code(error: &sqlx::Error, code: &str) -> bool {
    let error = error.as_database_error();
    error.is_some_and(|error| error.code().is_some_and(|found| found == code))
}
