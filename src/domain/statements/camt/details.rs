//! `EntryTransaction` (`TxDtls`), and what of it an entry says itself.

use super::super::{
    details::{Details, Party, ReferenceKind},
    line::{Flow, Transaction},
    refused::Reason,
    words::{append, identifier, keep, refer},
};
use super::charges::Charges;
use super::value::{amount, direction};
use super::xml::Value;
use crate::base::money::Money;

/// The details as far as they are read.
#[derive(Default)]
pub(super) struct DetailsReader {
    /// Two parties: one is the account's owner.
    debtor: Party,
    creditor: Party,
    details: Details,
    code: String,
    charges: Charges,
    /// `AcctSvcrRef`.
    pub(super) bank_id: Option<String>,
    /// `Amt`, or `AmtDtls/TxAmt/Amt` before version 4.
    pub(super) amount: Option<Money>,
    /// `CdtDbtInd`.
    pub(super) direction: Option<Flow>,
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
            return self.charges.field(path, value);
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

    /// An element of `TxDtls` ends.
    pub(super) fn close(&mut self, path: &str) -> Result<(), Reason> {
        self.charges.close(path)
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
        direction: Flow,
        is_reversal: bool,
        account: Option<&str>,
    ) -> Result<Details, Reason> {
        let is_owner =
            |party: &Party| party.account.is_some() && party.account.as_deref() == account;
        let is_said = |party: &Party| *party != Party::default();
        let is_debtor = (direction == Flow::In) != is_reversal;
        let (first, other) = if is_debtor {
            (self.debtor, self.creditor)
        } else {
            (self.creditor, self.debtor)
        };
        let takes_first = is_said(&first) && !is_owner(&first) || is_owner(&other);
        self.details.counterparty = if takes_first { first } else { other };
        keep(&mut self.details.code, &self.code)?;
        self.details.charges = self.charges.found;
        Ok(self.details)
    }

    /// The same as one transaction of an entry; what it does not say is as in the entry.
    pub(super) fn transaction(
        self,
        direction: Flow,
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
