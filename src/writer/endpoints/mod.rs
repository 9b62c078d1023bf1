//! Callback endpoints: commands and decisions.

mod command;
mod decide;

pub use command::EndpointCommand;
