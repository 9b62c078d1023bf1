//! Stripe's hosted Checkout: the payer pays on a page of Stripe's, and we are told of it by a
//! doorbell that says only what to look up.
//!
//! Pure rules, and what sends: [`Credentials`] say whose account it is, the functions
//! of [`calls`] make a [`Request`] out of what is stored, [`Client`] sends it,
//! [`Order`] says what the answer means for one of our calls, the types of
//! [`answers`] are what comes back, and [`verify`] and [`Ring::read`] take webhooks. The same
//! inputs always make the same bytes, so that a request whose answer was lost can be sent again
//! under its key. Sources: Stripe's API reference of version 2026-10-28.endive, and its pages on
//! currencies, idempotent requests and webhook signatures.

mod amount;
pub mod answers;
pub mod calls;
mod client;
mod credentials;
mod object_id;
mod rail;
mod request;
mod sent;
mod settings;
mod webhook;

pub use amount::{NotTaken, Seen, currencies, to_stripe};
pub use client::{API, Client, DEADLINE, EXCHANGE_BYTES, PATIENCE};
pub use credentials::{Credentials, Secret};
pub use object_id::ObjectId;
pub use rail::{ChargeThere, Order};
pub use request::{Method, Request, VERSION};
pub use settings::Settings;
pub use webhook::{Ring, RingError, RingKind, SignatureError, TOLERANCE, verify};
