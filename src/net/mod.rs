//! The one way out to the network: a client with a deadline, a cap on what it reads, and a guard
//! over which addresses it dials. Nothing else in the program opens an HTTP connection.

mod client;
mod fault;
mod guard;
mod resolver;
mod visitor;

pub use client::{BuildError, DEADLINE, Outbound, Response, RetryAfter};
pub use fault::SendError;
pub use guard::{Policy, UrlError, check_url};
pub use visitor::{Visit, VisitError, Visitor, status_line};
