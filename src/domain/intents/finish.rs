//! What a rail's answer does to an intent.

use super::{
    Attempt, AttemptStatus, CaptureMethod, Intent, IntentError, LastError, Opening, Refund,
    RefundStatus, State, Sums, bookkeeping, error::Broken,
};
use crate::{
    base::event_type::EventType,
    base::money::Money,
    domain::{
        ledger::Draft,
        rails::{CallKind, DECLINES_OF_ONE, DeclineCode, RailAnswer},
    },
};
use time::{Duration, OffsetDateTime};

/// How long a worker waits before it asks again about a request that got no answer.
const ASK_AGAIN_UNKNOWN: Duration = Duration::seconds(2);
/// How long a worker waits before it asks again about a request that is pending.
const ASK_AGAIN_PENDING: Duration = Duration::hours(1);
/// How long a payer may take to act before an attempt is given up that keeps others from paying.
const ACTION_PATIENCE: Duration = Duration::minutes(15);

/// What the caller of the attempt is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The call went through, or waits.
    Accepted,
    /// The rail declined.
    Declined(DeclineCode),
}

/// An attempt with its answer applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The intent.
    pub intent: Intent,
    /// The attempt.
    pub attempt: Attempt,
    /// The refund, if it was one.
    pub refund: Option<Refund>,
    /// What is booked.
    pub draft: Option<Draft>,
    /// The event that is sent of it.
    pub event: Option<EventType>,
    /// What the caller is answered.
    pub verdict: Verdict,
}

impl Attempt {
    /// Applies the rail's answer to this attempt of `intent` (and `refund`). An answer that came
    /// before, or to an attempt that the intent no longer waits for, gives `None`.
    pub fn finish(
        self,
        intent: Intent,
        refund: Option<Refund>,
        answer: RailAnswer,
        now: OffsetDateTime,
    ) -> Result<Option<Finished>, IntentError> {
        let waits = match intent.state {
            State::Processing(open, _) | State::RequiresAction(open) => open == self.id,
            State::Succeeded => self.kind == CallKind::Refund,
            State::RequiresPayment
            | State::RequiresCapture
            | State::Canceled(_)
            | State::Expired => false,
        };
        if self.is_final() || !waits {
            return Ok(self.forget_action(intent, refund, now));
        }
        let first = self.status == AttemptStatus::Started;
        let answer = self.given_up(answer, now).unwrap_or(answer);
        let act_until = self.act_until(&intent, now);
        let attempt = self.answered(answer, act_until, now);
        let intent = Intent {
            updated_at: now,
            ..intent
        };
        let finished = match answer {
            RailAnswer::Succeeded => succeeded(intent, attempt, refund, now)?,
            RailAnswer::Declined(code) => declined(intent, attempt, refund, code, now)?,
            RailAnswer::Pending | RailAnswer::Unknown | RailAnswer::RequiresAction => {
                let state = waiting(intent.state, &attempt);
                let news = first || state != intent.state;
                let event = match state {
                    State::Processing(..) => news.then_some(EventType::IntentProcessing),
                    State::RequiresAction(_) => news.then_some(EventType::IntentRequiresAction),
                    // A refund waits beside its intent.
                    State::Succeeded
                    | State::RequiresPayment
                    | State::RequiresCapture
                    | State::Canceled(_)
                    | State::Expired => None,
                };
                let intent = Intent { state, ..intent };
                Finished {
                    event,
                    ..Finished::quiet(intent, attempt, refund)
                }
            }
        };
        Ok(Some(finished.ended_in_time(now)))
    }

    /// Ends the asking about a payer's action that its intent no longer waits for.
    fn forget_action(
        self,
        intent: Intent,
        refund: Option<Refund>,
        now: OffsetDateTime,
    ) -> Option<Finished> {
        let asks = self.status == AttemptStatus::RequiresAction && self.ask_at.is_some();
        let attempt = Self {
            ask_at: None,
            updated_at: now,
            ..self
        };
        asks.then(|| Finished::quiet(intent, attempt, refund))
    }

