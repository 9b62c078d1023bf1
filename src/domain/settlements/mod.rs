//! Settlements: what a provider pays out to a merchant's bank account, and the charges, refunds,
//! disputes and fees that this is the sum of, as the provider tells them. What does not add up is kept
//! all the same, and said.

pub mod line;
pub mod store;
mod view;

pub use line::{SettlementLine, Sums, ToldLine};
pub use view::{SettlementLineObject, SettlementObject};

use crate::base::{
    ambient::Ambient,
    ids::{MerchantId, RailAccountId, SettlementId},
    money::Money,
};
use time::{Date, OffsetDateTime};

crate::names! {
    /// Whether a settlement is known as a whole.
    pub enum SettlementStatus {
        /// Its lines are being read.
        Reading = "reading",
        /// Its lines add up to what is paid out.
        Balanced = "balanced",
        /// They do not.
        Unbalanced = "unbalanced",
    }
}

/// A payout of a provider's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Its id.
    pub id: SettlementId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// From which account.
    pub account: RailAccountId,
    /// What the provider calls the payout.
    pub external_id: String,
    /// What arrives; below zero if it is taken from the bank account.
    pub amount: Money,
    /// How far the payout is, in the provider's words.
    pub payout_status: String,
    /// The day it arrives or arrived, as the provider expects.
    pub arrives_on: Date,
    /// When the provider made it.
    pub occurred_at: OffsetDateTime,
    /// Whether it is known as a whole.
    pub status: SettlementStatus,
    /// The sums of the lines that are known.
    pub sums: Sums,
    /// How many lines are known.
    pub lines: u32,
    /// Lines that do not add up in themselves, or are in none of the sums.
    pub odd_lines: u32,
    /// The last line that was read, while more come behind it.
    pub read_to: Option<String>,
    /// When it was first heard of.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// A payout as it was seen at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldPayout {
    /// From which account.
    pub account: RailAccountId,
    /// What the provider calls it.
    pub external_id: String,
    /// What arrives.
    pub amount: Money,
    /// How far it is, in the provider's words.
    pub status: String,
    /// The day it arrives.
    pub arrives_on: Date,
    /// When it was made.
    pub occurred_at: OffsetDateTime,
    /// The next of its lines, if it was asked for them.
    pub page: Option<ToldPage>,
}

/// Some of the lines of a payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldPage {
    /// The line that they come behind; none of the first.
    pub after: Option<String>,
    /// The lines.
    pub lines: Vec<ToldLine>,
    /// The line that the next ones come behind; none if these are the last.
    pub next: Option<String>,
}

impl ToldPayout {
    /// What it is known by.
    pub fn name(&self, merchant: MerchantId) -> Name {
        (merchant, self.account, self.external_id.clone())
    }
}

/// Whose payout, from which account, and what the provider calls it.
pub type Name = (MerchantId, RailAccountId, String);

