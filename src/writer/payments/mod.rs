//! Payment intents and their refunds: commands, decisions and rows.

mod command;
mod decide;
mod finish;
pub(super) mod rows;
mod terms;

pub use command::{Awaited, PaymentCommand};
pub(super) use decide::{call, intent_event};
pub(super) use rows::{load_intents, load_named_attempts};
