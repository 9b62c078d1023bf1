//! The formats there are.

use super::{csv::Csv, jsonl::Jsonl, renderer::Renderer};

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
