//! Files that banks give about accounts, read into one shape: statements with lines.
//!
//! Reading is pure and exact. A file is taken whole or not at all: what does not add up, or would
//! have to be guessed or rounded, is refused with the place, what was expected and what was found.
//! Time and memory grow with the file alone, and [`FILE_BYTES_MAX`] and [`LINES_MAX`] bound both.

mod amount;
mod camt;
mod charset;
mod day;
mod format;
mod identity;
mod mt940;
mod recognize;
mod refused;
mod statement;
mod words;

#[cfg(test)]
mod tests;

pub use format::Format;
pub use refused::{AmountFault, Place, Reason, Refused};
pub use statement::{
    Balance, Charge, Details, Direction, Line, LineStatus, Party, Reference, ReferenceKind,
    Statement, Transaction,
};

/// Largest file: a month of a busy account is below 10 MB in camt.053, the wordiest of the formats.
pub const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;

/// Most lines and transactions in a file. They take some 100 MB of memory, and the doors store them
/// in one go.
pub const LINES_MAX: usize = 100_000;

/// Most statements in a file: one for each day and account.
pub const STATEMENTS_MAX: usize = 10_000;

/// Reads a file: at least one statement, each of which adds up as far as it says.
pub fn read(format: Format, bytes: &[u8]) -> Result<Vec<Statement>, Refused> {
    let statements = parse(format, bytes)?;
    for (index, statement) in statements.iter().enumerate() {
        let checked = statement.check();
        checked.map_err(|refused| refused.in_statement(index + 1))?;
    }
    Ok(statements)
}

/// Reads a file without holding its balances against its lines, to show or compare what it says.
pub fn parse(format: Format, bytes: &[u8]) -> Result<Vec<Statement>, Refused> {
    if bytes.len() > FILE_BYTES_MAX {
        let (what, most) = ("bytes", FILE_BYTES_MAX);
        return Err(Reason::TooMuch { what, most }.into());
    }
    let text = charset::text(bytes)?;
    let found = recognize::recognize(&text);
    let mut statements = match (format, found) {
        (Format::Auto, None) => return Err(Reason::Unrecognized.into()),
        (Format::Auto, Some(found)) => parse_text(found, &text)?,
        (expected, Some(found)) if expected != found => {
            let (expected, found) = (expected.as_str(), found.as_str());
            return Err(Reason::OtherFormat { expected, found }.into());
        }
        (expected, _) => parse_text(expected, &text)?,
    };
    if statements.is_empty() {
        return Err(Reason::NoStatement.into());
    }
    identity::keep_unique_ids(&mut statements);
    Ok(statements)
}

fn parse_text(format: Format, text: &str) -> Result<Vec<Statement>, Refused> {
    match format {
        Format::Camt052 | Format::Camt053 | Format::Camt054 => camt::read(format, text),
        Format::Mt940 => mt940::read(text),
        Format::Auto | Format::Ofx | Format::Csv => Err(Reason::Unrecognized.into()),
    }
}
