//! The routes below `/v1`, a file for each noun.

pub mod attempts;
pub mod deliveries;
pub mod endpoints;
pub mod events;
pub mod exports;
pub mod intents;
pub mod ledger;
pub mod links;
pub mod movements;
pub mod oauth;
pub mod rail_accounts;
pub mod refunds;
pub mod sandbox;
pub mod scenarios;
pub mod settlements;
pub mod statement_lines;
pub mod statements;
