//! `ReportEntry` (`Ntry`).

use super::super::{
    LINES_MAX, day,
    details::{Details, ReferenceKind},
    line::{Flow, Line, LineStatus, Transaction},
    refused::{Reason, excerpt},
    words::{append, identifier, refer},
};
use super::details::DetailsReader;
use super::value::{amount, direction, flag};
use super::xml::Value;
use crate::base::money::Money;
use time::Date;

/// An entry as far as it is read.
#[derive(Default)]
pub(super) struct EntryReader {
    reference: Option<String>,
    bank_id: Option<String>,
    amount: Option<Money>,
    direction: Option<Flow>,
    is_reversal: bool,
    status: Option<LineStatus>,
    booked_on: Option<Date>,
    value_on: Option<Date>,
    own: DetailsReader,
    transaction: Option<DetailsReader>,
    transactions: Vec<DetailsReader>,
}

/// What of the statement an entry depends on.
pub(super) struct Around<'a> {
    /// The statement's id.
    pub(super) id: Option<&'a str>,
    /// The account.
    pub(super) account: Option<&'a str>,
    /// What entries are that do not say it.
    pub(super) status: Option<LineStatus>,
}

impl EntryReader {
    /// An element of the entry begins.
    pub(super) fn open(&mut self, path: &str) {
        if path == "NtryDtls/TxDtls" {
            self.transaction = Some(DetailsReader::default());
        }
    }

    /// A field of the entry, by its path there.
    pub(super) fn field(&mut self, path: &str, value: &Value<'_>) -> Result<(), Reason> {
        if let Some(path) = path.strip_prefix("NtryDtls/TxDtls/") {
            let transaction = self.transaction.get_or_insert_default();
            return transaction.field(path, value);
        }
        match path {
            "NtryRef" => self.reference = identifier(value.text)?,
            "AcctSvcrRef" => self.bank_id = identifier(value.text)?,
            "Amt" => self.amount = Some(amount("Amt", value)?),
            "CdtDbtInd" => self.direction = Some(direction(value)?),
            "RvslInd" => self.is_reversal = flag("RvslInd", value)?,
            "Sts" | "Sts/Cd" | "Sts/Prtry" => self.status = Some(status(value)?),
            "BookgDt/Dt" | "BookgDt/DtTm" => {
                self.booked_on = Some(day::iso("BookgDt", value.text)?);
            }
            "ValDt/Dt" | "ValDt/DtTm" => self.value_on = Some(day::iso("ValDt", value.text)?),
            "NtryDtls/Btch/MsgId" => self.own.field("Refs/MsgId", value)?,
            "NtryDtls/Btch/PmtInfId" => self.own.field("Refs/PmtInfId", value)?,
            other => self.own.field(other, value)?,
        }
        Ok(())
    }

    /// An element of the entry ends.
    pub(super) fn close(&mut self, path: &str) -> Result<(), Reason> {
        if let Some(path) = path.strip_prefix("NtryDtls/TxDtls/") {
            return self
                .transaction
                .as_mut()
                .map_or(Ok(()), |transaction| transaction.close(path));
        }
        if path == "NtryDtls/TxDtls" {
            if self.transactions.len() >= LINES_MAX {
                let (what, most) = ("transactions", LINES_MAX);
                return Err(Reason::TooMuch { what, most });
            }
            self.transactions.extend(self.transaction.take());
            return Ok(());
        }
        self.own.close(path)
    }

    /// How many lines and transactions there are so far.
    pub(super) fn len(&self) -> usize {
        1 + self.transactions.len()
    }

    /// The line. Details of a single transaction are those of the entry.
    pub(super) fn finish(mut self, around: &Around<'_>) -> Result<Line, Reason> {
        let amount = self.amount.ok_or(Reason::Missing("the amount (Amt)"))?;
        let direction = self
            .direction
            .ok_or(Reason::Missing("the direction (CdtDbtInd)"))?;
        let status = self
            .status
            .or(around.status)
            .ok_or(Reason::Missing("the status (Sts)"))?;
        if status == LineStatus::Booked && self.booked_on.or(self.value_on).is_none() {
            return Err(Reason::Missing(
                "the day (BookgDt, ValDt) of a booked entry",
            ));
        }
        let single = (self.transactions.len() == 1)
            .then(|| self.transactions.pop())
            .flatten();
        let single_id = single.as_ref().and_then(|single| single.bank_id.clone());
        let bank_id = self.bank_id.clone().or(single_id);
        let bank_id = bank_id.or_else(|| within(around.id, self.reference.as_deref()));
        let (is_reversal, account) = (self.is_reversal, around.account);
        let mut details = self.own.finish(direction, is_reversal, account)?;
        let references = &mut details.references;
        let named = [
            (ReferenceKind::Bank, self.bank_id),
            (ReferenceKind::Entry, self.reference),
        ];
        for (kind, text) in named {
            refer(references, kind, text.as_deref().unwrap_or_default())?;
        }
        if let Some(single) = single {
            let single = single.finish(direction, is_reversal, account)?;
            details = merge(details, single)?;
        }
        let transactions = self.transactions.into_iter();
        let transactions =
            transactions.map(|reader| reader.transaction(direction, is_reversal, account));
        Ok(Line {
            bank_id,
            direction,
            amount,
            status,
            booked_on: self.booked_on,
            value_on: self.value_on,
            is_reversal,
            details,
            transactions: transactions.collect::<Result<Vec<Transaction>, Reason>>()?,
        })
    }
}

/// `NtryRef` is of the statement: many banks count 1, 2, 3, and Swiss ones write the account's
/// number. With the statement's id before it, the same entry of the same statement has it again.
fn within(statement: Option<&str>, reference: Option<&str>) -> Option<String> {
    let id = format!("{}/{}", statement?, reference?);
    identifier(&id).ok().flatten()
}

/// What the transaction says goes before what its entry says.
fn merge(entry: Details, mut single: Details) -> Result<Details, Reason> {
    for reference in entry.references {
        refer(&mut single.references, reference.kind, &reference.value)?;
    }
    append(&mut single.text, entry.text.as_deref().unwrap_or_default())?;
    if single.charges.is_empty() {
        single.charges = entry.charges;
    }
    single.instructed = single.instructed.or(entry.instructed);
    single.code = single.code.or(entry.code);
    Ok(single)
}

/// `EntryStatus`: a code, in `Cd` since version 8.
fn status(value: &Value<'_>) -> Result<LineStatus, Reason> {
    match value.text {
        "BOOK" => Ok(LineStatus::Booked),
        "PDNG" | "FUTR" => Ok(LineStatus::Pending),
        "INFO" => Ok(LineStatus::Information),
        other => Err(Reason::Word {
            field: "Sts",
            text: excerpt(other),
            known: "BOOK, PDNG, FUTR or INFO",
        }),
    }
}
