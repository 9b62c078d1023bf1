//! `csv`: RFC 4180, in UTF-8, lines ending in CRLF, the first of them the names of the columns.
//!
//! Where the period was not over when the books were read, a row of `kind` `open` says so, with that
//! time as `booked_at`. At the end stand the control totals, two rows for each currency: `kind` is `control_total`,
//! `account` is empty, `direction`, `amount` and `currency` hold the total, `sequence` the count
//! of entries in the currency and `line` the count of postings on the side.
//!
//! **Formulas.** A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, tab or carriage
//! return for a formula. The usual remedy, a quote mark before it, changes the value, and these
//! files are read by programs: a Telegram group is called `-1001234567890` and must be found by
//! that name. So values stand exactly as they are. What strangers can write is `reference` and
//! the thread columns, by way of the bot; a reader who opens a file in a spreadsheet imports
//! those columns as text.

use super::{
    renderer::Renderer,
    row::{COLUMNS, rows},
    totals::{ControlTotal, Totals},
};
use crate::{base::timestamp, domain::ledger::JournalEntry};
use std::io;
use time::OffsetDateTime;

/// The CSV renderer.
pub(super) struct Csv;

impl Renderer for Csv {
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let mut csv = writer(out);
        csv.write_record(COLUMNS)?;
        csv.flush()
    }

    fn entry(&mut self, entry: &JournalEntry, out: &mut Vec<u8>) -> io::Result<()> {
        let mut csv = writer(out);
        for row in rows(entry) {
            csv.serialize(row)?;
        }
        csv.flush()
    }

    fn open(&mut self, read_at: OffsetDateTime, out: &mut Vec<u8>) -> io::Result<()> {
        let mut csv = writer(out);
        csv.write_record(COLUMNS.map(|column| match column {
            "kind" => "open".to_owned(),
            "booked_at" => timestamp::format(read_at),
            _ => String::new(),
        }))?;
        csv.flush()
    }

    fn end(&mut self, totals: &Totals, out: &mut Vec<u8>) -> io::Result<()> {
        let mut csv = writer(out);
        for total in totals.iter() {
            csv.write_record(COLUMNS.map(|column| cell(total, column)))?;
        }
        csv.flush()
    }
}

fn writer(out: &mut Vec<u8>) -> csv::Writer<&mut Vec<u8>> {
    csv::WriterBuilder::new()
        .has_headers(false)
        .terminator(csv::Terminator::CRLF)
        .from_writer(out)
}

fn cell(total: &ControlTotal, column: &str) -> String {
    match column {
        "kind" => "control_total".to_owned(),
        "direction" => total.direction.as_str().to_owned(),
        "amount" => total.amount.to_string(),
        "currency" => total.currency.to_string(),
        "sequence" => total.entries.to_string(),
        "line" => total.postings.to_string(),
        _ => String::new(),
    }
}