    /// Until when its payer may act: `None` where nobody else waits for the place. What was begun
    /// on a page belongs to one browser, and through a link others may want to pay.
    fn act_until(&self, intent: &Intent, now: OffsetDateTime) -> Option<OffsetDateTime> {
        if self.status == AttemptStatus::RequiresAction {
            return self.ask_at;
        }
        let waited_for = intent.terms.payment_link.is_some() || self.page_nonce().is_some();
        waited_for.then_some(now + ACTION_PATIENCE)
    }

    /// The answer that stands for a payer who did not act in time: the rail was just asked, and
    /// it still waits. A rail that could take the money later must be asked to close the attempt.
    fn given_up(&self, answer: RailAnswer, now: OffsetDateTime) -> Option<RailAnswer> {
        let waits =
            self.status == AttemptStatus::RequiresAction && answer == RailAnswer::RequiresAction;
        let over = self.ask_at.is_some_and(|until| until <= now);
        (waits && over).then_some(RailAnswer::Declined(DeclineCode::AuthenticationFailed))
    }

    fn answered(
        self,
        answer: RailAnswer,
        act_until: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Self {
        let (status, ask_at, decline_code) = match answer {
            RailAnswer::Succeeded => (AttemptStatus::Succeeded, None, None),
            RailAnswer::Declined(code) => (AttemptStatus::Failed, None, Some(code)),
            RailAnswer::Pending => (AttemptStatus::Pending, Some(now + ASK_AGAIN_PENDING), None),
            RailAnswer::RequiresAction => (AttemptStatus::RequiresAction, act_until, None),
            // Nothing is learned: what the rail said before is still so.
            RailAnswer::Unknown => match self.status {
                AttemptStatus::RequiresAction => {
                    let ask_at = act_until.map(|at| at.max(now + ASK_AGAIN_UNKNOWN));
                    (self.status, ask_at, None)
                }
                AttemptStatus::Pending => (self.status, Some(now + ASK_AGAIN_UNKNOWN), None),
                AttemptStatus::Started
                | AttemptStatus::Unknown
                | AttemptStatus::Succeeded
                | AttemptStatus::Failed => {
                    (AttemptStatus::Unknown, Some(now + ASK_AGAIN_UNKNOWN), None)
                }
            },
        };
        Self {
            status,
            ask_at,
            decline_code,
            updated_at: now,
            ..self
        }
    }
}

/// The state of an intent whose attempt waits: for the payer's action, or for the rail.
fn waiting(state: State, attempt: &Attempt) -> State {
    match (attempt.kind, attempt.status) {
        (CallKind::Charge, AttemptStatus::RequiresAction) => State::RequiresAction(attempt.id),
        (CallKind::Charge, AttemptStatus::Pending) => {
            State::Processing(attempt.id, Opening::Charge)
        }
        (CallKind::Charge | CallKind::Capture | CallKind::Void | CallKind::Refund, _) => state,
    }
}

impl Finished {
    /// An intent whose time is over ends as soon as that is seen, not when a worker looks next:
    /// a caller who reads it sees "expired" already.
    fn ended_in_time(self, now: OffsetDateTime) -> Self {
        match self.intent.clone().expire(now) {
            Some(intent) => Self {
                intent,
                event: self.event.filter(|e| *e == EventType::IntentPaymentFailed),
                ..self
            },
            None => self,
        }
    }

