//! The writer: the only place that opens a write transaction.
//!
//! Everything that changes anything is a [`Command`] about one merchant. A lane gathers the
//! commands that arrive while its last batch commits, takes the lock of their merchants' books,
//! loads what they name, decides each in turn by a pure function, stores the sum of it in bulk
//! and commits once. There is no timer: a lonely command pays no delay, a thousand share a flush.

mod batch;
mod clocks;
mod command;
mod context;
mod decide;
mod decider;
mod decision;
mod endpoints;
mod lane;
mod links;
mod movements;
mod needs;
mod payments;
mod postings;
mod rail_accounts;
mod rail_events;
mod rejection;
mod rekey;
mod reply;
mod settlements;
mod setup;
mod statements;
mod store;
mod world;

pub use command::*;
pub use context::{AskAtOnce, Context, Outside, RenderRejection};
pub use decide::decide;
pub use lane::{BatchReport, Hooks, Job, Jobs, ReplyTo, Writer, WriterOptions};
pub use links::LinkPayment;
pub use movements::FactReceipt;
pub use needs::Needs;
pub use payments::Awaited;
pub use rail_accounts::{add_rail_account, change_rail_account};
pub use rejection::{Rejection, WriteError};
pub use rekey::{RekeyError, Rekeyed, Rotation, rekey};
pub use reply::Reply;
pub use setup::{create_key, create_merchant, rename_merchant, revoke_key};
pub use world::World;
