//! Threadpay: payments inside chat threads.
//!
//! A bot asks for money in a thread, the payer opens a link and pays, a double-entry ledger in
//! Postgres books it, and a signed callback tells the bot. Read the modules in the order below:
//! each may import only those above it (`tests/tidy.rs` checks this), and `ARCHITECTURE.md`
//! walks the main journeys through them.

// Ground: words and tools.
pub mod ambient;
pub mod crypto;
pub mod db;
pub mod ids;
pub mod money;
pub mod net;
pub mod timestamp;

// Nouns: each owns its types, its pure rules and its SQL.
pub mod auth;
pub mod callbacks;
pub mod idempotency;
pub mod ledger;
pub mod links;
pub mod rails;
pub mod threads;

pub mod intents;

// The writer: the only place that opens a write transaction.
pub mod writer;

// Faces: read and render, never write.
pub mod checkout;
pub mod exports;
pub mod reports;

// Roof: what is built once.
pub mod app;
pub mod config;
pub mod telemetry;

// Doors: parse, submit or read, render.
pub mod cli;
pub mod embedded;
pub mod http;
pub mod workers;
