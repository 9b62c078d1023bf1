//! Files that banks give about accounts, read into one shape: statements with lines.
//!
//! Reading is pure and exact. A file is taken whole or not at all: what does not add up, or would
//! have to be guessed or rounded, is refused with the place, what was expected and what was found.
//! Time and memory grow with the file alone, and [`FILE_BYTES_MAX`] and [`LINES_MAX`] bound both.

mod amount;
mod camt;
mod charset;
mod csv;
mod day;
mod details;
mod format;
mod identity;
mod line;
mod mt940;
mod ofx;
mod recognize;
mod refused;
mod statement;
mod view;
mod words;

#[cfg(test)]
mod tests;

pub use csv::{
    Column, Columns, DecimalMark, DirectionColumn, Encoding, Mapping, Sign, ThousandsMark,
};
pub use details::{Charge, Details, Party, Reference, ReferenceKind};
pub use format::FileFormat;
pub use line::{Flow, Line, LineStatus, Transaction};
pub use refused::{AmountFault, Place, Reason, Refused};
pub use statement::{Balance, Statement};
pub use view::StatementObject;

use recognize::recognize;

/// Largest file: a month of a busy account is below 10 MB in camt.053, the wordiest of the formats.
pub const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;

/// Most lines and transactions in a file. They take some 100 MB of memory, and the doors store them
/// in one go.
pub const LINES_MAX: usize = 100_000;

/// Most statements in a file: one for each day and account.
pub const STATEMENTS_MAX: usize = 10_000;

/// The format that a file is in by its content; none if it is in none, or is a CSV.
pub fn recognized(bytes: &[u8]) -> Option<FileFormat> {
    recognize(&charset::text(bytes).ok()?)
}

/// Reads a file: at least one statement, each of which adds up as far as it says. A mapping is needed
/// for CSV, and for that alone.
pub fn read(
    format: FileFormat,
    bytes: &[u8],
    mapping: Option<&Mapping>,
) -> Result<Vec<Statement>, Refused> {
    let statements = parse(format, bytes, mapping)?;
    for (index, statement) in statements.iter().enumerate() {
        let checked = statement.check();
        checked.map_err(|refused| refused.in_statement(index + 1))?;
    }
    Ok(statements)
}

/// Reads a file without holding its balances against its lines, to show or compare what it says.
pub fn parse(
    format: FileFormat,
    bytes: &[u8],
    mapping: Option<&Mapping>,
) -> Result<Vec<Statement>, Refused> {
    if bytes.len() > FILE_BYTES_MAX {
        let (what, most) = ("bytes", FILE_BYTES_MAX);
        return Err(Reason::TooMuch { what, most }.into());
    }
    let mut statements = match (format, mapping) {
        (FileFormat::Csv, Some(mapping)) => csv::read(bytes, mapping)?,
        (FileFormat::Csv, None) => {
            let reason = "a CSV needs a mapping, which says what its columns are";
            return Err(Reason::Mapping(reason.to_owned()).into());
        }
        (_, Some(_)) => {
            let reason = "a mapping is for CSV alone; leave it out, or say that the file is one";
            return Err(Reason::Mapping(reason.to_owned()).into());
        }
        (format, None) => parse_text(format, &charset::text(bytes)?)?,
    };
    if statements.is_empty() {
        return Err(Reason::NoStatement.into());
    }
    identity::keep_unique_ids(&mut statements);
    Ok(statements)
}

fn parse_text(format: FileFormat, text: &str) -> Result<Vec<Statement>, Refused> {
    let found = recognize(text);
    match (format, found) {
        (FileFormat::Auto, None) => Err(Reason::Unrecognized.into()),
        (FileFormat::Auto, Some(found)) => parse_as(found, text),
        (expected, Some(found)) if expected != found => {
            let (expected, found) = (expected.as_str(), found.as_str());
            Err(Reason::OtherFormat { expected, found }.into())
        }
        (expected, _) => parse_as(expected, text),
    }
}

fn parse_as(format: FileFormat, text: &str) -> Result<Vec<Statement>, Refused> {
    match format {
        FileFormat::Camt052 | FileFormat::Camt053 | FileFormat::Camt054 => camt::read(format, text),
        FileFormat::Mt940 => mt940::read(text),
        FileFormat::Ofx => ofx::read(text),
        FileFormat::Auto | FileFormat::Csv => Err(Reason::Unrecognized.into()),
    }
}
