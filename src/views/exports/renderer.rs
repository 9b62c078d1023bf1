//! What a format is to the stream of entries.

use super::totals::Totals;
use crate::domain::ledger::JournalEntry;
use std::io;
use time::OffsetDateTime;

/// Turns the journal into one format's bytes: called once to begin, once an entry,
/// perhaps once to say that the period is open, once to end.
pub(super) trait Renderer: Send {
    /// What comes before the first entry.
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()>;
    /// One entry with all its postings.
    fn entry(&mut self, entry: &JournalEntry, out: &mut Vec<u8>) -> io::Result<()>;
    /// That the period was not over when the books were read.
    fn open(&mut self, read_at: OffsetDateTime, out: &mut Vec<u8>) -> io::Result<()>;
    /// The control totals and whatever else comes at the end.
    fn end(&mut self, totals: &Totals, out: &mut Vec<u8>) -> io::Result<()>;
}
