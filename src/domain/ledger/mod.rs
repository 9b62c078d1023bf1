//! The ledger: double entry, per currency, append-only, sequenced and hash-chained per merchant.
//!
//! It knows accounts, entries and where an entry came from (`source`), and nothing of payments.

mod account;
mod audit;
mod books;
mod chart;
mod columns;
mod digest;
mod entry;
mod hash;
mod kind;
mod origin;
mod request;
pub mod store;
mod view;

pub use account::{Account, AccountError};
pub use audit::{Chain, ChainFault, check_entry};
pub use books::{Balance, Books};
pub use chart::{AccountCode, Family};
pub use columns::BalanceRow;
pub use digest::EntryHash;
pub use entry::{Draft, EntryKind, JournalEntry, Posting, Unbalanced};
pub use hash::{HASH_VERSION, chain_hash, micros};
pub use kind::{AccountKind, Direction};
pub use origin::{Origin, ThreadPlace};
pub use request::{EntryRequest, PostingRequest};
pub use view::{JournalEntryView, PostingView};
