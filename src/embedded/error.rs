//! What can go wrong, each in one sentence that says what to do.

use std::{io, path::PathBuf};

/// Why the private Postgres cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Nothing installed, and no download either.
    #[error(
        "no PostgreSQL 15 or newer was found ({0}): install it (on Debian: apt install postgresql) or set DATABASE_URL"
    )]
    Missing(String),
    /// The data was made by a release of Postgres that is not here.
    #[error(
        "the data in {directory} was made by PostgreSQL {major}, which cannot be used here ({reason}): install PostgreSQL {major} or choose another --data-dir"
    )]
    OtherMajor {
        /// The data directory.
        directory: PathBuf,
        /// The release that made the data.
        major: u32,
        /// Why there is no fitting installation.
        reason: String,
    },
    /// The directory belongs to something else.
    #[error(
        "{directory} is not a Threadpay data directory: it holds {entry:?}; choose an empty or a new --data-dir"
    )]
    Foreign {
        /// The directory asked for.
        directory: PathBuf,
        /// One of the entries that is not ours.
        entry: String,
    },
    /// Files of the cluster are missing.
    #[error(
        "the data directory {directory} is incomplete ({missing} is missing or damaged): restore it from a copy, or remove the directory to start afresh"
    )]
    HalfMade {
        /// The data directory.
        directory: PathBuf,
        /// The file that should be there.
        missing: &'static str,
    },
    /// Another process has it open.
    #[error(
        "the data directory {directory} is in use by another threadpay (process {owner}): stop that one or choose another --data-dir"
    )]
    InUse {
        /// The data directory.
        directory: PathBuf,
        /// The process id that the lock names.
        owner: String,
    },
    /// A server of an owner that died does not go away.
    #[error(
        "a PostgreSQL left behind in {directory} (process {process}) does not stop: end it and try again"
    )]
    Leftover {
        /// The data directory.
        directory: PathBuf,
        /// The process of that server.
        process: i32,
    },
    /// Run by root, and nobody to hand the server to.
    #[error(
        "PostgreSQL does not run as root and there is neither a user `postgres` nor `nobody` to run it as: run threadpay as another user or set DATABASE_URL"
    )]
    Root,
    /// A new cluster could not be made.
    #[error("PostgreSQL could not make a new database cluster: {0}")]
    Init(String),
    /// The server stopped before it answered, or never answered.
    #[error("PostgreSQL did not start: {reason} (log: {log})")]
    Start {
        /// The last complaints in the server's log.
        reason: String,
        /// The server's log.
        log: PathBuf,
    },
    /// The operating system refused a file or a process.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// The verb: `read`, `make`, …
        what: &'static str,
        /// The file or program.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl EmbeddedError {
    /// Wraps an error of the operating system: "cannot `what` `path`: …".
    pub(super) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}
