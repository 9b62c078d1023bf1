//! Test merchants' clocks: commands, decisions and rows.

mod command;
mod decide;
pub(super) mod rows;

pub use command::ClockCommand;
