//! Payment links: commands and decisions.

mod command;
mod decide;

pub use command::{LinkCommand, LinkPayment};
