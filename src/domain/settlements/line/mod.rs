//! What a payout is the sum of.

pub mod store;

use crate::base::{
    ids::{AttemptId, IntentId, MerchantId, SettlementId, SettlementLineId},
    money::{Currency, Money},
};
use time::OffsetDateTime;

/// What came or went before the fee, what the provider keeps of it, and what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Before the fee.
    pub gross: Money,
    /// The fee; below zero if some was given back.
    pub fee: Money,
    /// After it.
    pub net: Money,
}

impl Sums {
    /// Gross, fee and net in minor units.
    pub const fn new([gross, fee, net]: [i64; 3], currency: Currency) -> Self {
        Self {
            gross: Money::new(gross, currency),
            fee: Money::new(fee, currency),
            net: Money::new(net, currency),
        }
    }

    /// Whether the fee is the difference.
    pub fn add_up(self) -> bool {
        self.gross.checked_sub(self.fee) == Ok(self.net)
    }

    /// The sum of both; none if they are of two currencies, or it is out of range.
    pub fn plus(self, other: Self) -> Option<Self> {
        Some(Self {
            gross: self.gross.checked_add(other.gross).ok()?,
            fee: self.fee.checked_add(other.fee).ok()?,
            net: self.net.checked_add(other.net).ok()?,
        })
    }
}

/// One movement of the balance that a payout pays out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettlementLine {
    /// Its id.
    pub id: SettlementLineId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Of which payout.
    pub settlement: SettlementId,
    /// What the provider tells.
    pub told: ToldLine,
}

/// A line as the provider tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldLine {
    /// What the provider calls it.
    pub external_id: String,
    /// What it is, in the provider's words, such as `charge`.
    pub kind: String,
    /// How it counts in the provider's reports, such as `dispute`.
    pub category: Option<String>,
    /// The charge, refund or dispute there.
    pub source: Option<String>,
    /// Our attempt that made it, or whose charge it is about.
    pub attempt: Option<(AttemptId, IntentId)>,
    /// How much.
    pub sums: Sums,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
}
