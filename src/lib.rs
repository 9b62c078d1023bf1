//! Threadpay: payments inside chat threads.
//!
//! A bot asks for money in a thread, the payer opens a link and pays, a double-entry ledger in
//! Postgres books it, and a signed callback tells the bot. Each folder is a floor of the house:
//! a module may import only from floors above its own in this list (`tests/tidy.rs` checks this),
//! and `ARCHITECTURE.md` walks the main journeys through them.

pub mod app;
pub mod base;
pub mod domain;
pub mod views;
pub mod writer;

// Doors: parse, submit or read, render.
pub mod embedded;
pub mod http;
pub mod workers;

// The program: what its commands share, the benchmark, and the commands.
mod program;

mod bench;
pub mod cli;
