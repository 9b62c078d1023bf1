//! What a bank says about an account, in one shape for all formats.

use super::refused::{Reason, Refused};
use crate::base::money::{Currency, Money};
use time::Date;

crate::names! {
    /// Which way money went, seen from the account.
    pub enum Direction {
        /// It came in: a credit, or the reversal of a debit.
        In = "in",
        /// It went out: a debit, or the reversal of a credit.
        Out = "out",
    }
}

crate::names! {
    /// Whether money has moved.
    pub enum LineStatus {
        /// It has, and counts towards the balance.
        Booked = "booked",
        /// It is expected to, and may yet not.
        Pending = "pending",
        /// It does not: the bank only tells (`INFO` in camt version 2).
        Information = "information",
    }
}

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

/// One transaction of a line that stands for several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// As [`Line::bank_id`], of the transaction.
    pub bank_id: Option<String>,
    /// Which way.
    pub direction: Direction,
    /// How much, zero or more; banks may leave it out.
    pub amount: Option<Money>,
    /// The rest.
    pub details: Details,
}

/// One entry of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The bank's own id of the entry, at most 255 bytes. The same id in the same account means the
    /// same entry, in whichever file it comes again. None where the bank gives none, or gives one id
    /// to several entries of a file: then it identifies nothing.
    pub bank_id: Option<String>,
    /// Which way, after reversals: `amount` in this direction is what happened to the balance.
    pub direction: Direction,
    /// How much, zero or more; in the currency of the statement if it is booked.
    pub amount: Money,
    /// Whether it counts.
    pub status: LineStatus,
    /// The day it was booked. A line that is booked has this day or the next.
    pub booked_on: Option<Date>,
    /// The day from which it bears interest.
    pub value_on: Option<Date>,
    /// It takes back an earlier entry. The direction already says so.
    pub is_reversal: bool,
    /// What is said about the entry; all there is, where it stands for one transaction.
    pub details: Details,
    /// The transactions of an entry that stands for several (a batch), else empty.
    pub transactions: Vec<Transaction>,
}

impl Line {
    /// The amount with a sign: below zero for money that went out.
    pub fn signed(&self) -> Money {
        signed(self.direction, self.amount)
    }

    /// The day that the line counts for in the books: booking day, else value day.
    pub fn day(&self) -> Option<Date> {
        self.booked_on.or(self.value_on)
    }

    /// Whether the amounts of its transactions make up exactly its own. Only then may each be
    /// booked by itself.
    pub fn is_itemized(&self) -> bool {
        let mut sum = Money::zero(self.amount.currency());
        for transaction in &self.transactions {
            let amount = transaction.amount.map(|a| signed(transaction.direction, a));
            match amount.map(|amount| sum.checked_add(amount)) {
                Some(Ok(next)) => sum = next,
                Some(Err(_)) | None => return false,
            }
        }
        !self.transactions.is_empty() && sum == self.signed()
    }
}

/// `amount`, below zero if it went out.
pub(super) fn signed(direction: Direction, amount: Money) -> Money {
    match direction {
        Direction::In => amount,
        Direction::Out => Money::new(amount.minor().saturating_neg(), amount.currency()),
    }
}

/// What an account held at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Below zero if the account was overdrawn.
    pub amount: Money,
    /// The day, if it is said.
    pub on: Option<Date>,
}

/// What a bank says about one account for one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The bank's id of the statement (`Stmt/Id`, field 20, `TRNUID`).
    pub id: Option<String>,
    /// Its number, page included, as written (`ElctrncSeqNb`, field 28C).
    pub number: Option<String>,
    /// IBAN or another id of the account, as it was written.
    pub account: Option<String>,
    /// The account's currency; every booked line is in it.
    pub currency: Currency,
    /// The first day of the period.
    pub from: Option<Date>,
    /// The last day of the period.
    pub to: Option<Date>,
    /// What was there before the first line.
    pub opening: Option<Balance>,
    /// What is there after the last booked line; in OFX on the day that it says.
    pub closing: Option<Balance>,
    /// All lines in the order of the file, booked or not.
    pub lines: Vec<Line>,
}

impl Statement {
    /// Every booked line is in the account's currency, and the opening balance and all booked lines
    /// are the closing balance, as far as both are said.
    pub fn check(&self) -> Result<(), Refused> {
        let is_booked = |(_, line): &(usize, &Line)| line.status == LineStatus::Booked;
        let mut sum = Money::zero(self.currency);
        for (index, line) in self.lines.iter().enumerate().filter(is_booked) {
            let added = self.add(sum, line.signed());
            sum = added.map_err(|reason| Refused::from(reason).in_line(index + 1))?;
        }
        let (Some(opening), Some(closing)) = (self.opening, self.closing) else {
            return Ok(());
        };
        let expected = self.add(sum, opening.amount)?;
        let (opening, found) = (opening.amount, closing.amount);
        if expected == found {
            Ok(())
        } else {
            Err(Refused::from(Reason::Unbalanced {
                opening,
                expected,
                found,
            }))
        }
    }

    fn add(&self, sum: Money, amount: Money) -> Result<Money, Reason> {
        let (expected, found) = (self.currency, amount.currency());
        if expected == found {
            Ok(sum.checked_add(amount)?)
        } else {
            Err(Reason::OtherCurrency { expected, found })
        }
    }
}
