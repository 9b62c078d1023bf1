//! A merchant's books in memory, while the writer holds their lock: where the chain ends and
//! what the balances are. Booking is pure; the writer stores the result.

use super::{Direction, Draft, EntryHash, HASH_VERSION, JournalEntry, Posting, chain_hash};
use crate::base::{
    ids::{EntryId, MerchantId},
    mode::Mode,
    money::{Currency, Total},
};
use std::collections::HashMap;
use time::OffsetDateTime;

/// An account in one currency: two sums in minor units that only grow. They have 128 bits, and an
/// amount has 64: sums that take in as many amounts as there are sequences never fill, so no entry
/// is ever refused for what was booked before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// All debits so far.
    pub debits: i128,
    /// All credits so far.
    pub credits: i128,
}

impl Balance {
    /// The account after a posting of so many minor units.
    #[must_use]
    pub fn post(self, direction: Direction, minor: i64) -> Self {
        let minor = i128::from(minor);
        match direction {
            Direction::Debit => Self {
                debits: self.debits.saturating_add(minor),
                ..self
            },
            Direction::Credit => Self {
                credits: self.credits.saturating_add(minor),
                ..self
            },
        }
    }

    /// The balance on the given normal side; negative if it is on the other side.
    pub fn on(self, normal: Direction) -> i128 {
        match normal {
            Direction::Debit => self.debits.saturating_sub(self.credits),
            Direction::Credit => self.credits.saturating_sub(self.debits),
        }
    }
}

/// The head of a merchant's chain and its balances.
#[derive(Clone, Debug)]
pub struct Books {
    /// Whose books they are.
    pub merchant: MerchantId,
    /// The sequence of the last entry; 0 if there is none.
    pub entry_sequence: i64,
    /// The hash of the last entry; zeros if there is none.
    pub entry_hash: EntryHash,
    /// Whether the merchant's money is real.
    pub mode: Mode,
    /// The sequence of the last event; 0 if there is none.
    pub event_sequence: i64,
    /// When the last entry was booked.
    pub booked_at: OffsetDateTime,
    /// The balance of each account code and currency that has postings.
    pub balances: HashMap<(String, Currency), Balance>,
}

impl Books {
    /// Books `draft` as the next entry: under its own id, else under `id`. Nothing that balances is
    /// ever refused.
    pub fn book(&mut self, draft: Draft, id: EntryId, now: OffsetDateTime) -> JournalEntry {
        let id = draft.id.unwrap_or(id);
        let mut touched: HashMap<(String, Currency), Balance> = HashMap::new();
        let mut postings = Vec::with_capacity(draft.lines.len());
        for (line, (account, direction, amount)) in (1..).zip(draft.lines) {
            let key = (account.to_string(), amount.currency());
            let before = touched
                .get(&key)
                .or_else(|| self.balances.get(&key))
                .copied()
                .unwrap_or_default();
            let after = before.post(direction, amount.minor());
            let balance_after =
                Total::new(after.on(account.kind().normal_side()), amount.currency());
            postings.push(Posting {
                line,
                account: key.0.clone(),
                direction,
                amount,
                balance_after,
            });
            touched.insert(key, after);
        }
        // Time never runs backwards in the books, whatever the clock does.
        let booked_at = now.max(self.booked_at);
        let mut entry = JournalEntry {
            merchant: self.merchant,
            sequence: self.entry_sequence + 1,
            id,
            kind: draft.kind.as_str().to_owned(),
            source: draft.source.unwrap_or_else(|| id.to_string()),
            origin: *draft.origin,
            booked_at,
            effective_date: draft.effective_date.unwrap_or(booked_at.date()),
            actor: draft.actor,
            postings,
            previous_hash: self.entry_hash,
            hash_version: HASH_VERSION,
            hash: EntryHash::default(),
        };
        entry.hash = chain_hash(&entry).unwrap_or_default();
        self.entry_sequence = entry.sequence;
        self.entry_hash = entry.hash;
        self.booked_at = booked_at;
        self.balances.extend(touched);
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::money::Money,
        domain::ledger::{Account, EntryKind},
    };
    use proptest::prelude::*;
    use uuid::Uuid;

    fn books() -> Books {
        Books {
            merchant: MerchantId(Uuid::from_u128(1)),
            entry_sequence: 0,
            entry_hash: EntryHash::default(),
            mode: Mode::Test,
            event_sequence: 0,
            booked_at: OffsetDateTime::UNIX_EPOCH,
            balances: HashMap::new(),
        }
    }

    fn draft(debit: Account, credit: Account, minor: i64) -> Draft {
        let amount = Money::new(minor, "EUR".parse().unwrap());
        let lines = vec![
            (debit, Direction::Debit, amount),
            (credit, Direction::Credit, amount),
        ];
        Draft::new(EntryKind::Capture, "pi_x".into(), lines).unwrap()
    }

    proptest! {
        #[test]
        fn any_run_of_entries_keeps_the_books_true(moves in prop::collection::vec((any::<bool>(), 1_i64..1_000_000, 0_i64..100), 1..40)) {
            let (clearing, pending) = (Account::rail_clearing("sandbox", None), Account::merchant_pending());
            let mut books = books();
            let mut previous = (EntryHash::default(), OffsetDateTime::UNIX_EPOCH);
            for (number, (inward, minor, second)) in (1..).zip(moves) {
                let (debit, credit) = if inward { (&clearing, &pending) } else { (&pending, &clearing) };
                let now = OffsetDateTime::from_unix_timestamp(second).unwrap();
                let entry = books.book(draft(debit.clone(), credit.clone(), minor), EntryId(Uuid::from_u128(7)), now);
                prop_assert_eq!((entry.sequence, entry.previous_hash), (number, previous.0));
                prop_assert!(entry.booked_at >= previous.1);
                prop_assert_eq!(chain_hash(&entry), Some(entry.hash));
                previous = (entry.hash, entry.booked_at);
                let sums = books.balances.values().fold((0, 0), |s, b| (s.0 + b.debits, s.1 + b.credits));
                prop_assert_eq!(sums.0, sums.1);
                for posting in &entry.postings {
                    let kind = if posting.account == pending.to_string() { pending.kind() } else { clearing.kind() };
                    let balance = books.balances[&(posting.account.clone(), posting.amount.currency())];
                    prop_assert_eq!(posting.balance_after.minor(), balance.on(kind.normal_side()));
                }
            }
        }
    }

    #[test]
    fn sums_go_on_beyond_64_bits() {
        let mut books = books();
        let (a, b) = (
            Account::rail_clearing("sandbox", None),
            Account::merchant_pending(),
        );
        for _ in 0..3 {
            let most = draft(a.clone(), b.clone(), i64::MAX);
            books.book(
                most,
                EntryId(Uuid::from_u128(7)),
                OffsetDateTime::UNIX_EPOCH,
            );
        }
        let last = books.book(
            draft(b, a, i64::MAX),
            EntryId(Uuid::from_u128(8)),
            OffsetDateTime::UNIX_EPOCH,
        );
        let after: Vec<i128> = last
            .postings
            .iter()
            .map(|p| p.balance_after.minor())
            .collect();
        assert_eq!(after, [2 * i128::from(i64::MAX); 2]);
    }
}
