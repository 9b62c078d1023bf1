//! Payment intents: one purpose to collect one amount, from the request to the final outcome.
//!
//! Every verb is a method that takes the intent and gives it back changed, with what must be
//! asked of the rail, booked and made known by events; nothing here touches a database or a network.

pub mod attempt;
mod bookkeeping;
mod by_movement;
mod cancel;
mod capture;
mod charge;
mod charge_terms;
pub mod columns;
mod error;
mod filter;
mod intent;
mod learn;
pub mod refund;
mod request;
pub mod store;
#[cfg(test)]
mod tests;
mod view;

pub use attempt::{Attempt, AttemptStatus, PAGE_KEY};
pub use bookkeeping::booked_accounts;
pub use by_movement::Moved;
pub use cancel::{CancelRequest, Ended};
pub use capture::CaptureRequest;
pub use charge::ConfirmRequest;
pub use charge_terms::{ChargeTerms, Choice};
pub use error::IntentError;
pub use intent::{
    CancellationReason, CaptureMethod, Ending, Intent, LastError, LineItem, LineItemKind, Opening,
    State, Status, Sums, Terms,
};
pub use learn::{Finished, Known, Told, Verdict};
pub use refund::{Refund, RefundIds, RefundRequest, RefundStatus, RefundTerms};
pub use request::IntentRequest;
pub use view::{PaymentIntent, RefundObject};
