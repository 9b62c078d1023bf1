//! `jsonl`: one JSON object a line, in UTF-8, each with all columns; what is not there is null.
//!
//! Where the period was not over when the books were read, an object of `kind` `open` says so, with
//! that time as `read_at`. At the end stand the control totals, two objects for each currency: `kind` is
//! `control_total`, with `direction`, `amount`, `currency` and the counts `entries` (those in the
//! currency) and `postings` (those on the side).

use super::{renderer::Renderer, row::rows, totals::Totals};
use crate::{base::timestamp, domain::ledger::JournalEntry};
use serde::Serialize;
use std::io;
use time::OffsetDateTime;

/// The JSON Lines renderer.
pub(super) struct Jsonl;

#[derive(Serialize)]
struct OpenLine {
    kind: &'static str,
    read_at: String,
}

#[derive(Serialize)]
struct TotalLine {
    kind: &'static str,
    direction: &'static str,
    amount: String,
    currency: &'static str,
    entries: u64,
    postings: u64,
}

impl Renderer for Jsonl {
    fn begin(&mut self, _out: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }

    fn entry(&mut self, entry: &JournalEntry, out: &mut Vec<u8>) -> io::Result<()> {
        rows(entry).try_for_each(|row| line(&row, out))
    }

    fn open(&mut self, read_at: OffsetDateTime, out: &mut Vec<u8>) -> io::Result<()> {
        let read_at = timestamp::format(read_at);
        line(
            &OpenLine {
                kind: "open",
                read_at,
            },
            out,
        )
    }

    fn end(&mut self, totals: &Totals, out: &mut Vec<u8>) -> io::Result<()> {
        let lines = totals.iter().map(|total| TotalLine {
            kind: "control_total",
            direction: total.direction.as_str(),
            amount: total.amount.to_string(),
            currency: total.currency.code(),
            entries: total.entries,
            postings: total.postings,
        });
        lines.into_iter().try_for_each(|total| line(&total, out))
    }
}

fn line(value: &impl Serialize, out: &mut Vec<u8>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.push(b'\n');
    Ok(())
}
