//! The nouns of the business: each owns its types, its pure rules and its SQL.

pub mod auth;
pub mod callbacks;
pub mod clocks;
pub mod details;
pub mod due;
pub mod idempotency;
pub mod intents;
pub mod ledger;
pub mod links;
pub mod movements;
pub mod rail_accounts;
pub mod rail_events;
pub mod rails;
pub mod reconciliation;
pub mod settlements;
pub mod statements;
pub mod threads;
