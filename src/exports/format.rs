//! The formats there are.

use super::{csv::Csv, jsonl::Jsonl, totals::Totals};
use crate::reports::BookedEntry;
use std::{fmt, io, str::FromStr};

/// A format of the journal export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values by RFC 4180.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// The text names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an export format; there are csv and jsonl")]
pub struct FormatError(String);

impl Format {
    /// The formats, in the order of the documentation.
    pub const ALL: [Self; 2] = [Self::Csv, Self::Jsonl];

    /// The name in requests, which is also the ending of a file's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

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

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(name: &str) -> Result<Self, FormatError> {
        let unknown = || FormatError(name.chars().take(20).collect());
        let mut formats = Self::ALL.into_iter();
        formats.find(|f| f.as_str() == name).ok_or_else(unknown)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Turns the journal into one format's bytes: called once to begin, once an entry, once to end.
pub(super) trait Renderer: Send {
    /// What stands before the first entry.
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()>;
    /// One entry with all its postings.
    fn entry(&mut self, entry: &BookedEntry, out: &mut Vec<u8>) -> io::Result<()>;
    /// The control totals and whatever else stands at the end.
    fn end(&mut self, totals: &Totals, out: &mut Vec<u8>) -> io::Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_format_is_told_what_there_is() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        let error = "CSV".parse::<Format>().unwrap_err().to_string();
        for format in Format::ALL {
            assert!(error.contains(format.as_str()), "{error}");
        }
    }
}
