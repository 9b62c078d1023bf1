//! What we ask Stripe. Each function makes a request from what is stored and from nothing else.

mod accounts;
mod checkout;
mod payments;
mod settlement;

pub use accounts::{read_balance, read_event_destinations, read_webhook_endpoints};
pub use checkout::{
    Capture, NewSession, create_session, create_stored_session, expire_session, get_session,
    list_sessions, session_expiry,
};
pub use payments::{cancel, capture, get_charge, get_dispute, get_payment};
pub use payments::{create_refund, get_refund, list_refunds};
pub use settlement::{get_balance_transaction, get_payout, list_balance_transactions};

/// The metadata that names our attempt, on all that we have Stripe make.
pub const ATTEMPT: &str = "threadpay_attempt";