    fn quiet(intent: Intent, attempt: Attempt, refund: Option<Refund>) -> Self {
        Self {
            intent,
            attempt,
            refund,
            draft: None,
            event: None,
            verdict: Verdict::Accepted,
        }
    }
}

fn succeeded(
    intent: Intent,
    attempt: Attempt,
    refund: Option<Refund>,
    now: OffsetDateTime,
) -> Result<Finished, Broken> {
    let intent = Intent {
        last_error: None,
        ..intent
    };
    let amount = attempt.amount;
    match attempt.kind {
        CallKind::Charge => charged(intent, attempt),
        CallKind::Capture => taken(intent, attempt, amount),
        CallKind::Void => Ok(voided(intent, attempt)),
        CallKind::Refund => given_back(intent, attempt, refund, now),
    }
}

fn charged(intent: Intent, attempt: Attempt) -> Result<Finished, Broken> {
    let amount = attempt.amount;
    let sums = Sums {
        authorized: amount,
        ..intent.sums
    };
    let intent = Intent {
        charge: Some(attempt.id),
        sums,
        ..intent
    };
    match intent.terms.capture_method {
        CaptureMethod::Automatic => taken(intent, attempt, amount),
        CaptureMethod::Manual => {
            let intent = Intent {
                state: State::RequiresCapture,
                ..intent
            };
            let event = Some(EventType::IntentRequiresCapture);
            Ok(Finished {
                event,
                ..Finished::quiet(intent, attempt, None)
            })
        }
    }
}

fn voided(intent: Intent, attempt: Attempt) -> Finished {
    let reason = if let State::Processing(_, Opening::Void(reason)) = intent.state {
        reason
    } else {
        None
    };
    let authorized = Money::zero(intent.terms.amount.currency());
    let sums = Sums {
        authorized,
        ..intent.sums
    };
    let intent = Intent {
        state: State::Canceled(reason),
        sums,
        ..intent
    };
    Finished {
        event: Some(EventType::IntentCanceled),
        ..Finished::quiet(intent, attempt, None)
    }
}

fn given_back(
    intent: Intent,
    attempt: Attempt,
    refund: Option<Refund>,
    now: OffsetDateTime,
) -> Result<Finished, Broken> {
    let refunded = intent.sums.refunded.checked_add(attempt.amount)?;
    let refunding = intent.sums.refunding.checked_sub(attempt.amount)?;
    let intent = Intent {
        sums: Sums {
            refunded,
            refunding,
            ..intent.sums
        },
        ..intent
    };
    let refund = refund.map(|r| Refund {
        status: RefundStatus::Succeeded.into(),
        updated_at: now,
        ..r
    });
    let draft = refund
        .as_ref()
        .map(|refund| bookkeeping::refund(&intent, &attempt, refund))
        .transpose()?;
    let event = Some(EventType::RefundSucceeded);
    Ok(Finished {
        draft,
        event,
        ..Finished::quiet(intent, attempt, refund)
    })
}

fn taken(intent: Intent, attempt: Attempt, amount: Money) -> Result<Finished, Broken> {
    let sums = Sums {
        captured: amount,
        ..intent.sums
    };
    let intent = Intent {
        state: State::Succeeded,
        sums,
        ..intent
    };
    let draft = Some(bookkeeping::capture(&intent, &attempt, amount)?);
    Ok(Finished {
        draft,
        event: Some(EventType::IntentSucceeded),
        ..Finished::quiet(intent, attempt, None)
    })
}

fn declined(
    intent: Intent,
    attempt: Attempt,
    refund: Option<Refund>,
    code: DeclineCode,
    now: OffsetDateTime,
) -> Result<Finished, Broken> {
    let last_error = Some(LastError {
        decline_code: code,
        attempt: attempt.id,
    });
    let verdict = Verdict::Declined(code);
    let failed = |state, attempt| {
        let intent = Intent {
            state,
            last_error,
            ..intent.clone()
        };
        Finished {
            event: Some(EventType::IntentPaymentFailed),
            verdict,
            ..Finished::quiet(intent, attempt, None)
        }
    };
    Ok(match attempt.kind {
        CallKind::Charge => {
            let declines = intent.declines.add(DECLINES_OF_ONE, now);
            let failed = failed(State::RequiresPayment, attempt);
            let intent = Intent {
                declines,
                ..failed.intent
            };
            Finished { intent, ..failed }
        }
        CallKind::Capture | CallKind::Void => failed(State::RequiresCapture, attempt),
        CallKind::Refund => {
            let refunding = intent.sums.refunding.checked_sub(attempt.amount)?;
            let intent = Intent {
                sums: Sums {
                    refunding,
                    ..intent.sums
                },
                ..intent
            };
            let refund = refund.map(|r| Refund {
                status: RefundStatus::Failed.into(),
                updated_at: now,
                ..r
            });
            Finished {
                event: Some(EventType::RefundFailed),
                ..Finished::quiet(intent, attempt, refund)
            }
        }
    })
}
