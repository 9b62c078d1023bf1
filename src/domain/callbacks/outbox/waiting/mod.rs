//! The endpoints that have something to be sent.
//!
//! A row is a hint that a claim goes by, and never the truth: that is the deliveries themselves. Who
//! makes one due puts its endpoint here, without a lock where it is here already; should a sweep
//! take the row away at that very moment, the next one puts it back, two seconds later.

mod store;

pub use store::{add, sweep};
