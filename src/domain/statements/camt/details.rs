//! `EntryTransaction` (`TxDtls`), and what of it an entry says itself.

use super::super::{
    refused::Reason,
    statement::{Charge, Details, Direction, Party, ReferenceKind, Transaction},
    words::{append, identifier, keep, refer},
};
use super::value::{amount, direction, flag};
use super::xml::Value;
use crate::base::money::Money;

/// Most charges of one line.
const CHARGES_MAX: usize = 100;

/// The details as far as they are read.
#[derive(Default)]
pub(super) struct DetailsReader {
    /// Two parties: one is the account's owner.
    debtor: Party,
    creditor: Party,
    details: Details,
    code: String,
    charge: ChargeReader,
    /// The charges of this `Chrgs` came one by one.
    has_records: bool,
    /// The charges of this `Chrgs` in one sum.
    total: Option<Money>,
    /// `AcctSvcrRef`.
    pub(super) bank_id: Option<String>,
    /// `Amt`, or `AmtDtls/TxAmt/Amt` before version 4.
    pub(super) amount: Option<Money>,
    /// `CdtDbtInd`.
    pub(super) direction: Option<Direction>,
}

#[derive(Default)]
struct ChargeReader {
    amount: Option<Money>,
    is_credit: bool,
    is_included: Option<bool>,
}

impl DetailsReader {
    /// A field of `TxDtls`, by its path there.
    pub(super) fn field(&mut self, path: &str, value: &Value<'_>) -> Result<(), Reason> {
        if let Some(path) = path.strip_prefix("Refs/") {
            return self.reference(path, value.text);
        }
        if let Some(path) = path.strip_prefix("RltdPties/") {
            return self.party(path, value.text);
        }
        if let Some(path) = path.strip_prefix("RmtInf/") {
            return self.remittance(path, value.text);
        }
        if let Some(path) = path.strip_prefix("Chrgs/") {
            return self.charges(path, value);
        }
        match path {
            "Amt" => self.amount = Some(amount("Amt", value)?),
            "CdtDbtInd" => self.direction = Some(direction(value)?),
            "AmtDtls/TxAmt/Amt" if self.amount.is_none() => {
                self.amount = Some(amount("TxAmt", value)?);
            }
            "AmtDtls/InstdAmt/Amt" => self.details.instructed = Some(amount("InstdAmt", value)?),
            "RltdAgts/DbtrAgt/FinInstnId/BIC"
            | "RltdAgts/DbtrAgt/FinInstnId/BICFI"
            | "RltdAgts/DbtrAgt/FinInstnId/ClrSysMmbId/MmbId" => {
                keep(&mut self.debtor.bank, value.text)?;
            }
            "RltdAgts/CdtrAgt/FinInstnId/BIC"
            | "RltdAgts/CdtrAgt/FinInstnId/BICFI"
            | "RltdAgts/CdtrAgt/FinInstnId/ClrSysMmbId/MmbId" => {
                keep(&mut self.creditor.bank, value.text)?;
            }
            "RtrInf/Rsn/Cd" | "RtrInf/Rsn/Prtry" => {
                keep(&mut self.details.return_reason, value.text)?;
            }
            "BkTxCd/Domn/Cd" | "BkTxCd/Domn/Fmly/Cd" | "BkTxCd/Domn/Fmly/SubFmlyCd" => {
                self.add_code(value.text);
            }
            "BkTxCd/Prtry/Cd" if self.code.is_empty() => self.add_code(value.text),
            "AddtlTxInf" | "AddtlNtryInf" => append(&mut self.details.text, value.text)?,
            _ => {}
        }
        Ok(())
    }

    /// `TransactionReferences`.
    fn reference(&mut self, path: &str, text: &str) -> Result<(), Reason> {
        let kind = match path {
            "MsgId" => ReferenceKind::Message,
            "AcctSvcrRef" => {
                self.bank_id = identifier(text)?;
                ReferenceKind::Bank
            }
            "PmtInfId" => ReferenceKind::Payment,
            "InstrId" => ReferenceKind::Instruction,
            "EndToEndId" => ReferenceKind::EndToEnd,
            "UETR" => ReferenceKind::Uetr,
            "TxId" => ReferenceKind::Transaction,
            "MndtId" => ReferenceKind::Mandate,
            "ChqNb" => ReferenceKind::Cheque,
            "ClrSysRef" => ReferenceKind::Clearing,
            "Prtry/Ref" => ReferenceKind::Other,
            _ => return Ok(()),
        };
        refer(&mut self.details.references, kind, text)
    }

