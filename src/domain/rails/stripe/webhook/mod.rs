//! Webhooks: a doorbell that is known by its signature and says what to look up.

mod doorbell;
mod signature;

pub use doorbell::{Ring, RingError, RingKind};
pub use signature::{SignatureError, TOLERANCE, verify};
