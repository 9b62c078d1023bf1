//! The rules that a row of booked entries must keep, checked again by each reader: pure,
//! so that `verify` and every export hold the books to the same rules as the writer did.

use super::{Direction, EntryHash, JournalEntry, chain_hash};
use crate::base::{
    money::{Currency, Total},
    timestamp,
};
use std::ops::Add;
use time::OffsetDateTime;

/// A place in a merchant's chain: which entry stood last.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    sequence: i64,
    hash: EntryHash,
    booked_at: OffsetDateTime,
}

/// Why an entry cannot be where it is, or not as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// An entry before this one is missing.
    #[error("sequence should be {expected}, found {found}: entries are missing")]
    Gap {
        /// The sequence that comes next.
        expected: i64,
        /// The sequence of the entry.
        found: i64,
    },
    /// The entry does not continue the one before it.
    #[error("previous_hash should be {expected}, the hash of the entry before it; found {found}")]
    Link {
        /// The hash of the entry before.
        expected: EntryHash,
        /// What the entry says that hash is.
        found: EntryHash,
    },
    /// The entry is older than the one before it.
    #[error("booked_at should not be before {}, found {}", timestamp::format(*.earliest), timestamp::format(*.found))]
    Time {
        /// When the entry before was booked.
        earliest: OffsetDateTime,
        /// When this one was.
        found: OffsetDateTime,
    },
    /// The entry's lines are not 1, 2, 3 …
    #[error("postings should be numbered from 1 without gaps; line {expected} is missing")]
    Lines {
        /// The first line that is missing.
        expected: i16,
    },
    /// The two sides differ in a currency.
    #[error(
        "debits and credits in {currency} should be equal, found debits {debits} and credits {credits}"
    )]
    Unbalanced {
        /// The currency.
        currency: Currency,
        /// The sum of the debits.
        debits: Total,
        /// The sum of the credits.
        credits: Total,
    },
    /// Nobody here knows what is hashed.
    #[error(
        "hash_version is {0}, which a later version of Threadpay made: prove the entry with that one"
    )]
    Version(i16),
    /// A field of the entry or its postings is not what was booked.
    #[error(
        "hash should be {expected} by the entry's fields and postings, found {found}: something in it was changed after it was booked"
    )]
    Hash {
        /// The hash of the fields as they are now.
        expected: EntryHash,
        /// The hash that was booked.
        found: EntryHash,
    },
}

impl Chain {
    /// Before a merchant's first entry.
    pub fn start() -> Self {
        let booked_at = OffsetDateTime::UNIX_EPOCH;
        Self {
            sequence: 0,
            hash: EntryHash::default(),
            booked_at,
        }
    }

    /// After `entry`.
    pub fn after(entry: &JournalEntry) -> Self {
        Self {
            sequence: entry.sequence,
            hash: entry.hash,
            booked_at: entry.booked_at,
        }
    }

    /// The sequence of the last entry; 0 before the first.
    pub fn sequence(self) -> i64 {
        self.sequence
    }

    /// The hash of the last entry; zeros before the first.
    pub fn hash(self) -> EntryHash {
        self.hash
    }

    /// When the last entry was booked; 1970 before the first.
    pub fn booked_at(self) -> OffsetDateTime {
        self.booked_at
    }

    /// Whether `entry` is the next one: by sequence, hash and time.
    pub fn check_next(self, entry: &JournalEntry) -> Result<(), ChainFault> {
        let expected = self.sequence.saturating_add(1);
        if entry.sequence != expected {
            let found = entry.sequence;
            return Err(ChainFault::Gap { expected, found });
        }
        if entry.previous_hash != self.hash {
            let (expected, found) = (self.hash, entry.previous_hash);
            return Err(ChainFault::Link { expected, found });
        }
        if entry.booked_at < self.booked_at {
            let (earliest, found) = (self.booked_at, entry.booked_at);
            return Err(ChainFault::Time { earliest, found });
        }
        Ok(())
    }
}

/// Whether `entry` is whole in itself: its lines, its two sides, its hash.
pub fn check_entry(entry: &JournalEntry) -> Result<(), ChainFault> {
    for (expected, posting) in (1..).zip(&entry.postings) {
        if posting.line != expected {
            return Err(ChainFault::Lines { expected });
        }
    }
    if entry.postings.is_empty() {
        return Err(ChainFault::Lines { expected: 1 });
    }
    for posting in &entry.postings {
        let currency = posting.amount.currency();
        let debits = side(entry, currency, Direction::Debit);
        let credits = side(entry, currency, Direction::Credit);
        if debits != credits {
            return Err(ChainFault::Unbalanced {
                currency,
                debits,
                credits,
            });
        }
    }
    let expected = chain_hash(entry).ok_or(ChainFault::Version(entry.hash_version))?;
    if entry.hash == expected {
        Ok(())
    } else {
        let found = entry.hash;
        Err(ChainFault::Hash { expected, found })
    }
}