impl Settlement {
    /// A payout of which no lines are known yet.
    pub fn new(
        merchant: MerchantId,
        told: &ToldPayout,
        (ambient, now): (&Ambient, OffsetDateTime),
    ) -> Self {
        Self {
            id: ambient.id(),
            merchant,
            account: told.account,
            external_id: told.external_id.clone(),
            amount: told.amount,
            payout_status: told.status.clone(),
            arrives_on: told.arrives_on,
            occurred_at: told.occurred_at,
            status: SettlementStatus::Reading,
            sums: Sums::new([0; 3], told.amount.currency()),
            lines: 0,
            odd_lines: 0,
            read_to: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// What it is known by when it is told again.
    pub fn name(&self) -> Name {
        (self.merchant, self.account, self.external_id.clone())
    }

    /// The same as it is told now, and its new lines: a page that was read before has none.
    pub fn learn(
        &self,
        told: &ToldPayout,
        (ambient, now): (&Ambient, OffsetDateTime),
    ) -> (Self, Vec<SettlementLine>) {
        let mut learned = Self {
            payout_status: told.status.clone(),
            arrives_on: told.arrives_on,
            ..self.clone()
        };
        let is_next = |page: &&ToldPage| {
            self.status == SettlementStatus::Reading && page.after == self.read_to
        };
        let mut lines = Vec::new();
        if let Some(page) = told.page.as_ref().filter(is_next) {
            lines.extend(page.lines.iter().map(|line| SettlementLine {
                id: ambient.id(),
                merchant: self.merchant,
                settlement: self.id,
                told: line.clone(),
            }));
            learned.add(page);
        }
        if learned != *self {
            learned.updated_at = now;
        }
        (learned, lines)
    }

    fn add(&mut self, page: &ToldPage) {
        for line in &page.lines {
            let sums = self.sums.plus(line.sums);
            let is_odd = sums.is_none() || !line.sums.add_up();
            self.sums = sums.unwrap_or(self.sums);
            self.lines = self.lines.saturating_add(1);
            self.odd_lines = self.odd_lines.saturating_add(u32::from(is_odd));
        }
        self.read_to.clone_from(&page.next);
        let is_balanced = self.odd_lines == 0 && self.sums.net == self.amount;
        self.status = match (&page.next, is_balanced) {
            (Some(_), _) => SettlementStatus::Reading,
            (None, true) => SettlementStatus::Balanced,
            (None, false) => SettlementStatus::Unbalanced,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};
    use uuid::Uuid;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, code.parse().unwrap())
    }

    fn line(id: &str, sums: [i64; 3], code: &str) -> ToldLine {
        ToldLine {
            external_id: id.to_owned(),
            kind: "charge".to_owned(),
            category: None,
            source: None,
            attempt: None,
            sums: Sums::new(sums, code.parse().unwrap()),
            occurred_at: datetime!(2026-11-20 06:00 UTC),
        }
    }

    fn told(amount: i64, page: impl Into<Option<ToldPage>>) -> ToldPayout {
        ToldPayout {
            account: RailAccountId(Uuid::from_u128(1)),
            external_id: "po_1".to_owned(),
            amount: money(amount, "EUR"),
            status: "in_transit".to_owned(),
            arrives_on: date!(2026 - 11 - 24),
            occurred_at: datetime!(2026-11-22 06:00 UTC),
            page: page.into(),
        }
    }

    fn page(after: Option<&str>, lines: Vec<ToldLine>, next: Option<&str>) -> ToldPage {
        let owned = |id: &str| id.to_owned();
        ToldPage {
            after: after.map(owned),
            lines,
            next: next.map(owned),
        }
    }

    fn learned(payouts: &[ToldPayout]) -> (Settlement, usize) {
        let at = (&Ambient::system(), datetime!(2026-11-22 07:00 UTC));
        let mut settlement = Settlement::new(MerchantId(Uuid::nil()), &payouts[0], at);
        let mut count = 0;
        for payout in payouts {
            let (next, lines) = settlement.learn(payout, at);
            settlement = next;
            count += lines.len();
        }
        (settlement, count)
    }

    #[test]
    fn each_page_counts_once_and_in_its_order() {
        let first = told(
            700,
            page(None, vec![line("a", [1000, 50, 950], "EUR")], Some("a")),
        );
        let last = told(
            700,
            page(Some("a"), vec![line("b", [-250, 0, -250], "EUR")], None),
        );
        let (half, count) = learned(&[first.clone(), first.clone()]);
        assert_eq!((half.status, count), (SettlementStatus::Reading, 1));
        assert_eq!(half.read_to.as_deref(), Some("a"));
        let (whole, count) = learned(&[first.clone(), last.clone(), last, first]);
        assert_eq!((whole.status, count), (SettlementStatus::Balanced, 2));
        assert_eq!((whole.lines, whole.read_to.as_deref()), (2, None));
        assert_eq!(whole.sums.net, money(700, "EUR"));
    }

    #[test]
    fn what_does_not_add_up_is_kept_and_said() {
        for lines in [
            vec![line("a", [1000, 50, 950], "EUR")],
            vec![line("a", [1000, 50, 700], "EUR")],
            vec![line("a", [1000, 50, 950], "USD")],
            vec![
                line("a", [i64::MAX, 0, i64::MAX], "EUR"),
                line("b", [1, 0, 1], "EUR"),
            ],
            vec![],
        ] {
            let count = lines.len();
            let (whole, kept) = learned(&[told(700, page(None, lines, None))]);
            assert_eq!((whole.status, kept), (SettlementStatus::Unbalanced, count));
        }
    }

    #[test]
    fn a_payout_that_fails_later_is_told() {
        let whole = told(
            950,
            page(None, vec![line("a", [1000, 50, 950], "EUR")], None),
        );
        let failed = ToldPayout {
            status: "failed".to_owned(),
            ..told(950, None)
        };
        let (settlement, _) = learned(&[whole, failed]);
        assert_eq!(settlement.payout_status, "failed");
        assert_eq!(settlement.status, SettlementStatus::Balanced);
    }
}
