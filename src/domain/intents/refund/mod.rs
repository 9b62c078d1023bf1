//! Refunds: captured money goes back, whole or in parts, never more than was captured.

pub mod store;

use super::{Attempt, Intent, IntentError, State, Sums};
use crate::{
    base::{
        ids::{AttemptId, IntentId, MerchantId, RefundId},
        invalid::{Invalid, read_optional},
        money::{
            Money,
            field::{AmountText, BareAmount},
        },
        names::Word,
    },
    domain::rails::CallKind,
};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

crate::names! {
    /// The status of a refund.
    pub enum RefundStatus {
        /// The rail has been asked.
        Pending = "pending",
        /// Money was given back.
        Succeeded = "succeeded",
        /// The rail refused.
        Failed = "failed",
    }
}

/// A refund of one intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Its id.
    pub id: RefundId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// The intent.
    pub intent: IntentId,
    /// Its status.
    pub status: Word<RefundStatus>,
    /// How much.
    pub amount: Money,
    /// Why, in the merchant's words.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// The body of `POST /v1/payment_intents/{id}/refunds`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundRequest {
    /// How much; all that is left if left out.
    #[serde(default)]
    #[schema(value_type = Option<AmountText>)]
    amount: Option<Value>,
    /// Why, in your own words. At most 200 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, example = "requested_by_customer")]
    reason: Option<String>,
}

/// What is asked for with a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundTerms {
    /// How much, in the currency of the intent; all that is left if there is none.
    pub amount: Option<BareAmount>,
    /// Why, in the merchant's words.
    pub reason: Option<String>,
}

impl RefundRequest {
    /// The terms of the refund, or the first field at fault.
    pub fn parse(self) -> Result<RefundTerms, Invalid> {
        let Self { amount, reason } = self;
        let reason = read_optional("/reason", reason, 200)?;
        let amount = amount.map(|amount| BareAmount::read("/amount", &amount));
        let amount = amount.transpose()?;
        Ok(RefundTerms { amount, reason })
    }
}

/// The ids that a refund takes.
#[derive(Clone, Copy, Debug)]
pub struct RefundIds {
    /// Of the refund.
    pub refund: RefundId,
    /// Of its attempt.
    pub attempt: AttemptId,
}

impl Intent {
    /// What can still be refunded.
    pub fn refundable(&self) -> Result<Money, IntentError> {
        // One after the other: the two together may be more than an amount can be.
        let left = self.sums.captured.checked_sub(self.sums.refunded)?;
        Ok(left.checked_sub(self.sums.refunding)?)
    }

    /// Sets `amount` aside, or all that is left, and records that the rail is about to be asked
    /// to give it back.
    pub fn begin_refund(
        self,
        amount: Option<Money>,
        reason: Option<String>,
        ids: RefundIds,
        now: OffsetDateTime,
    ) -> Result<(Self, Refund, Attempt), IntentError> {
        if self.state != State::Succeeded {
            return Err(self.refuse("refunded", now));
        }
        if !self.route.rail.refunds() {
            return Err(IntentError::NotRefundable(self.route.rail));
        }
        let most = self.refundable()?;
        let amount = amount.unwrap_or(most);
        if most.checked_sub(amount)?.minor() < 0 || amount.minor() == 0 {
            return Err(IntentError::AmountTooLarge {
                verb: "refunded",
                most,
            });
        }
        let sums = Sums {
            refunding: self.sums.refunding.checked_add(amount)?,
            ..self.sums
        };
        let (merchant, intent) = (self.merchant, self.id);
        let refund = Refund {
            id: ids.refund,
            merchant,
            intent,
            status: RefundStatus::Pending.into(),
            amount,
            reason,
            created_at: now,
            updated_at: now,
        };
        let attempt = Attempt::start(ids.attempt, &self, CallKind::Refund, amount, now)
            .giving_back(refund.id);
        Ok((
            Self {
                sums,
                updated_at: now,
                ..self
            },
            refund,
            attempt,
        ))
    }
}
