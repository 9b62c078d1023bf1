//! The lines of statements: what happened to a balance.

use super::details::Details;
pub use crate::base::flow::Flow;
use crate::base::money::Money;
use time::Date;

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

/// One transaction of a line that stands for several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// As [`Line::bank_id`], of the transaction.
    pub bank_id: Option<String>,
    /// Which way.
    pub direction: Flow,
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
    pub direction: Flow,
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
pub(super) fn signed(direction: Flow, amount: Money) -> Money {
    match direction {
        Flow::In => amount,
        Flow::Out => Money::new(amount.minor().saturating_neg(), amount.currency()),
    }
}
