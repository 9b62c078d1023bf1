//! What providers pay out: kept as it is told, page by page. Nothing of it is booked.

mod command;
pub(super) mod rows;

pub use command::SettlementCommand;
