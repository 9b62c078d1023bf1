//! Statements as programs are given them: amounts as decimal strings in major units, with a sign where
//! the direction is not said beside them.

use super::{
    Balance, Details, Flow, Line, LineStatus, Reference, ReferenceKind, Statement, Transaction,
};
use crate::base::money::Money;
use serde::Serialize;
use time::Date;

/// A statement.
#[derive(Clone, Debug, Serialize)]
pub struct StatementObject<'a> {
    object: &'static str,
    id: Option<&'a str>,
    number: Option<&'a str>,
    account: Option<&'a str>,
    currency: &'static str,
    from: Option<String>,
    to: Option<String>,
    opening: Option<String>,
    closing: Option<String>,
    lines: Vec<LineObject<'a>>,
}

/// A line of a statement.
#[derive(Clone, Debug, Serialize)]
struct LineObject<'a> {
    bank_id: Option<&'a str>,
    direction: Flow,
    amount: String,
    currency: &'static str,
    status: LineStatus,
    booked_on: Option<String>,
    value_on: Option<String>,
    is_reversal: bool,
    details: DetailsObject<'a>,
    transactions: Vec<TransactionObject<'a>>,
}

/// One transaction of a line that stands for several.
#[derive(Clone, Debug, Serialize)]
struct TransactionObject<'a> {
    bank_id: Option<&'a str>,
    direction: Flow,
    amount: Option<String>,
    details: DetailsObject<'a>,
}

/// What is said beside the amount.
#[derive(Clone, Debug, Serialize)]
struct DetailsObject<'a> {
    references: Vec<ReferenceObject<'a>>,
    text: Option<&'a str>,
    name: Option<&'a str>,
    account: Option<&'a str>,
    bank: Option<&'a str>,
    code: Option<&'a str>,
    return_reason: Option<&'a str>,
}

/// A reference.
#[derive(Clone, Debug, Serialize)]
struct ReferenceObject<'a> {
    kind: ReferenceKind,
    value: &'a str,
}

fn day(day: Option<Date>) -> Option<String> {
    day.map(|day| day.to_string())
}

fn balance(balance: Option<Balance>) -> Option<String> {
    balance.map(|balance| balance.amount.to_string())
}

impl<'a> From<&'a Statement> for StatementObject<'a> {
    fn from(statement: &'a Statement) -> Self {
        Self {
            object: "statement",
            id: statement.id.as_deref(),
            number: statement.number.as_deref(),
            account: statement.account.as_deref(),
            currency: statement.currency.code(),
            from: day(statement.from),
            to: day(statement.to),
            opening: balance(statement.opening),
            closing: balance(statement.closing),
            lines: statement.lines.iter().map(LineObject::from).collect(),
        }
    }
}

impl<'a> From<&'a Line> for LineObject<'a> {
    fn from(line: &'a Line) -> Self {
        Self {
            bank_id: line.bank_id.as_deref(),
            direction: line.direction,
            amount: line.amount.to_string(),
            currency: line.amount.currency().code(),
            status: line.status,
            booked_on: day(line.booked_on),
            value_on: day(line.value_on),
            is_reversal: line.is_reversal,
            details: (&line.details).into(),
            transactions: line.transactions.iter().map(Into::into).collect(),
        }
    }
}

impl<'a> From<&'a Transaction> for TransactionObject<'a> {
    fn from(transaction: &'a Transaction) -> Self {
        Self {
            bank_id: transaction.bank_id.as_deref(),
            direction: transaction.direction,
            amount: transaction.amount.map(|amount: Money| amount.to_string()),
            details: (&transaction.details).into(),
        }
    }
}

impl<'a> From<&'a Details> for DetailsObject<'a> {
    fn from(details: &'a Details) -> Self {
        let party = &details.counterparty;
        Self {
            references: details.references.iter().map(Into::into).collect(),
            text: details.text.as_deref(),
            name: party.name.as_deref(),
            account: party.account.as_deref(),
            bank: party.bank.as_deref(),
            code: details.code.as_deref(),
            return_reason: details.return_reason.as_deref(),
        }
    }
}

impl<'a> From<&'a Reference> for ReferenceObject<'a> {
    fn from(reference: &'a Reference) -> Self {
        Self {
            kind: reference.kind,
            value: &reference.value,
        }
    }
}
