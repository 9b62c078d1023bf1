//! What is said about a line beside its amount.

use crate::base::money::Money;

crate::names! {
    /// What a reference is, and who made it.
    pub enum ReferenceKind {
        /// Of the creditor, structured: ISO 11649 `RF…`, a Swiss QRR, a Nordic KID (`CdtrRefInf`).
        Creditor = "creditor",
        /// Of the payer, carried from end to end (`EndToEndId`, `EREF`).
        EndToEnd = "end_to_end",
        /// Of the bank where the transaction began (`TxId`).
        Transaction = "transaction",
        /// ISO 20022's unique id of a transaction, a UUID (`UETR`).
        Uetr = "uetr",
        /// Between the payer and the payer's bank (`InstrId`).
        Instruction = "instruction",
        /// Of a file of payment orders (`PmtInfId`, `KREF`).
        Payment = "payment",
        /// Of a message (`MsgId`).
        Message = "message",
        /// Of a mandate for direct debits (`MndtId`, `MREF`).
        Mandate = "mandate",
        /// Of a document, such as an invoice's number (`RfrdDocInf`).
        Document = "document",
        /// The number of a cheque (`ChqNb`, `CHECKNUM`).
        Cheque = "cheque",
        /// Of the clearing system (`ClrSysRef`).
        Clearing = "clearing",
        /// Of the account's bank (`AcctSvcrRef`, field 61 after `//`).
        Bank = "bank",
        /// Of an entry inside its statement (`NtryRef`).
        Entry = "entry",
        /// Of the account's owner or the other side, unstructured (field 61, `REFNUM`).
        Customer = "customer",
        /// Any other (`Prtry`).
        Other = "other",
    }
}

/// A reference, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What it is.
    pub kind: ReferenceKind,
    /// Not empty, at most 255 bytes; words for "none", such as `NOTPROVIDED`, are left out.
    pub value: String,
}

/// The other side of a line, as far as it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// Its name.
    pub name: Option<String>,
    /// Its IBAN, or another id of the account, as it was written.
    pub account: Option<String>,
    /// Its bank: BIC, or a national id.
    pub bank: Option<String>,
}

/// What a bank took for a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Zero or more, in a currency of its own.
    pub amount: Money,
    /// Whether the amount of the line is already less (or more) by it, where that is said.
    pub is_included: Option<bool>,
}

/// What is said about a line, or about one transaction of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// All references, in the order of the file.
    pub references: Vec<Reference>,
    /// What the payer wrote, and what the bank adds; several pieces are on lines of their own.
    /// A reference in it may be broken by a line break.
    pub text: Option<String>,
    /// Who paid, or was paid.
    pub counterparty: Party,
    /// What was taken for it.
    pub charges: Vec<Charge>,
    /// The amount that was ordered, where it is in another currency or before charges.
    pub instructed: Option<Money>,
    /// The bank's code of what this is, as written: `PMNT/RCDT/ESCT`, `NTRF`, `CREDIT`.
    pub code: Option<String>,
    /// Why a payment came back, by ISO 20022's list, such as `AC04`.
    pub return_reason: Option<String>,
}
