//! Ending: at once where nothing is open at the rail, else by a void of what is held or by the close of
//! the charge that waits for its payer.

use super::{Attempt, CancellationReason, Ending, Intent, IntentError, Opening, State};
use crate::{base::ids::AttemptId, domain::rails::CallKind};
use serde::Deserialize;
use time::OffsetDateTime;

crate::names! {
    /// Why an intent is called off.
    pub enum CancelReason {
        /// The payer asked for it.
        RequestedByCustomer = "requested_by_customer",
        /// It was asked for twice.
        Duplicate = "duplicate",
        /// It looked like fraud.
        Fraudulent = "fraudulent",
        /// The payer went away.
        Abandoned = "abandoned",
    }
}

/// The body of `POST /v1/payment_intents/{id}/cancel`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelRequest {
    /// Why, if you want it kept.
    #[serde(default)]
    reason: Option<CancelReason>,
}

impl CancelRequest {
    /// Why, if that is to be kept.
    pub fn reason(&self) -> Option<CancellationReason> {
        self.reason.map(|reason| match reason {
            CancelReason::RequestedByCustomer => CancellationReason::RequestedByCustomer,
            CancelReason::Duplicate => CancellationReason::Duplicate,
            CancelReason::Fraudulent => CancellationReason::Fraudulent,
            CancelReason::Abandoned => CancellationReason::Abandoned,
        })
    }
}

/// What the end of an intent comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It is done.
    Now(Intent),
    /// The rail must be asked first.
    AfterCall(Intent, Box<Attempt>),
}

impl Intent {
    /// Calls the intent off, or records that the rail is about to be asked to let go of what it holds
    /// or to close the charge that waits.
    pub fn cancel(
        self,
        reason: Option<CancellationReason>,
        id: AttemptId,
        now: OffsetDateTime,
    ) -> Result<Ended, IntentError> {
        match self.state {
            State::RequiresPayment if !self.is_overdue(now) => {
                Ok(Ended::Now(self.called_off(reason, now)))
            }
            // Nobody can keep a transfer from coming: it stands apart then.
            State::Processing(_, Opening::Transfer) => Ok(Ended::Now(self.called_off(reason, now))),
            State::RequiresAction(open) => {
                let (intent, close) = self.closing(open, (id, Ending::Cancel(reason)), now);
                Ok(Ended::AfterCall(intent, Box::new(close)))
            }
            State::RequiresCapture => {
                let attempt = Attempt::start(id, &self, CallKind::Void, self.sums.authorized, now);
                let state = State::Processing(id, Opening::Void(reason));
                Ok(Ended::AfterCall(
                    Self {
                        state,
                        updated_at: now,
                        ..self
                    },
                    Box::new(attempt),
                ))
            }
            State::RequiresPayment
            | State::Processing(..)
            | State::Succeeded
            | State::Canceled(_)
            | State::Expired => Err(self.refuse("canceled", now)),
        }
    }

    fn called_off(self, reason: Option<CancellationReason>, now: OffsetDateTime) -> Self {
        Self {
            state: State::Canceled(reason),
            updated_at: now,
            ..self
        }
    }

    /// Ends an intent that nobody paid in time, or records that the rail is about to be asked to close
    /// the charge that waits; `None` if there is nothing to do.
    pub fn expire(self, id: AttemptId, now: OffsetDateTime) -> Option<Ended> {
        match self.state {
            State::RequiresPayment if self.is_overdue(now) => Some(Ended::Now(Self {
                state: State::Expired,
                updated_at: now,
                ..self
            })),
            State::RequiresAction(open) if self.expires_at() <= now => {
                let (intent, close) = self.closing(open, (id, Ending::Expire), now);
                Some(Ended::AfterCall(intent, Box::new(close.asked_at(now))))
            }
            State::RequiresPayment
            | State::RequiresAction(_)
            | State::Processing(..)
            | State::RequiresCapture
            | State::Succeeded
            | State::Canceled(_)
            | State::Expired => None,
        }
    }
}
