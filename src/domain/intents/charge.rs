//! Confirming: the payer's money is asked for.

use super::{Attempt, ChargeTerms, Choice, Intent, IntentError, Opening, State};
use crate::{
    base::{
        ids::{AttemptId, RailAccountId},
        invalid::Invalid,
        names::UnknownName,
        problem::ProblemCode,
    },
    domain::rails::{CallKind, DECLINES_OF_ONE, PaymentMethod, TooManyDeclines},
};
use serde::Deserialize;
use time::OffsetDateTime;

/// The body of `POST /v1/payment_intents/{id}/confirm`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmRequest {
    /// What the payer pays with: `bank_transfer`, `stripe`, or a method of the sandbox.
    #[schema(example = "pm_sandbox_ok")]
    payment_method: String,
    /// Your account with the rail's provider; the first that fits if left out.
    #[serde(default)]
    rail_account: Option<RailAccountId>,
}

impl ConfirmRequest {
    /// What was chosen.
    pub fn parse(&self) -> Result<Choice, Invalid> {
        let method = self.payment_method.parse();
        Ok(Choice {
            method: method.map_err(|error: UnknownName| unusable(error.to_string()))?,
            account: self.rail_account,
            signed: None,
        })
    }
}

fn unusable(detail: String) -> Invalid {
    Invalid::coded(ProblemCode::InvalidPaymentMethod, "/payment_method", detail)
}

impl Intent {
    /// Whether it may be paid with this method.
    pub fn takes(&self, method: PaymentMethod) -> Result<(), Invalid> {
        let rail = method.rail();
        if !self.terms.rails.allow(rail) {
            return Err(unusable(format!(
                "{method} is of {rail}, which `rails` leaves out"
            )));
        }
        if self.holds() && !rail.holds() {
            let detail = format!("{rail} cannot hold money, and `capture_method` is manual");
            return Err(unusable(detail));
        }
        Ok(())
    }

    /// Records that the rail is about to be asked for the whole amount, or that the payer is told how
    /// to send it.
    pub fn begin_charge(
        self,
        terms: ChargeTerms,
        id: AttemptId,
        now: OffsetDateTime,
    ) -> Result<(Self, Attempt), IntentError> {
        if !self.can_be_charged(terms.method, now) {
            return Err(self.refuse("confirmed", now));
        }
        TooManyDeclines::check(self.declines, now)?;
        let attempt = Attempt::start(id, &self, CallKind::Charge, self.terms.amount, now).on(terms);
        let state = State::Processing(id, Opening::Charge);
        Ok((
            Self {
                state,
                route: attempt.route,
                method: attempt.method,
                next_action: attempt.next_action.clone(),
                updated_at: now,
                ..self
            },
            attempt,
        ))
    }

    /// Whether nobody is being asked for its money; a transfer that may come keeps nobody from paying
    /// by other means.
    fn can_be_charged(&self, method: PaymentMethod, now: OffsetDateTime) -> bool {
        match self.state {
            State::RequiresPayment => !self.is_overdue(now),
            State::Processing(_, Opening::Transfer) => {
                self.expires_at() > now && !method.rail().is_push()
            }
            State::Processing(
                _,
                Opening::Charge | Opening::Capture | Opening::Void(_) | Opening::Close(_),
            )
            | State::RequiresAction(_)
            | State::RequiresCapture
            | State::Succeeded
            | State::Canceled(_)
            | State::Expired => false,
        }
    }

    /// The same, where the payer may be asked to act already: that charge is given up, and the attempt
    /// comes with it that closes it at the rail.
    pub fn begin_another_charge(
        self,
        terms: ChargeTerms,
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
                let (intent, attempt) = self.begin_charge(terms, id, now)?;
                return Ok((intent, attempt, None));
            }
        };
        let close = self.close(open, close, now);
        let free = Self {
            state: State::RequiresPayment,
            ..self
        };
        let (intent, attempt) = free.begin_charge(terms, id, now)?;
        Ok((intent, attempt, Some(close)))
    }

    /// Gives up the charge `open`, which waits for its payer, who takes another way; the attempt comes
    /// with it that closes that charge at the rail. The intent does not wait for the close, since the
    /// rail may be away: who has paid all the same before it has paid. It counts as a decline, or somebody
    /// could begin and give up without end.
    pub fn give_up(
        self,
        open: AttemptId,
        close: AttemptId,
        now: OffsetDateTime,
    ) -> Result<(Self, Attempt), IntentError> {
        if self.state != State::RequiresAction(open) || self.expires_at() <= now {
            return Err(self.refuse("paid in another way", now));
        }
        let amount = self.terms.amount;
        let close = Attempt::start(close, &self, CallKind::Close, amount, now).about(open);
        let intent = Self {
            state: State::RequiresPayment,
            declines: self.declines.add(DECLINES_OF_ONE, now),
            updated_at: now,
            ..self
        };
        Ok((intent, close))
    }
}