    /// `TransactionParties`: a party is wrapped in `Pty` since version 8.
    fn party(&mut self, path: &str, text: &str) -> Result<(), Reason> {
        match path {
            "Dbtr/Nm" | "Dbtr/Pty/Nm" => keep(&mut self.debtor.name, text),
            "Cdtr/Nm" | "Cdtr/Pty/Nm" => keep(&mut self.creditor.name, text),
            "DbtrAcct/Id/IBAN" | "DbtrAcct/Id/Othr/Id" => keep(&mut self.debtor.account, text),
            "CdtrAcct/Id/IBAN" | "CdtrAcct/Id/Othr/Id" => keep(&mut self.creditor.account, text),
            _ => Ok(()),
        }
    }

    /// `RemittanceInformation`.
    fn remittance(&mut self, path: &str, text: &str) -> Result<(), Reason> {
        let references = &mut self.details.references;
        match path {
            "Ustrd" | "Strd/AddtlRmtInf" => append(&mut self.details.text, text),
            "Strd/CdtrRefInf/Ref" => refer(references, ReferenceKind::Creditor, text),
            "Strd/RfrdDocInf/Nb" => refer(references, ReferenceKind::Document, text),
            _ => Ok(()),
        }
    }

    /// `Charges`: one by one in `Rcrd` since version 3, before that in `Chrgs` itself.
    fn charges(&mut self, path: &str, value: &Value<'_>) -> Result<(), Reason> {
        match path.strip_prefix("Rcrd/").unwrap_or(path) {
            "Amt" => self.charge.amount = Some(amount("Chrgs/Amt", value)?),
            "CdtDbtInd" => self.charge.is_credit = direction(value)? == Direction::In,
            "ChrgInclInd" => self.charge.is_included = Some(flag("ChrgInclInd", value)?),
            "TtlChrgsAndTaxAmt" => self.total = Some(amount("TtlChrgsAndTaxAmt", value)?),
            _ => {}
        }
        Ok(())
    }

    /// An element of `TxDtls` ends.
    pub(super) fn close(&mut self, path: &str) -> Result<(), Reason> {
        if path == "Chrgs/Rcrd" {
            self.add_charge()?;
        } else if path == "Chrgs" {
            self.add_charge()?;
            if let Some(amount) = self.total.take().filter(|_| !self.has_records) {
                self.charge.amount = Some(amount);
                self.add_charge()?;
            }
            self.has_records = false;
        }
        Ok(())
    }

    fn add_charge(&mut self) -> Result<(), Reason> {
        let charge = std::mem::take(&mut self.charge);
        let Some(amount) = charge.amount else {
            return Ok(());
        };
        if self.details.charges.len() >= CHARGES_MAX {
            let (what, most) = ("charges in one line", CHARGES_MAX);
            return Err(Reason::TooMuch { what, most });
        }
        let minor = if charge.is_credit {
            -amount.minor()
        } else {
            amount.minor()
        };
        self.has_records = true;
        self.details.charges.push(Charge {
            amount: Money::new(minor, amount.currency()),
            is_included: charge.is_included,
        });
        Ok(())
    }

    /// The parts of the code are a domain, a family and a sub-family.
    fn add_code(&mut self, part: &str) {
        if !self.code.is_empty() {
            self.code.push('/');
        }
        self.code.push_str(part);
    }

    /// The details of money that went this way over `account`: money that comes in comes from the
    /// debtor. In a reversal the parties are those of the payment that is taken back.
    pub(super) fn finish(
        mut self,
        direction: Direction,
        is_reversal: bool,
        account: Option<&str>,
    ) -> Result<Details, Reason> {
        let is_owner =
            |party: &Party| party.account.is_some() && party.account.as_deref() == account;
        let is_said = |party: &Party| *party != Party::default();
        let is_debtor = (direction == Direction::In) != is_reversal;
        let (first, other) = if is_debtor {
            (self.debtor, self.creditor)
        } else {
            (self.creditor, self.debtor)
        };
        let takes_first = is_said(&first) && !is_owner(&first) || is_owner(&other);
        self.details.counterparty = if takes_first { first } else { other };
        keep(&mut self.details.code, &self.code)?;
        Ok(self.details)
    }

    /// The same as one transaction of an entry; what it does not say is as in the entry.
    pub(super) fn transaction(
        self,
        direction: Direction,
        is_reversal: bool,
        account: Option<&str>,
    ) -> Result<Transaction, Reason> {
        let direction = self.direction.unwrap_or(direction);
        Ok(Transaction {
            bank_id: self.bank_id.clone(),
            direction,
            amount: self.amount,
            details: self.finish(direction, is_reversal, account)?,
        })
    }
}
