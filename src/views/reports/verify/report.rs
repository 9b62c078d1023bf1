//! What a proof of the books says.

use crate::base::{
    ids::MerchantId,
    money::{Money, Total},
};
use std::{collections::BTreeMap, fmt};

/// The first thing that is not right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("merchant {merchant}: {object}: {problem}")]
pub struct Fault {
    /// Whose books.
    pub merchant: MerchantId,
    /// What is wrong: its kind and id, such as `payment intent pi_…`.
    pub object: String,
    /// What was expected and what was found.
    pub problem: String,
}

/// What was proved. It prints as a few plain lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Merchants whose books were read.
    pub merchants: u64,
    /// Journal entries.
    pub entries: u64,
    /// Postings.
    pub postings: u64,
    /// Events.
    pub events: i64,
    /// All debits of each currency; the credits are the same.
    pub totals: BTreeMap<&'static str, Total>,
}

impl Report {
    pub(super) fn add_debit(&mut self, amount: Money) {
        let (currency, zero) = (amount.currency(), Total::zero(amount.currency()));
        *self.totals.entry(currency.code()).or_insert(zero) += amount;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "The books are right.")?;
        let (merchants, entries) = (self.merchants, self.entries);
        let (postings, events) = (self.postings, self.events);
        write!(
            f,
            "Checked: merchants {merchants}, journal entries {entries}, postings {postings}, events {events}."
        )?;
        for (currency, total) in &self.totals {
            write!(f, "\n{currency}: debits {total}, credits {total}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_plain_lines() {
        let mut report = Report {
            merchants: 1,
            entries: 2,
            postings: 4,
            events: 3,
            ..Report::default()
        };
        report.add_debit(Money::new(500, "JPY".parse().unwrap()));
        report.add_debit(Money::new(1250, "EUR".parse().unwrap()));
        let lines = "The books are right.\nChecked: merchants 1, journal entries 2, postings 4, events 3.\nEUR: debits 12.50, credits 12.50\nJPY: debits 500, credits 500";
        assert_eq!(report.to_string(), lines);
    }
}
