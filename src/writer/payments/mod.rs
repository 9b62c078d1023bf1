//! Payment intents and their refunds: commands and decisions.

mod command;
mod decide;
mod finish;

pub use command::{Awaited, PaymentCommand};
pub(super) use decide::{call, intent_event};
