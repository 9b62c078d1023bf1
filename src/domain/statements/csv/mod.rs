//! Tables that banks give, read by a mapping of their columns.
//!
//! A table has no balances, so nothing adds up; each row is a line, and one that cannot be read
//! refuses the table.

mod mapping;
mod number;
mod options;
mod pattern;
mod row;

#[cfg(test)]
mod tests;

pub use mapping::{Column, Columns, DirectionColumn, Mapping};
pub use options::{DecimalMark, Encoding, Sign, ThousandsMark};

use super::{
    LINES_MAX,
    charset::decode,
    refused::{Reason, Refused},
    statement::Statement,
    words::clean,
};
use ::csv::{ReaderBuilder, StringRecord, Trim};
use encoding_rs::{UTF_8, WINDOWS_1252};
use row::Rows;

/// Reads a table as the lines of one statement.
pub(super) fn read(bytes: &[u8], mapping: &Mapping) -> Result<Vec<Statement>, Refused> {
    mapping.check()?;
    let text = decode(
        bytes,
        match mapping.encoding {
            Encoding::Utf8 => UTF_8,
            Encoding::Windows1252 => WINDOWS_1252,
        },
    )?;
    let records = records(&text, mapping)?;
    let header_rows = usize::from(mapping.header_rows);
    let lines = records
        .len()
        .saturating_sub(usize::from(mapping.footer_rows));
    let (header, lines) = records
        .get(..lines)
        .and_then(|records| records.split_at_checked(header_rows))
        .filter(|(_, lines)| !lines.is_empty())
        .ok_or(Reason::NoStatement)?;
    let rows = Rows::of(mapping, header.last())?;
    let lines = lines.iter().enumerate().map(|(index, record)| {
        let line = rows.line(record);
        line.map_err(|reason| Refused::from(reason).in_statement(1).in_line(index + 1))
    });
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    let of_line = lines.first().map(|line| line.amount.currency());
    let currency = mapping.common_currency()?.or(of_line);
    let account = mapping.account.as_deref().map(clean).transpose()?;
    Ok(vec![Statement {
        id: None,
        number: None,
        account: account.flatten(),
        currency: currency.ok_or(Reason::Missing("the currency"))?,
        from: None,
        to: None,
        opening: None,
        closing: None,
        lines,
    }])
}

fn records(text: &str, mapping: &Mapping) -> Result<Vec<StringRecord>, Reason> {
    let mut reader = ReaderBuilder::new()
        .delimiter(mapping.byte().unwrap_or(b','))
        .has_headers(false)
        .trim(Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = Vec::new();
    for record in reader.records() {
        let unreadable = |error| Reason::Malformed(format!("no readable table: {error}"));
        records.push(record.map_err(unreadable)?);
        if records.len() > LINES_MAX {
            let (what, most) = ("lines", LINES_MAX);
            return Err(Reason::TooMuch { what, most });
        }
    }
    Ok(records)
}
