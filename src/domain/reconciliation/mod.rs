//! Statements that merchants give us of accounts that transfers are sent to, and what each of their
//! lines comes to: a payment that is waited for, money that nobody waits for, or nothing of ours.

pub mod bank_line;
mod error;
pub mod import;
mod recognize;
mod request;
mod row_error;
mod view;

pub use bank_line::{BankLine, FoundBy, LineDecision, LineState};
pub use error::LineError;
pub use import::{Counts, Import, ImportError, ImportStatus, NewImport, Part};
pub use recognize::{Recognized, recognize};
pub use request::{
    LineAction, LinePart, Mark, MarkRequest, MatchRequest, SplitRequest, UnmatchRequest,
};
pub use view::{BankLineObject, ImportObject, PreviewObject};
