//! Exports of the journal: one file a format, streamed in constant memory.
//!
//! An export is one picture of the books: all of it is read in one snapshot, and while it is
//! read every entry is held to the rules of the chain ([`crate::domain::ledger::Chain`]), so that a file that
//! ends with its control totals is complete and true. What would not be so ends in an error
//! instead. The same closed period gives the same bytes each time.

mod csv;
mod format;
mod jsonl;
mod period;
mod renderer;
mod row;
mod stream;
mod totals;

pub use format::Format;
pub use period::{Period, PeriodError};
pub use stream::{Export, ExportError, Selection};
