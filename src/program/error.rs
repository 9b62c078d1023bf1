//! What ends a command, each in one sentence that says what to do.

use crate::app::config::{ConfigError, settings::SettingsError};
use crate::base::db::DbError;
use crate::embedded::EmbeddedError;
use std::io;
use std::path::PathBuf;

/// Why a command ended without doing its work.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// A setting is missing or wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database does not answer at all.
    #[error(
        "Postgres at {address} does not answer within {seconds} seconds: check DATABASE_URL and the network"
    )]
    Silent {
        /// Host, port and database, without the password.
        address: String,
        /// How long we waited.
        seconds: u64,
    },
    /// The database refuses, or its schema cannot be used.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The private Postgres does not run.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The address to listen on is not one of this machine.
    #[error("cannot listen on {address}: {source}; choose another with --listen")]
    Listen {
        /// As it was given.
        address: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another program has the port.
    #[error(
        "cannot listen on {0}: the port is in use; stop the other program or choose another with --listen (port 0 takes any free one)"
    )]
    PortInUse(String),
    /// A file could not be read or written.
    #[error("cannot {what} {path}: {source}")]
    File {
        /// The verb.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Standard output is closed or full.
    #[error("cannot write the result: {0}")]
    Output(io::Error),
    /// What was asked for is missing or wrong.
    #[error("{name} {problem}")]
    Setting {
        /// The option, or the environment variable.
        name: &'static str,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// The program's own threads or signals.
    #[error("the operating system refuses what the program needs to run: {0}")]
    Runtime(io::Error),
    /// What was asked for did not hold or could not be done, in words.
    #[error("{0}")]
    Failed(String),
    /// The user asked twice to stop.
    #[error("stopped before the work was done")]
    Interrupted,
}

impl ProgramError {
    /// Wraps an error of the operating system: "cannot `what` `path`: …".
    pub fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}

impl From<SettingsError> for ProgramError {
    fn from(error: SettingsError) -> Self {
        Self::Config(error.into())
    }
}
