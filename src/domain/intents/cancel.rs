//! Canceling: at once where no money is held, by a void where it is.

use super::{Attempt, CancellationReason, Intent, IntentError, Opening, State};
use crate::{base::ids::AttemptId, domain::rails::CallKind};
use serde::Deserialize;
use time::OffsetDateTime;

/// The body of `POST /v1/payment_intents/{id}/cancel`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelRequest {
    /// Why, if you want it kept.
    #[serde(default)]
    pub reason: Option<CancellationReason>,
}

/// What canceling comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Canceled {
    /// It is done.
    Now(Intent),
    /// The rail must release held money first.
    AfterVoid(Intent, Attempt),
}

impl Intent {
    /// Calls the intent off, or records that the rail is about to be asked to release the money.
    pub fn cancel(
        self,
        reason: Option<CancellationReason>,
        id: AttemptId,
        now: OffsetDateTime,
    ) -> Result<Canceled, IntentError> {
        match self.state {
            State::RequiresPayment | State::RequiresAction(_) if !self.is_overdue(now) => {
                Ok(Canceled::Now(Self {
                    state: State::Canceled(reason),
                    updated_at: now,
                    ..self
                }))
            }
            State::RequiresCapture => {
                let attempt = Attempt::start(id, &self, CallKind::Void, self.sums.authorized, now);
                let state = State::Processing(id, Opening::Void(reason));
                Ok(Canceled::AfterVoid(
                    Self {
                        state,
                        updated_at: now,
                        ..self
                    },
                    attempt,
                ))
            }
            State::RequiresPayment
            | State::RequiresAction(_)
            | State::Processing(..)
            | State::Succeeded
            | State::Canceled(_)
            | State::Expired => Err(self.refuse("canceled", now)),
        }
    }
}
