//! What handlers take as arguments. Each says with a [`Problem`](crate::http::Problem) why it cannot be
//! had, and the leftmost speaks first: put them in the order in which a caller should hear of them.

mod body;
mod caller;
mod change;
mod declared;
mod fault;
mod idempotency_key;
mod json;
mod page;
mod parameters;
mod path;
mod pointer;
mod query;
mod raw;
mod strict;

pub use body::Body;
pub use caller::{
    Callbacks, Caller, Exports, Grant, Ledger, Links, PostEntries, RailAccounts, ReadIntents,
    ResolveMovements, Sandbox, Statements, WriteIntents,
};
pub use change::{BankFile, Change};
pub use declared::{Declared, Only};
pub use idempotency_key::IdempotencyKeyHeader;
pub use page::{Cursor, Page, PageParams, check_span, limit};
pub use parameters::Parameters;
pub use path::PathId;
pub use query::Query;
pub use raw::{BODY_BYTES_MAX, RawBody, WebhookBody};
