//! What rails tell, and the money of it that nobody waits for: commands, decisions and rows.

mod command;
mod learn;
mod movement;
mod parts;
mod resolve;
pub(super) mod rows;
mod undo;

pub use command::MovementCommand;
pub use learn::FactReceipt;
