//! Rail accounts: commands, decisions, rows, and the operator's way to them.

mod command;
mod decide;
pub(super) mod rows;
mod setup;

pub use command::RailAccountCommand;
pub use setup::{add_rail_account, change_rail_account};
