//! The one way out to the network: a client with a deadline, a cap on what it reads, and a guard
//! over which addresses it dials. Nothing else in the program opens an HTTP connection.

mod client;
mod connector;
mod fault;
mod guard;
mod meter;
mod normal_form;
mod policy;
mod proxy;
#[cfg(test)]
mod receiver;
mod resolver;
mod visitor;
mod zones;

pub use client::{Asking, BuildError, DEADLINE, Outbound, Response, RetryAfter, WholeResponse};
pub use fault::SendError;
pub use guard::{UrlError, check_url};
pub use normal_form::normal_form;
pub use policy::Policy;
pub use proxy::Proxy;
pub use visitor::{Visit, VisitError, Visitor, status_line};
