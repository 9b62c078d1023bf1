//! The one way out to the network: a client with a deadline, a cap on what it reads, and a guard
//! over which addresses it dials. Nothing else in the program opens an HTTP connection.

mod client;
mod guard;

pub use client::{BuildError, DEADLINE, Outbound, Response, RetryAfter, SendError};
pub use guard::{LookupError, Policy, UrlError, check_url};
