//! Statements of accounts that transfers are sent to: commands, decisions, rows.

mod command;
mod decide;
mod line;
pub(super) mod rows;

pub use command::StatementCommand;
