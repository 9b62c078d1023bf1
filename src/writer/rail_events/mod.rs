//! What providers tell at the door: kept once, for a worker to find out the truth of it.

mod command;
pub(super) mod rows;

pub use command::RailEventCommand;
