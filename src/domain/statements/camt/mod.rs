//! Messages of ISO 20022's cash management: `BankToCustomerAccountReport` (camt.052),
//! `BankToCustomerStatement` (camt.053), `BankToCustomerDebitCreditNotification` (camt.054), in
//! versions 2 to 14.
//!
//! What is read has not moved between versions but in ways that can be told apart by the names, so
//! that files are read which no schema would take. What money depends on is never guessed.

mod balance;
mod charges;
mod details;
mod entry;
mod statement;
mod summary;
mod value;
mod xml;

#[cfg(test)]
mod tests;

use super::{
    LINES_MAX, STATEMENTS_MAX,
    format::FileFormat,
    refused::{Reason, Refused},
    statement::Statement,
};
use statement::StatementReader;
use xml::{Fields, Value, walk};

/// Reads a message of one of the three kinds.
pub(super) fn read(format: FileFormat, text: &str) -> Result<Vec<Statement>, Refused> {
    let mut reader = MessageReader::default();
    walk(text, &mut reader)?;
    match reader.format {
        None => Err(Reason::NoStatement.into()),
        Some(found) if format != FileFormat::Auto && format != found => Err(Reason::OtherFormat {
            expected: format.as_str(),
            found: found.as_str(),
        }
        .into()),
        Some(_) => Ok(reader.statements),
    }
}

/// The message that an element is, and the name of its statements.
fn message(path: &str) -> Option<(FileFormat, &'static str)> {
    let name = path.rsplit('/').next()?;
    match name {
        "BkToCstmrAcctRpt" => Some((FileFormat::Camt052, "Rpt")),
        "BkToCstmrStmt" => Some((FileFormat::Camt053, "Stmt")),
        "BkToCstmrDbtCdtNtfctn" => Some((FileFormat::Camt054, "Ntfctn")),
        _ => None,
    }
}

/// A message as far as it is read.
#[derive(Default)]
struct MessageReader {
    format: Option<FileFormat>,
    /// The path of the statements, once the message has begun.
    root: Option<String>,
    statement: Option<StatementReader>,
    statements: Vec<Statement>,
    seen: usize,
    lines: usize,
}

impl MessageReader {
    /// The path inside of a statement, if it is inside of one.
    fn inside<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.root.as_deref()?)?.strip_prefix('/')
    }

    fn is_statement(&self, path: &str) -> bool {
        self.root.as_deref() == Some(path)
    }
}

impl Fields<Refused> for MessageReader {
    fn namespace(&mut self, uri: &str) -> Result<(), Refused> {
        let Some((_, version)) = uri.split_once(":xsd:camt.05") else {
            return Ok(());
        };
        let number = version
            .rsplit('.')
            .next()
            .and_then(|text| text.parse().ok());
        if number.is_some_and(|number: u32| (2..=14).contains(&number)) {
            return Ok(());
        }
        let reason = format!("camt.05{version} is not read; ask the bank for version 02 to 14");
        Err(Reason::Malformed(reason).into())
    }

    fn open(&mut self, path: &str) -> Result<(), Refused> {
        if self.root.is_none() {
            if let Some((format, statement)) = message(path) {
                self.format = Some(format);
                self.root = Some(format!("{path}/{statement}"));
            }
        } else if self.is_statement(path) {
            self.seen += 1;
            if self.seen > STATEMENTS_MAX {
                let (what, most) = ("statements", STATEMENTS_MAX);
                return Err(Reason::TooMuch { what, most }.into());
            }
            self.statement = Some(StatementReader::default());
        } else if let (Some(path), Some(statement)) = (self.inside(path), &mut self.statement) {
            statement.open(path);
        }
        Ok(())
    }

    fn field(&mut self, path: &str, value: &Value<'_>) -> Result<(), Refused> {
        if let (Some(path), Some(statement)) = (self.inside(path), &mut self.statement) {
            let result = statement.field(path, value);
            return result.map_err(|reason| statement.place(reason).in_statement(self.seen));
        }
        Ok(())
    }

    fn close(&mut self, path: &str) -> Result<(), Refused> {
        let Some(format) = self.format else {
            return Ok(());
        };
        if self.is_statement(path) {
            let statement = self.statement.take();
            let finished = statement.map(|statement| statement.finish(format));
            let finished = finished.transpose();
            let finished = finished.map_err(|refused| refused.in_statement(self.seen))?;
            self.statements.extend(finished.flatten());
        } else if let (Some(path), Some(statement)) = (self.inside(path), &mut self.statement) {
            let result = statement.close(path);
            let read = result.map_err(|reason| statement.place(reason).in_statement(self.seen))?;
            self.lines += read;
            if self.lines > LINES_MAX {
                let (what, most) = ("lines", LINES_MAX);
                return Err(Reason::TooMuch { what, most }.into());
            }
        } else if message(path).is_some() {
            self.root = None;
        }
        Ok(())
    }
}
