//! Money that came or went without being waited for, and turns out to be a payment or a refund.

use super::{
    Attempt, AttemptStatus, CaptureMethod, Finished, Intent, IntentError, Refund, RefundIds,
    RefundStatus, State, Sums, bookkeeping, learn::taken,
};
use crate::{
    base::{
        event_type::EventType,
        ids::{AttemptId, MovementId},
        money::Money,
    },
    domain::rails::{CallKind, Route},
};
use time::OffsetDateTime;

/// A movement, and how much it moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The movement.
    pub movement: MovementId,
    /// Where it moved.
    pub route: Route,
    /// How much.
    pub amount: Money,
}

impl Intent {
    /// Whether a movement of this amount can pay it: it waits to be paid, by no one or by a transfer
    /// that this may be, and through no link, whose places are for those who pay there.
    pub fn takes_movement(&self, amount: Money, now: OffsetDateTime) -> bool {
        let is_open = self.state == State::RequiresPayment && self.expires_at() > now;
        (is_open || self.waits_for_transfer())
            && self.terms.payment_link.is_none()
            && amount.currency() == self.terms.amount.currency()
            && amount.minor() <= self.terms.amount.minor()
    }

    /// Pays the intent with a movement; `None` if it [does not take it](Self::takes_movement). What is
    /// less than was asked for pays it all the same: somebody has decided so.
    pub fn pay_with(
        self,
        moved: Moved,
        id: AttemptId,
        now: OffsetDateTime,
    ) -> Result<Option<Finished>, IntentError> {
        let amount = moved.amount;
        if !self.takes_movement(amount, now) {
            return Ok(None);
        }
        let attempt = Attempt {
            movement: Some(moved.movement),
            status: AttemptStatus::Succeeded,
            ask_at: None,
            ..Attempt::start(id, &self, CallKind::Charge, amount, now).by(moved.route)
        };
        let sums = Sums {
            authorized: amount,
            ..self.sums
        };
        let intent = Self {
            charge: Some(id),
            route: moved.route,
            method: None,
            sums,
            last_error: None,
            updated_at: now,
            ..self
        };
        Ok(Some(taken(intent, attempt, amount)?))
    }

    /// Whether a movement that went can be a refund of it.
    pub fn takes_refund(&self, amount: Money) -> bool {
        let left = self.refundable().map(Money::minor);
        self.state == State::Succeeded
            && amount.currency() == self.terms.amount.currency()
            && left.is_ok_and(|left| amount.minor() <= left)
    }

    /// Takes a movement that went as a refund that has succeeded; `None` if it
    /// [does not take it](Self::takes_refund).
    pub fn refund_with(
        self,
        moved: Moved,
        reason: Option<String>,
        ids: RefundIds,
        now: OffsetDateTime,
    ) -> Result<Option<Finished>, IntentError> {
        let amount = moved.amount;
        if !self.takes_refund(amount) {
            return Ok(None);
        }
        let (intent, refund, attempt) = self.begin_refund(Some(amount), reason, ids, now)?;
        let attempt = Attempt {
            movement: Some(moved.movement),
            status: AttemptStatus::Succeeded,
            ask_at: None,
            ..attempt
        };
        let sums = Sums {
            refunding: intent.sums.refunding.checked_sub(amount)?,
            refunded: intent.sums.refunded.checked_add(amount)?,
            ..intent.sums
        };
        let intent = Self { sums, ..intent };
        let refund = Refund {
            status: RefundStatus::Succeeded.into(),
            ..refund
        };
        let draft =
            bookkeeping::refund(&intent, &attempt, &refund).map_err(super::error::Broken::from)?;
        Ok(Some(Finished {
            draft: Some(draft),
            event: Some(EventType::RefundSucceeded),
            ..Finished::quiet(intent, attempt, Some(refund))
        }))
    }

    /// The attempt at giving a movement back that came by `charge`: the rail is about to be asked.
    pub fn give_back(
        &self,
        moved: Moved,
        charge: AttemptId,
        id: AttemptId,
        now: OffsetDateTime,
    ) -> Attempt {
        Attempt {
            movement: Some(moved.movement),
            ..Attempt::start(id, self, CallKind::Refund, moved.amount, now)
                .about(charge)
                .by(moved.route)
        }
    }

    /// Whether its charges hold money until it is captured.
    pub fn holds(&self) -> bool {
        self.terms.capture_method == CaptureMethod::Manual
    }
}
