//! What a proof of the books says.

use crate::{
    base::{
        ids::MerchantId,
        money::{Money, Total},
    },
    domain::ledger::JournalEntry,
};
use std::{collections::BTreeMap, fmt};

/// Something that is not right.
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

impl Fault {
    /// Something is wrong with a journal entry.
    pub(super) fn of_entry(entry: &JournalEntry, problem: impl Into<String>) -> Self {
        Self::new(entry.merchant, name(entry), problem)
    }

    /// Something is wrong with `object`.
    pub(super) fn new(merchant: MerchantId, object: String, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self {
            merchant,
            object,
            problem,
        }
    }
}

/// What a journal entry is called.
pub(super) fn name(entry: &JournalEntry) -> String {
    format!("journal entry {} ({})", entry.sequence, entry.id)
}

/// All that is not right, in the order in which it was found. It prints a line for each fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Faults {
    named: Vec<Fault>,
    count: usize,
}

impl Faults {
    /// How many faults are named; books in which nothing holds would fill the memory.
    const NAMED: usize = 1_000;

    pub(super) fn add(&mut self, fault: Fault) {
        self.count += 1;
        if self.named.len() < Self::NAMED {
            self.named.push(fault);
        }
    }

    pub(super) fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        faults.into_iter().for_each(|fault| self.add(fault));
    }

    /// Nothing if there is none.
    pub(super) fn found(self) -> Result<(), Self> {
        if self.named.is_empty() {
            Ok(())
        } else {
            Err(self)
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.named.iter().enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{fault}")?;
        }
        match self.count.saturating_sub(self.named.len()) {
            0 => Ok(()),
            more => write!(f, "\nand {more} faults more"),
        }
    }
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
    pub events: u64,
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
