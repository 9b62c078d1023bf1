//! Who causes a change: it is kept with every event and every entry.

use super::ids::KeyId;
use std::fmt;

/// Who causes a change. Printed as `key_…`, `payer`, `worker:expire`, `operator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A caller with this API key, given as such or behind an access token.
    Key(KeyId),
    /// A payer on one of our pages.
    Payer,
    /// One of our workers, by its name.
    Worker(&'static str),
    /// The operator of the service, by a command of the program.
    Operator,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => id.fmt(f),
            Self::Payer => f.write_str("payer"),
            Self::Worker(name) => write!(f, "worker:{name}"),
            Self::Operator => f.write_str("operator"),
        }
    }
}
