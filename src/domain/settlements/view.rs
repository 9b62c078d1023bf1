//! Settlements and their lines as the API gives them.

use super::{Settlement, SettlementLine, SettlementStatus};
use crate::base::{
    ids::{AttemptId, IntentId, RailAccountId, SettlementId, SettlementLineId},
    mode::Mode,
    timestamp,
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A payout of a provider's to your bank account.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Settlement)]
pub struct SettlementObject<'a> {
    /// Its id.
    id: SettlementId,
    /// Always `settlement`.
    object: &'static str,
    /// Whether its money is real.
    livemode: bool,
    /// Your account with the provider.
    rail_account: RailAccountId,
    /// What the provider calls the payout.
    #[schema(example = "po_1Pgc792eZvKYlo2CUBxPvVYk")]
    external_id: &'a str,
    /// Whether its lines are all known, and add up to `amount`.
    status: SettlementStatus,
    /// How far the payout is, in the provider's words: with Stripe `pending`, `in_transit`, `paid`,
    /// `failed` or `canceled`.
    #[schema(example = "paid")]
    payout_status: &'a str,
    /// What arrives, in major units; below zero if it is taken from your bank account.
    amount: String,
    /// ISO 4217 code.
    currency: &'static str,
    /// The sum of its lines before fees, as far as they are known.
    gross: String,
    /// The sum of their fees.
    fee: String,
    /// `gross` less `fee`: the same as `amount` if `status` is `balanced`.
    net: String,
    /// How many lines are known.
    lines_count: u32,
    /// The day it arrives or arrived, as the provider expects.
    #[schema(format = "date")]
    arrives_on: String,
    /// When the provider made it.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    occurred_at: OffsetDateTime,
    /// When it was first heard of.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    /// When it last changed.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

impl<'a> SettlementObject<'a> {
    /// The payout of a merchant of this mode.
    pub fn new(settlement: &'a Settlement, mode: Mode) -> Self {
        Self {
            id: settlement.id,
            object: "settlement",
            livemode: mode.is_live(),
            rail_account: settlement.account,
            external_id: &settlement.external_id,
            status: settlement.status,
            payout_status: &settlement.payout_status,
            amount: settlement.amount.to_string(),
            currency: settlement.amount.currency().code(),
            gross: settlement.sums.gross.to_string(),
            fee: settlement.sums.fee.to_string(),
            net: settlement.sums.net.to_string(),
            lines_count: settlement.lines,
            arrives_on: settlement.arrives_on.to_string(),
            occurred_at: settlement.occurred_at,
            created_at: settlement.created_at,
            updated_at: settlement.updated_at,
        }
    }
}

/// A charge, refund, dispute or fee that a payout pays out.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SettlementLine)]
pub struct SettlementLineObject<'a> {
    /// Its id.
    id: SettlementLineId,
    /// Always `settlement_line`.
    object: &'static str,
    /// The payout.
    settlement: SettlementId,
    /// What the provider calls it.
    #[schema(example = "txn_1MiN3gLkdIwHu7ixxapQrznl")]
    external_id: &'a str,
    /// What it is, in the provider's words, such as `charge`, `refund` or `adjustment`.
    #[serde(rename = "type")]
    #[schema(example = "charge")]
    kind: &'a str,
    /// How it counts in the provider's reports, such as `dispute`.
    #[schema(example = "charge")]
    reporting_category: Option<&'a str>,
    /// The charge, refund or dispute there.
    #[schema(example = "ch_1MiN3gLkdIwHu7ixNCZvFdgA")]
    source: Option<&'a str>,
    /// The payment intent that it is about; null where it is about none of yours here.
    payment_intent: Option<IntentId>,
    /// The attempt that made it, or whose charge it is about.
    attempt: Option<AttemptId>,
    /// What came before the fee, in major units; below zero if it went.
    amount: String,
    /// What the provider keeps of it; below zero if it gave some back.
    fee: String,
    /// `amount` less `fee`.
    net: String,
    /// ISO 4217 code.
    currency: &'static str,
    /// When it happened.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    occurred_at: OffsetDateTime,
}

impl<'a> From<&'a SettlementLine> for SettlementLineObject<'a> {
    fn from(line: &'a SettlementLine) -> Self {
        let told = &line.told;
        Self {
            id: line.id,
            object: "settlement_line",
            settlement: line.settlement,
            external_id: &told.external_id,
            kind: &told.kind,
            reporting_category: told.category.as_deref(),
            source: told.source.as_deref(),
            payment_intent: told.attempt.map(|(_, intent)| intent),
            attempt: told.attempt.map(|(attempt, _)| attempt),
            amount: told.sums.gross.to_string(),
            fee: told.sums.fee.to_string(),
            net: told.sums.net.to_string(),
            currency: told.sums.gross.currency().code(),
            occurred_at: told.occurred_at,
        }
    }
}
