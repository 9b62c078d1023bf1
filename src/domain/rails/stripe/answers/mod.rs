//! What Stripe answers, as far as we look at it. Members that we do not know are passed over, and
//! words that we do not know are kept and mean that nothing is known yet. No bytes make it panic.

mod expandable;
mod metadata;
mod outcome;
mod page;
mod payment;
mod refusal;
mod reversal;
mod session;
mod settlement;

pub use expandable::{Expandable, Identified, Link};
pub use outcome::{Expected, Outcome};
pub use page::Page;
pub use payment::{Charge, Payment, PaymentFault, PaymentStatus};
pub use refusal::{CallError, Doubt, Reason, Refusal};
pub use reversal::{Dispute, DisputeStatus, Refund, RefundStatus};
pub use session::{Session, SessionPayment, SessionStatus};
pub use settlement::{Balance, EventDestination, EventDestinations, WebhookEndpoint};
pub use settlement::{BalanceTransaction, Payout, Source};

use serde::de::DeserializeOwned;

/// Reads what was answered with `status`; `body` is none if it did not come whole.
pub fn read<T: DeserializeOwned>(status: u16, body: Option<&[u8]>) -> Result<T, CallError> {
    if !(200..300).contains(&status) {
        return Err(refusal::read(status, body.unwrap_or_default()));
    }
    let unreadable = CallError::Unknown(Doubt::Unreadable(status));
    let body = body.ok_or(unreadable.clone())?;
    serde_json::from_slice(body).map_err(|_| unreadable)
}

#[cfg(test)]
mod tests;
