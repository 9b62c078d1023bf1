//! Entries that are booked by hand: commands and decisions.

mod command;
mod decide;

pub use command::PostingCommand;