fn side(entry: &JournalEntry, currency: Currency, side: Direction) -> Total {
    let on_side = entry.postings.iter().filter(|p| p.direction == side);
    let amounts = on_side.map(|p| p.amount);
    amounts
        .filter(|amount| amount.currency() == currency)
        .fold(Total::zero(currency), Total::add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::{
            ids::{EntryId, LinkId, MerchantId},
            money::Money,
        },
        domain::ledger::{Account, Books, Draft, EntryKind},
    };
    use std::collections::HashMap;
    use uuid::Uuid;

    fn entries() -> Vec<JournalEntry> {
        let mut books = Books {
            merchant: MerchantId(Uuid::from_u128(1)),
            entry_sequence: 0,
            entry_hash: EntryHash::default(),
            mode: crate::base::mode::Mode::Test,
            event_sequence: 0,
            booked_at: OffsetDateTime::UNIX_EPOCH,
            balances: HashMap::new(),
        };
        let amount = Money::new(1250, "EUR".parse().unwrap());
        let lines = vec![
            (
                Account::rail_clearing("sandbox", None),
                Direction::Debit,
                amount,
            ),
            (Account::merchant_pending(), Direction::Credit, amount),
        ];
        let draft = Draft::new(EntryKind::Capture, "pi_x".into(), lines).unwrap();
        let mut book = |second| {
            let now = OffsetDateTime::from_unix_timestamp(second).unwrap();
            let id = EntryId(Uuid::from_u128(7));
            books.book(draft.clone(), id, now)
        };
        vec![book(10), book(20), book(20)]
    }

    #[test]
    fn what_was_booked_passes() {
        let mut chain = Chain::start();
        for entry in entries() {
            chain.check_next(&entry).unwrap();
            check_entry(&entry).unwrap();
            chain = Chain::after(&entry);
        }
        assert_eq!(chain.sequence(), 3);
    }

    #[test]
    fn an_entry_out_of_place_is_named() {
        let [one, two, three]: [_; 3] = entries().try_into().unwrap();
        let after = |entry: &JournalEntry, next: &JournalEntry| {
            Chain::after(entry).check_next(next).unwrap_err()
        };
        let gap = after(&one, &three);
        assert_eq!(
            gap,
            ChainFault::Gap {
                expected: 2,
                found: 3
            }
        );
        let unlinked = JournalEntry {
            previous_hash: one.hash,
            ..three.clone()
        };
        assert!(matches!(after(&two, &unlinked), ChainFault::Link { .. }));
        let early = JournalEntry {
            booked_at: one.booked_at,
            ..three
        };
        assert!(matches!(after(&two, &early), ChainFault::Time { .. }));
    }

    #[test]
    fn any_changed_field_is_seen() {
        type Edit = fn(&mut JournalEntry);
        let entry = entries().swap_remove(0);
        let change = |change: Edit| {
            let mut entry = entry.clone();
            change(&mut entry);
            check_entry(&entry).unwrap_err()
        };
        let cases: [(Edit, &str); 17] = [
            (
                |e| e.postings[1].amount = Money::new(1251, e.postings[1].amount.currency()),
                "debits 12.50 and credits 12.51",
            ),
            (
                |e| e.postings[1].direction = Direction::Debit,
                "debits 25.00 and credits 0.00",
            ),
            (|e| drop(e.postings.remove(0)), "line 1 is missing"),
            (|e| e.postings.clear(), "line 1 is missing"),
            (|e| e.source = "pi_y".into(), "was changed"),
            (
                |e| e.effective_date = e.effective_date.next_day().unwrap(),
                "was changed",
            ),
            (|e| e.postings[0].account = "suspense".into(), "was changed"),
            (|e| e.origin.cause = Some("pa_y".into()), "was changed"),
            (
                |e| e.origin.payment_link = Some(LinkId(Uuid::nil())),
                "was changed",
            ),
            (|e| e.origin.reference = Some(String::new()), "was changed"),
            (|e| e.origin.description = Some("x".into()), "was changed"),
            (
                |e| e.origin.payment_method = Some("x".into()),
                "was changed",
            ),
            (|e| e.origin.tip = Some(e.postings[0].amount), "was changed"),
            (|e| e.origin.fee = Some(e.postings[0].amount), "was changed"),
            (|e| e.actor = Some("operator".into()), "was changed"),
            (|e| e.hash_version = 1, "was changed"),
            (|e| e.hash_version = 3, "a later version"),
        ];
        for (edit, words) in cases {
            let fault = change(edit).to_string();
            assert!(fault.contains(words), "{fault}");
        }
    }
}
