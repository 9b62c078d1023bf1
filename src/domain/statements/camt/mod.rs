//! Messages of ISO 20022's cash management: `BankToCustomerAccountReport` (camt.052),
//! `BankToCustomerStatement` (camt.053), `BankToCustomerDebitCreditNotification` (camt.054), in
//! versions 2 to 14.
//!
//! What is read has not moved between versions but in ways that can be told apart by the names, so
//! that files are read which no schema would take. What money depends on is never guessed.

mod details;
mod entry;
mod totals;
mod value;
mod xml;

#[cfg(test)]
mod tests;

use super::{
    LINES_MAX, STATEMENTS_MAX, day,
    format::Format,
    refused::{Reason, Refused},
    statement::{LineStatus, Statement},
    words::{identifier, keep},
};
use crate::base::money::Currency;
use entry::{Around, EntryReader};
use time::Date;
use totals::{BalanceReader, Balances, Summary};
use xml::{Fields, Value, walk};

/// Reads a message of one of the three kinds.
pub(super) fn read(format: Format, text: &str) -> Result<Vec<Statement>, Refused> {
    let mut reader = MessageReader::default();
    walk(text, &mut reader)?;
    match reader.format {
        None => Err(Reason::NoStatement.into()),
        Some(found) if format != Format::Auto && format != found => Err(Reason::OtherFormat {
            expected: format.as_str(),
            found: found.as_str(),
        }
        .into()),
        Some(_) => Ok(reader.statements),
    }
}

/// The message that an element is, and the name of its statements.
fn message(path: &str) -> Option<(Format, &'static str)> {
    let name = path.rsplit('/').next()?;
    match name {
        "BkToCstmrAcctRpt" => Some((Format::Camt052, "Rpt")),
        "BkToCstmrStmt" => Some((Format::Camt053, "Stmt")),
        "BkToCstmrDbtCdtNtfctn" => Some((Format::Camt054, "Ntfctn")),
        _ => None,
    }
}

/// A message as far as it is read.
#[derive(Default)]
struct MessageReader {
    format: Option<Format>,
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

/// A statement, report or notification as far as it is read.
#[derive(Default)]
struct StatementReader {
    id: Option<String>,
    number: Option<String>,
    page: Option<String>,
    account: Option<String>,
    currency: Option<Currency>,
    from: Option<Date>,
    to: Option<Date>,
    balance: Option<BalanceReader>,
    balances: Balances,
    summary: Summary,
    entry: Option<EntryReader>,
    /// They are finished with the statement, since its id and account may come late.
    entries: Vec<EntryReader>,
}

impl StatementReader {
    fn open(&mut self, path: &str) {
        match path {
            "Bal" => self.balance = Some(BalanceReader::default()),
            "Ntry" => self.entry = Some(EntryReader::default()),
            _ => {
                if let (Some(path), Some(entry)) = (path.strip_prefix("Ntry/"), &mut self.entry) {
                    entry.open(path);
                }
            }
        }
    }

    fn field(&mut self, path: &str, value: &Value<'_>) -> Result<(), Reason> {
        if let (Some(path), Some(entry)) = (path.strip_prefix("Ntry/"), &mut self.entry) {
            return entry.field(path, value);
        }
        if let (Some(path), Some(balance)) = (path.strip_prefix("Bal/"), &mut self.balance) {
            return balance.field(path, value);
        }
        if let Some(path) = path.strip_prefix("TxsSummry/") {
            self.summary.field(path, value);
            return Ok(());
        }
        match path {
            "Id" => self.id = identifier(value.text)?,
            "ElctrncSeqNb" => self.number = identifier(value.text)?,
            "LglSeqNb" if self.number.is_none() => self.number = identifier(value.text)?,
            "StmtPgntn/PgNb" | "RptPgntn/PgNb" | "NtfctnPgntn/PgNb" => {
                self.page = identifier(value.text)?;
            }
            "Acct/Id/IBAN" | "Acct/Id/Othr/Id" => keep(&mut self.account, value.text)?,
            "Acct/Ccy" => self.currency = Some(Currency::named(value.text)?),
            "FrToDt/FrDtTm" | "FrToDt/FrDt" => self.from = Some(day::iso("FrToDt", value.text)?),
            "FrToDt/ToDtTm" | "FrToDt/ToDt" => self.to = Some(day::iso("FrToDt", value.text)?),
            _ => {}
        }
        Ok(())
    }

    /// An element ends; how many lines it was.
    fn close(&mut self, path: &str) -> Result<usize, Reason> {
        match path {
            "Bal" => {
                if let Some(balance) = self.balance.take() {
                    self.balances.add(&balance)?;
                }
            }
            "Ntry" => {
                let entry = self.entry.take();
                let lines = entry.as_ref().map_or(0, EntryReader::len);
                self.entries.extend(entry);
                return Ok(lines);
            }
            _ => {
                if let (Some(path), Some(entry)) = (path.strip_prefix("Ntry/"), &mut self.entry) {
                    entry.close(path)?;
                }
            }
        }
        Ok(0)
    }

    /// Where in the statement we are.
    fn place(&self, reason: Reason) -> Refused {
        let refused = Refused::from(reason);
        if self.entry.is_some() {
            refused.in_line(self.entries.len() + 1)
        } else {
            refused
        }
    }

    /// The statement; none if it says nothing about money, not even in which currency.
    fn finish(self, format: Format) -> Result<Option<Statement>, Refused> {
        let around = Around {
            id: self.id.as_deref(),
            account: self.account.as_deref(),
            // A statement holds booked entries alone, by its definition.
            status: (format == Format::Camt053).then_some(LineStatus::Booked),
        };
        let mut lines = Vec::with_capacity(self.entries.len());
        for (index, entry) in self.entries.into_iter().enumerate() {
            let line = entry.finish(&around);
            lines.push(line.map_err(|reason| Refused::from(reason).in_line(index + 1))?);
        }
        let (opening, closing) = self.balances.ends();
        let of_balance = opening.or(closing).map(|balance| balance.amount.currency());
        let of_line = lines.first().map(|line| line.amount.currency());
        let Some(currency) = of_balance.or(self.currency).or(of_line) else {
            return Ok(None);
        };
        self.summary.check(&lines, currency)?;
        let number = match (self.number, self.page) {
            (Some(number), Some(page)) => Some(format!("{number}/{page}")),
            (number, page) => number.or(page),
        };
        Ok(Some(Statement {
            id: self.id,
            number,
            account: self.account,
            currency,
            from: self.from,
            to: self.to,
            opening,
            closing,
            lines,
        }))
    }
}
