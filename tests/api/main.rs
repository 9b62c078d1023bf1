//! The service as its callers see it: real HTTP on loopback, a private Postgres, a database of
//! its own for each test, and the books proved at the end of every one.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod accounts;
mod actors;
mod adjustments;
mod another_way;
mod attempts;
mod auth;
mod books;
mod callbacks;
mod clock;
mod clock_plans;
mod clocks;
mod crowd;
mod currencies;
mod damage;
mod declines;
#[expect(
    dead_code,
    reason = "shared with tests/simulation, which uses all of it"
)]
#[path = "../simulation/dice.rs"]
mod dice;
mod dispatch;
mod endpoints;
mod exports;
mod failing;
mod feed;
mod handover;
mod harness;
mod headers;
mod idempotency;
mod intents;
mod journeys;
mod lanes;
mod ledger;
mod lines;
mod links;
mod listen;
mod lists;
mod logs;
mod modes;
mod movements;
mod neighbors;
mod pages;
mod parameters;
mod payers;
mod plans;
mod pool;
mod problems;
mod proof;
mod rail_accounts;
mod rails;
mod reconciled;
mod refunds;
mod rekey;
mod requests;
mod resolutions;
mod resolver;
mod rights;
mod rolling;
mod roots;
mod scenarios;
mod scopes;
mod settlements;
mod shares;
mod shop;
mod sight;
mod split_lines;
mod statements;
mod stopping;
mod strangers;
mod stripe;
mod stripe_door;
mod stripe_live;
mod stripe_many;
mod stripe_peer;
mod transfers;
mod unmatched_lines;
mod verify;
mod waiting;
mod walls;
mod words;
mod writer;
mod x402;
