//! `AccountStatement` (`Stmt`), and `Rpt` and `Ntfctn`, which differ from it in what they leave out.

use super::super::{
    day,
    format::FileFormat,
    line::LineStatus,
    refused::{Reason, Refused},
    statement::Statement,
    words::{identifier, keep},
};
use super::balance::{BalanceReader, Balances};
use super::entry::{Around, EntryReader};
use super::summary::Summary;
use super::xml::Value;
use crate::base::money::Currency;
use time::Date;

/// A statement, report or notification as far as it is read.
#[derive(Default)]
pub(super) struct StatementReader {
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
    /// An element of the statement begins.
    pub(super) fn open(&mut self, path: &str) {
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

    /// A field of the statement, by its path there.
    pub(super) fn field(&mut self, path: &str, value: &Value<'_>) -> Result<(), Reason> {
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
    pub(super) fn close(&mut self, path: &str) -> Result<usize, Reason> {
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
    pub(super) fn place(&self, reason: Reason) -> Refused {
        let refused = Refused::from(reason);
        if self.entry.is_some() {
            refused.in_line(self.entries.len() + 1)
        } else {
            refused
        }
    }

    /// The statement; none if it says nothing about money, not even in which currency.
    pub(super) fn finish(self, format: FileFormat) -> Result<Option<Statement>, Refused> {
        let around = Around {
            id: self.id.as_deref(),
            account: self.account.as_deref(),
            // A statement holds booked entries alone, by its definition.
            status: (format == FileFormat::Camt053).then_some(LineStatus::Booked),
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
