//! Confirming: the payer's money is asked for.

use super::{Attempt, Intent, IntentError, Opening, State};
use crate::{
    base::{ids::AttemptId, invalid::Invalid},
    domain::rails::{CallKind, PaymentMethod, Rail},
};
use serde::Deserialize;
use time::OffsetDateTime;

/// The body of `POST /v1/payment_intents/{id}/confirm`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmRequest {
    /// What the payer pays with, as the intent's rail names it.
    #[schema(example = "pm_sandbox_ok")]
    payment_method: String,
}

impl ConfirmRequest {
    /// The request to pay with `method`.
    pub fn paying_with(method: PaymentMethod) -> Self {
        Self {
            payment_method: method.to_string(),
        }
    }

    /// The payment method, as `rail` knows it.
    pub fn parse(&self, rail: Rail) -> Result<PaymentMethod, Invalid> {
        PaymentMethod::parse(rail, &self.payment_method)
            .map_err(|e| Invalid::coded("invalid_payment_method", "/payment_method", e.to_string()))
    }
}

impl Intent {
    /// Records that the rail is about to be asked for the whole amount.
    pub fn begin_charge(
        self,
        method: PaymentMethod,
        id: AttemptId,
        now: OffsetDateTime,
    ) -> Result<(Self, Attempt), IntentError> {
        if self.state != State::RequiresPayment || self.is_overdue(now) {
            return Err(self.refuse("confirmed", now));
        }
        let attempt =
            Attempt::start(id, &self, CallKind::Charge, self.terms.amount, now).paying_with(method);
        let state = State::Processing(id, Opening::Charge);
        Ok((
            Self {
                state,
                updated_at: now,
                ..self
            },
            attempt,
        ))
    }
}
