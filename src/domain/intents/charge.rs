//! Confirming: the payer's money is asked for.

use super::{Attempt, Intent, IntentError, Opening, State};
use crate::{
    base::{ids::AttemptId, invalid::Invalid, names::UnknownName, problem::ProblemCode},
    domain::rails::{CallKind, PaymentMethod, TooManyDeclines},
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
    /// The payment method.
    pub fn parse(&self) -> Result<PaymentMethod, Invalid> {
        let method = self.payment_method.parse();
        method.map_err(|error: UnknownName| unusable(error.to_string()))
    }
}

fn unusable(detail: String) -> Invalid {
    Invalid::coded(ProblemCode::InvalidPaymentMethod, "/payment_method", detail)
}

impl Intent {
    /// Whether the intent's rail knows this method.
    pub fn takes(&self, method: PaymentMethod) -> Result<(), Invalid> {
        let rail = self.terms.rail;
        if method.rail() == rail {
            Ok(())
        } else {
            Err(unusable(format!("{method} is no method of {rail}")))
        }
    }

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
        TooManyDeclines::check(self.declines, now)?;
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

    /// The same, where the payer may be asked to act already: that charge is given up, and the attempt
    /// comes with it that closes it at the rail.
    pub fn begin_another_charge(
        self,
        method: PaymentMethod,
        (id, close): (AttemptId, AttemptId),
        now: OffsetDateTime,
    ) -> Result<(Self, Attempt, Option<Attempt>), IntentError> {
        let open = match self.state {
            State::RequiresAction(open) if self.expires_at() > now => open,
            State::RequiresPayment
            | State::Processing(..)
            | State::RequiresAction(_)
            | State::RequiresCapture
            | State::Succeeded
            | State::Canceled(_)
            | State::Expired => {
                let (intent, attempt) = self.begin_charge(method, id, now)?;
                return Ok((intent, attempt, None));
            }
        };
        let close = self.close(open, close, now);
        let free = Self {
            state: State::RequiresPayment,
            ..self
        };
        let (intent, attempt) = free.begin_charge(method, id, now)?;
        Ok((intent, attempt, Some(close)))
    }
}
