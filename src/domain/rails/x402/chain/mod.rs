//! What became of an authorization, as a node of its chain tells over JSON-RPC.
//!
//! Nothing here trusts a transaction because somebody named it: the token must have logged, in
//! this order, that it used this nonce and moved this amount from the payer to us, in a block that
//! is as deep as was wanted.

mod answers;
mod calls;
mod receipt;
mod standing;
#[cfg(test)]
mod tests;

pub use answers::{Answer, Block, read};
pub use calls::{authorization_state, block, chain_id, decimals, latest_block, receipt, uses};
pub use receipt::{Log, Receipt, Use};
pub use standing::{Deep, Sight, Standing, decide};
