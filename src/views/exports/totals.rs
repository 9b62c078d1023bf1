//! Control totals: what a reader adds up to know that the file is whole.

use crate::{
    base::money::{Currency, Total},
    domain::ledger::{Direction, JournalEntry},
};
use std::collections::BTreeMap;

/// The running totals of an export, in the order of the currencies' codes.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    currencies: BTreeMap<&'static str, CurrencyTotals>,
}

#[derive(Clone, Copy, Debug)]
struct CurrencyTotals {
    last_entry: i64,
    debits: ControlTotal,
    credits: ControlTotal,
}

/// One side of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ControlTotal {
    /// The side.
    pub direction: Direction,
    /// The currency.
    pub currency: Currency,
    /// The sum of its amounts.
    pub amount: Total,
    /// How many entries have postings in the currency.
    pub entries: u64,
    /// How many postings are on this side.
    pub postings: u64,
}

impl ControlTotal {
    fn zero(direction: Direction, currency: Currency) -> Self {
        Self {
            direction,
            currency,
            amount: Total::zero(currency),
            entries: 0,
            postings: 0,
        }
    }
}

impl Totals {
    /// Adds an entry.
    pub fn add(&mut self, entry: &JournalEntry) {
        for posting in &entry.postings {
            let currency = posting.amount.currency();
            let totals = self.currencies.entry(currency.code());
            let totals = totals.or_insert_with(|| CurrencyTotals {
                last_entry: 0,
                debits: ControlTotal::zero(Direction::Debit, currency),
                credits: ControlTotal::zero(Direction::Credit, currency),
            });
            if totals.last_entry != entry.sequence {
                totals.last_entry = entry.sequence;
                totals.debits.entries += 1;
                totals.credits.entries += 1;
            }
            let side = match posting.direction {
                Direction::Debit => &mut totals.debits,
                Direction::Credit => &mut totals.credits,
            };
            side.amount += posting.amount;
            side.postings += 1;
        }
    }

    /// Each currency's debits and then its credits.
    pub fn iter(&self) -> impl Iterator<Item = &ControlTotal> {
        self.currencies
            .values()
            .flat_map(|c| [&c.debits, &c.credits])
    }

    /// The debits and credits of the first currency whose sides differ.
    pub fn unbalanced(&self) -> Option<(ControlTotal, ControlTotal)> {
        let mut currencies = self.currencies.values();
        let unequal = currencies.find(|c| c.debits.amount != c.credits.amount)?;
        Some((unequal.debits, unequal.credits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::{
            ids::{EntryId, MerchantId},
            money::Money,
        },
        domain::ledger::{EntryHash, Origin, Posting},
    };
    use uuid::Uuid;

    fn entry(sequence: i64, lines: &[(Direction, i64, &str)]) -> JournalEntry {
        let posting = |(direction, minor, code): &(Direction, i64, &str)| {
            let amount = Money::new(*minor, code.parse().unwrap());
            let direction = *direction;
            Posting {
                line: 1,
                account: "a".into(),
                direction,
                amount,
                balance_after: amount.into(),
            }
        };
        let booked_at = time::OffsetDateTime::UNIX_EPOCH;
        JournalEntry {
            merchant: MerchantId(Uuid::nil()),
            sequence,
            id: EntryId(Uuid::nil()),
            kind: "capture".into(),
            source: "pi_x".into(),
            origin: Origin::default(),
            booked_at,
            effective_date: booked_at.date(),
            actor: None,
            postings: lines.iter().map(posting).collect(),
            previous_hash: EntryHash::default(),
            hash_version: 2,
            hash: EntryHash::default(),
        }
    }

    #[test]
    fn sums_each_side_of_each_currency() {
        use Direction::{Credit, Debit};
        let mut totals = Totals::default();
        let usd = entry(
            1,
            &[(Debit, 7, "USD"), (Credit, 3, "USD"), (Credit, 4, "USD")],
        );
        totals.add(&usd);
        totals.add(&entry(2, &[(Debit, 1, "EUR"), (Credit, 1, "EUR")]));
        totals.add(&entry(3, &[(Debit, 1, "USD"), (Credit, 1, "USD")]));
        let lines: Vec<String> = totals
            .iter()
            .map(|t| {
                format!(
                    "{} {} {:?} {} {}",
                    t.direction.as_str(),
                    t.amount,
                    t.currency,
                    t.entries,
                    t.postings
                )
            })
            .collect();
        let expected = [
            "debit 0.01 EUR 1 1",
            "credit 0.01 EUR 1 1",
            "debit 0.08 USD 2 2",
            "credit 0.08 USD 2 3",
        ];
        assert_eq!(lines, expected);
        assert_eq!(totals.unbalanced(), None);
        totals.add(&entry(4, &[(Debit, 1, "USD")]));
        assert!(totals.unbalanced().is_some());
        let most = i64::MAX;
        totals.add(&entry(5, &[(Debit, most, "USD"), (Debit, most, "USD")]));
        let usd = totals.iter().nth(2).map(|t| t.amount.to_string());
        assert_eq!(usd.as_deref(), Some("184467440737095516.23"));
    }
}
