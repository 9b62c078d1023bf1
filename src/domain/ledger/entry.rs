//! Journal entries and their postings. One that does not balance cannot be built.

use super::{Account, Direction, EntryHash, Origin};
use crate::base::{
    actor::Actor,
    ids::{EntryId, MerchantId},
    money::{Currency, Money, Total},
};
use time::{Date, OffsetDateTime};

crate::names! {
    /// What an entry records.
    pub enum EntryKind {
        /// Money taken from a payer.
        Capture = "capture",
        /// Money given back to a payer.
        Refund = "refund",
        /// Money to suspense or out of it.
        Movement = "movement",
        /// What an entry before it booked, taken back.
        Reversal = "reversal",
        /// What somebody booked by hand.
        Adjustment = "adjustment",
    }
}

/// The postings of a draft differ between the sides, or there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the debits and credits of a journal entry must be equal in each currency and above zero")]
pub struct Unbalanced;

/// An entry that balances and has not been booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The id that it is booked under, where something else names it in the same commit.
    pub(super) id: Option<EntryId>,
    pub(super) kind: EntryKind,
    /// Nothing but the entry itself, if there is none.
    pub(super) source: Option<String>,
    pub(super) origin: Box<Origin>,
    /// The day that it is booked, if there is none.
    pub(super) effective_date: Option<Date>,
    /// Who causes it, if that is known.
    pub(super) actor: Option<String>,
    pub(super) lines: Vec<(Account, Direction, Money)>,
}

impl Draft {
    /// An entry for `source` (a printed id) with the given lines: each above zero, and debits
    /// equal to credits in each currency.
    pub fn new(
        kind: EntryKind,
        source: String,
        lines: Vec<(Account, Direction, Money)>,
    ) -> Result<Self, Unbalanced> {
        Self::balanced(kind, Some(source), lines)
    }

    /// An entry that nothing caused but the caller who books it, for the day that it counts for or, if
    /// none is given, the day that it is booked.
    pub fn adjustment(
        lines: Vec<(Account, Direction, Money)>,
        effective_date: Option<Date>,
    ) -> Result<Self, Unbalanced> {
        let draft = Self::balanced(EntryKind::Adjustment, None, lines)?;
        Ok(Self {
            effective_date,
            ..draft
        })
    }

    fn balanced(
        kind: EntryKind,
        source: Option<String>,
        lines: Vec<(Account, Direction, Money)>,
    ) -> Result<Self, Unbalanced> {
        if lines.is_empty() || lines.iter().any(|(_, _, amount)| amount.minor() <= 0) {
            return Err(Unbalanced);
        }
        let balanced = |currency| net(&lines, currency) == 0;
        if lines
            .iter()
            .all(|(_, _, amount)| balanced(amount.currency()))
        {
            Ok(Self {
                id: None,
                kind,
                source,
                origin: Box::default(),
                effective_date: None,
                actor: None,
                lines,
            })
        } else {
            Err(Unbalanced)
        }
    }

    /// The same, booked under this id.
    #[must_use]
    pub fn with_id(self, id: EntryId) -> Self {
        let id = Some(id);
        Self { id, ..self }
    }

    /// The same, caused by this actor.
    #[must_use]
    pub fn caused_by(self, actor: Actor) -> Self {
        let actor = Some(actor.to_string());
        Self { actor, ..self }
    }

    /// Its lines.
    pub fn lines(&self) -> &[(Account, Direction, Money)] {
        &self.lines
    }

    /// The accounts that it posts to, each with the currency.
    pub fn accounts(&self) -> Vec<(Account, Currency)> {
        self.lines
            .iter()
            .map(|(account, _, amount)| (account.clone(), amount.currency()))
            .collect()
    }

    /// Says where the entry comes from.
    #[must_use]
    pub fn with_origin(self, origin: Origin) -> Self {
        let origin = Box::new(origin);
        Self { origin, ..self }
    }

    /// Says what the payer paid with.
    #[must_use]
    pub fn paid_with(mut self, method: String) -> Self {
        self.origin.payment_method = Some(method);
        self
    }
}

fn net(lines: &[(Account, Direction, Money)], currency: Currency) -> i128 {
    let signed = |(_, direction, amount): &(Account, Direction, Money)| match direction {
        Direction::Debit => i128::from(amount.minor()),
        Direction::Credit => -i128::from(amount.minor()),
    };
    lines
        .iter()
        .filter(|line| line.2.currency() == currency)
        .map(signed)
        .sum()
}

/// One line of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// 1 for the entry's first line.
    pub line: i16,
    /// The account's code.
    pub account: String,
    /// The side.
    pub direction: Direction,
    /// Always above zero.
    pub amount: Money,
    /// The account's balance in this currency after the posting, on its normal side.
    pub balance_after: Total,
}

/// A booked entry: it never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Whose books it is in.
    pub merchant: MerchantId,
    /// 1, 2, 3 … in the merchant's books, without gaps.
    pub sequence: i64,
    /// Its id.
    pub id: EntryId,
    /// What it records, as the word in the schema.
    pub kind: String,
    /// The printed id of what caused it.
    pub source: String,
    /// Where it came from.
    pub origin: Origin,
    /// When it was booked; never earlier than the entry before it.
    pub booked_at: OffsetDateTime,
    /// The day it counts for.
    pub effective_date: Date,
    /// Who caused it; not known of entries from before this was kept.
    pub actor: Option<String>,
    /// Its lines.
    pub postings: Vec<Posting>,
    /// The hash of the entry before it; zeros for the first.
    pub previous_hash: EntryHash,
    /// What the hash takes in: 1 the money, ids and times, 2 all that is shown.
    pub hash_version: i16,
    /// The hash of this entry and, by `previous_hash`, of all before it.
    pub hash: EntryHash,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, code.parse().unwrap())
    }

    #[test]
    fn only_a_balanced_draft_can_be_built() {
        use Direction::{Credit, Debit};
        let clearing = || Account::rail_clearing("sandbox", None);
        let pending = || Account::merchant_pending();
        let draft = |lines| Draft::new(EntryKind::Capture, "pi_x".into(), lines);
        let cases = [
            (
                vec![
                    (clearing(), Debit, money(5, "EUR")),
                    (pending(), Credit, money(5, "EUR")),
                ],
                true,
            ),
            (
                vec![
                    (clearing(), Debit, money(5, "EUR")),
                    (pending(), Credit, money(4, "EUR")),
                ],
                false,
            ),
            (
                vec![
                    (clearing(), Debit, money(5, "EUR")),
                    (pending(), Credit, money(5, "USD")),
                ],
                false,
            ),
            (
                vec![
                    (clearing(), Debit, money(0, "EUR")),
                    (pending(), Credit, money(0, "EUR")),
                ],
                false,
            ),
            (
                vec![
                    (clearing(), Debit, money(-5, "EUR")),
                    (pending(), Credit, money(-5, "EUR")),
                ],
                false,
            ),
            (vec![], false),
        ];
        for (lines, good) in cases {
            assert_eq!(draft(lines.clone()).is_ok(), good, "{lines:?}");
        }
    }
}
