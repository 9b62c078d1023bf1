//! Capturing: money that is held is taken, whole or in part, once.

use super::{Attempt, Intent, IntentError, Opening, State};
use crate::{
    base::{
        ids::AttemptId,
        invalid::Invalid,
        money::{
            Money,
            field::{AmountText, BareAmount},
        },
    },
    domain::rails::CallKind,
};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

/// The body of `POST /v1/payment_intents/{id}/capture`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptureRequest {
    /// How much; all that is held if left out. The rest is released.
    #[serde(default)]
    #[schema(value_type = Option<AmountText>)]
    amount: Option<Value>,
}

impl CaptureRequest {
    /// The amount, in the currency of the intent.
    pub fn parse(&self) -> Result<Option<BareAmount>, Invalid> {
        let amount = self.amount.as_ref();
        amount
            .map(|amount| BareAmount::read("/amount", amount))
            .transpose()
    }
}

impl Intent {
    /// Records that the rail is about to be asked to take `amount`, or all that is held.
    pub fn begin_capture(
        self,
        amount: Option<Money>,
        id: AttemptId,
        now: OffsetDateTime,
    ) -> Result<(Self, Attempt), IntentError> {
        if self.state != State::RequiresCapture {
            return Err(self.refuse("captured", now));
        }
        let most = self.capturable();
        let amount = amount.unwrap_or(most);
        if most.checked_sub(amount)?.minor() < 0 {
            return Err(IntentError::AmountTooLarge {
                verb: "captured",
                most,
            });
        }
        let attempt = Attempt::start(id, &self, CallKind::Capture, amount, now);
        let state = State::Processing(id, Opening::Capture);
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
