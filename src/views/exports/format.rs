//! The formats there are.

use super::{csv::Csv, jsonl::Jsonl, totals::Totals};
use crate::views::reports::BookedEntry;
use std::io;
use time::OffsetDateTime;

crate::names! {
    /// A format of the journal export; its name is also the ending of a file's name.
    pub enum Format {
        /// Comma-separated values by RFC 4180.
        Csv = "csv",
        /// One JSON object a line.
        Jsonl = "jsonl",
    }
}

impl Format {
    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl => "application/jsonl; charset=utf-8",
        }
    }

    pub(super) fn renderer(self) -> Box<dyn Renderer> {
        match self {
            Self::Csv => Box::new(Csv),
            Self::Jsonl => Box::new(Jsonl),
        }
    }
}

/// Turns the journal into one format's bytes: called once to begin, once an entry,
/// perhaps once to say that the period is open, once to end.
pub(super) trait Renderer: Send {
    /// What stands before the first entry.
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()>;
    /// One entry with all its postings.
    fn entry(&mut self, entry: &BookedEntry, out: &mut Vec<u8>) -> io::Result<()>;
    /// That the period was not over when the books were read.
    fn open(&mut self, read_at: OffsetDateTime, out: &mut Vec<u8>) -> io::Result<()>;
    /// The control totals and whatever else stands at the end.
    fn end(&mut self, totals: &Totals, out: &mut Vec<u8>) -> io::Result<()>;
}
