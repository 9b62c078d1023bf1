//! The ledger: double entry, per currency, append-only, sequenced and hash-chained per merchant.
//!
//! It knows accounts, entries and where an entry came from (`source`), and nothing of payments.

mod account;
mod audit;
mod books;
mod chart;
mod digest;
mod entry;
mod hash;
mod kind;
mod request;
pub mod store;
mod view;

pub use account::{Account, AccountError};
pub use audit::{Chain, ChainFault, check_entry};
pub use books::{Balance, Books};
pub use chart::{AccountCode, Family};
pub use digest::EntryHash;
pub use entry::{Draft, EntryKind, JournalEntry, Posting, Unbalanced};
pub use hash::chain_hash;
pub use kind::{AccountKind, Direction};
pub use request::{EntryRequest, PostingRequest};
pub use view::{JournalEntryView, PostingView};
