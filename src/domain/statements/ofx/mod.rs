//! Open Financial Exchange, versions 1 (SGML) and 2 (XML): statements of bank accounts (`STMTRS`, OFX
//! 2.2, 11.4.2) and credit cards (`CCSTMTRS`, 11.4.3).
//!
//! A file has the balance at its end and none at its beginning, so nothing adds up.

mod tags;
mod transaction;

#[cfg(test)]
mod tests;

use super::{
    LINES_MAX, STATEMENTS_MAX,
    amount::fault_in,
    day,
    refused::{Reason, Refused},
    statement::{Balance, Statement},
    words::{identifier, keep},
};
use crate::base::money::Currency;
use tags::{Tag, Tags};
use time::Date;
use transaction::{TransactionReader, amount};

/// Reads all statements of a file.
pub(super) fn read(text: &str) -> Result<Vec<Statement>, Refused> {
    let mut reader = Reader::default();
    for tag in Tags::of(text) {
        let read = tag.map_err(Refused::from).and_then(|tag| reader.add(&tag));
        read.map_err(|refused| reader.place(refused))?;
    }
    reader.finish_statement()?;
    if reader.statements.is_empty() && reader.has_investments {
        let reason =
            "the file holds statements of investments (INVSTMTRS) alone, which are not read";
        return Err(Reason::Malformed(reason.to_owned()).into());
    }
    Ok(reader.statements)
}

/// A file as far as it is read.
#[derive(Default)]
struct Reader {
    /// The id of the answer that the next statement is in (`TRNUID`).
    id: Option<String>,
    /// The innermost aggregate that matters: a part of the statement or of a transaction.
    inside: String,
    statement: Option<StatementReader>,
    transaction: Option<TransactionReader>,
    statements: Vec<Statement>,
    lines: usize,
    has_investments: bool,
}

/// A statement as far as it is read.
#[derive(Default)]
struct StatementReader {
    id: Option<String>,
    account: Option<String>,
    currency: Option<Currency>,
    from: Option<Date>,
    to: Option<Date>,
    closing: Option<String>,
    closing_on: Option<Date>,
    /// Its list of transactions has ended, so that none is cut off.
    is_whole: bool,
    transactions: Vec<TransactionReader>,
}

impl Reader {
    fn add(&mut self, tag: &Tag) -> Result<(), Refused> {
        match (tag.name.as_str(), tag.is_end) {
            ("STMTRS" | "CCSTMTRS", false) => {
                self.finish_statement()?;
                if self.statements.len() >= STATEMENTS_MAX {
                    let (what, most) = ("statements", STATEMENTS_MAX);
                    return Err(Reason::TooMuch { what, most }.into());
                }
                let id = self.id.take();
                self.statement = Some(StatementReader {
                    id,
                    ..StatementReader::default()
                });
            }
            ("STMTRS" | "CCSTMTRS", true) => {
                self.end_list();
                self.finish_statement()?;
            }
            // They hold transactions of cash, too, and balances of another kind.
            ("INVSTMTRS", _) => {
                self.finish_statement()?;
                self.has_investments = true;
            }
            ("STMTTRN" | "STMTTRNP", false) => self.begin_transaction(tag.name == "STMTTRNP")?,
            ("STMTTRN" | "STMTTRNP", true) => self.end_transaction(),
            ("BANKTRANLIST" | "BANKTRANLISTP", true) => self.end_list(),
            ("LEDGERBAL" | "AVAILBAL" | "BALLIST", false) => {
                self.end_list();
                self.inside.clone_from(&tag.name);
            }
            (
                "BANKACCTFROM" | "CCACCTFROM" | "BANKTRANLIST" | "BANKACCTTO" | "CCACCTTO"
                | "PAYEE" | "CURRENCY" | "ORIGCURRENCY",
                false,
            ) => self.inside.clone_from(&tag.name),
            (name, true) if name == self.inside => self.inside.clear(),
            (name, false) if !tag.text.is_empty() => self.field(name, &tag.text)?,
            (_, _) => {}
        }
        Ok(())
    }

    fn field(&mut self, name: &str, text: &str) -> Result<(), Reason> {
        if let Some(transaction) = &mut self.transaction {
            return transaction.field(&self.inside, name, text);
        }
        let Some(statement) = &mut self.statement else {
            if name == "TRNUID" {
                self.id = identifier(text)?;
            }
            return Ok(());
        };
        match (self.inside.as_str(), name) {
            (_, "CURDEF") => statement.currency = Some(Currency::named(text)?),
            ("BANKACCTFROM" | "CCACCTFROM", "ACCTID") => keep(&mut statement.account, text)?,
            (_, "DTSTART") => statement.from = Some(day::long("DTSTART", text)?),
            (_, "DTEND") => statement.to = Some(day::long("DTEND", text)?),
            ("LEDGERBAL", "BALAMT") => statement.closing = Some(text.to_owned()),
            ("LEDGERBAL", "DTASOF") => statement.closing_on = Some(day::long("DTASOF", text)?),
            _ => {}
        }
        Ok(())
    }

    fn begin_transaction(&mut self, is_pending: bool) -> Result<(), Reason> {
        self.end_transaction();
        if let Some(statement) = &mut self.statement {
            statement.is_whole = false;
            self.lines += 1;
            if self.lines > LINES_MAX {
                let (what, most) = ("lines", LINES_MAX);
                return Err(Reason::TooMuch { what, most });
            }
            self.transaction = Some(TransactionReader::new(is_pending));
        }
        Ok(())
    }

    fn end_transaction(&mut self) {
        self.inside.clear();
        if let Some(statement) = &mut self.statement {
            statement.transactions.extend(self.transaction.take());
        }
    }

    fn end_list(&mut self) {
        self.end_transaction();
        if let Some(statement) = &mut self.statement {
            statement.is_whole = true;
        }
    }

    fn finish_statement(&mut self) -> Result<(), Refused> {
        self.end_transaction();
        let Some(statement) = self.statement.take() else {
            return Ok(());
        };
        let finished = statement.finish();
        let number = self.statements.len() + 1;
        self.statements
            .push(finished.map_err(|refused| refused.in_statement(number))?);
        Ok(())
    }

    /// The refusal, where we are.
    fn place(&self, refused: Refused) -> Refused {
        let Some(statement) = &self.statement else {
            return refused;
        };
        let refused = refused.in_statement(self.statements.len() + 1);
        if self.transaction.is_some() {
            refused.in_line(statement.transactions.len() + 1)
        } else {
            refused
        }
    }
}

impl StatementReader {
    fn finish(self) -> Result<Statement, Refused> {
        if !self.is_whole {
            let reason = "the file ends inside a statement; it is cut off";
            return Err(Reason::Malformed(reason.to_owned()).into());
        }
        let of_line = self
            .transactions
            .first()
            .and_then(TransactionReader::currency);
        let currency = self.currency.or(of_line).ok_or(Reason::Missing("CURDEF"))?;
        let closing = self.closing.map(|text| {
            let amount = amount(&text, currency).map_err(fault_in("BALAMT", &text))?;
            let on = self.closing_on;
            Ok::<_, Reason>(Balance { amount, on })
        });
        let mut lines = Vec::with_capacity(self.transactions.len());
        for (index, transaction) in self.transactions.into_iter().enumerate() {
            let line = transaction.finish(currency);
            lines.push(line.map_err(|reason| Refused::from(reason).in_line(index + 1))?);
        }
        Ok(Statement {
            id: self.id,
            number: None,
            account: self.account,
            currency,
            from: self.from,
            to: self.to,
            opening: None,
            closing: closing.transpose()?,
            lines,
        })
    }
}
