//! What is told of an attempt that its intent does not wait for: one that is over, or one beside the
//! attempt that the intent waits for. The first charge that succeeds pays; money of any other stands
//! apart, and what any other holds is let go.

use super::{ASK_AGAIN_UNKNOWN, Finished, Known, Told, Verdict, outcome};
use crate::{
    base::{event_type::EventType, ids::AttemptId, money::Money},
    domain::{
        intents::{
            Attempt, AttemptStatus, CancellationReason, Intent, IntentError, Opening, Refund,
            RefundStatus, State, Sums, bookkeeping, error::Broken,
        },
        movements::{Flow, Reason, Unexpected},
        rails::{CallKind, DeclineCode, RailAnswer},
    },
};
use time::OffsetDateTime;

impl Finished {
    /// The same, which also lets go of what a charge holds that failed for its amount.
    pub(super) fn letting_go(self, fresh: AttemptId, now: OffsetDateTime) -> Self {
        let is_held = self.attempt.kind == CallKind::Charge && self.intent.holds();
        if !(is_held && self.attempt.moved_another()) {
            return self;
        }
        let released = self
            .attempt
            .clone()
            .released(self.intent.clone(), fresh, now);
        match released {
            Some(released) => Self {
                attempt: released.attempt,
                others: released.others,
                ..self
            },
            None => self,
        }
    }

    /// Money that was moved by something that was done to a charge at the rail, without us.
    pub fn beside(intent: Intent, charge: Attempt, unexpected: Unexpected) -> Self {
        Self {
            unexpected: Some(unexpected),
            ..Self::quiet(intent, charge, None)
        }
    }
}

impl Attempt {
    /// What is told of an attempt whose outcome is known. Facts come in any order and each has one that
    /// outdoes the other: a charge or capture that was declined can succeed after all, since its payer
    /// may pay late, and what a rail takes back of one that succeeded it tells as a refund or a void of
    /// it; a refund that succeeded can fail after all, since it may come back, and one that failed stays
    /// so. In whatever order they come, the books are the same.
    pub(super) fn told_again(
        self,
        known: Known,
        told: &Told,
        fresh: AttemptId,
        now: OffsetDateTime,
    ) -> Result<Option<Finished>, Broken> {
        use AttemptStatus::{Closed, Failed, Succeeded};
        let Known { intent, refund, .. } = known;
        let amount = told.amount.unwrap_or(self.amount);
        let apart = |flow, reason| {
            Some(Unexpected {
                reason,
                flow,
                amount,
            })
        };
        let unexpected = match (self.status, self.kind, told.outcome) {
            (Failed | Closed, CallKind::Charge, RailAnswer::Succeeded) if intent.holds() => {
                return Ok(self.called(told).released(intent, fresh, now));
            }
            // What it moved stands apart since it failed.
            (Failed, _, RailAnswer::Succeeded) if self.moved_another() && told.amount.is_none() => {
                None
            }
            (Failed | Closed, CallKind::Charge | CallKind::Capture, RailAnswer::Succeeded) => {
                apart(Flow::In, late(&intent))
            }
            (Succeeded, CallKind::Refund, RailAnswer::Declined(code)) => {
                return Ok(Some(self.bounced(intent, refund, code, now)?));
            }
            (Succeeded, _, RailAnswer::Succeeded) => self.difference(&intent, told),
            // An answer that was overtaken, or nothing new.
            _ => None,
        };
        Ok(unexpected.map(|unexpected| Finished {
            unexpected: Some(unexpected),
            ..Finished::quiet(intent, self, refund)
        }))
    }

    /// What is told of an attempt that is open beside the one that its intent waits for.
    pub(super) fn told_aside(
        self,
        known: Known,
        told: &Told,
        fresh: AttemptId,
        now: OffsetDateTime,
    ) -> Result<Finished, Broken> {
        let Known {
            intent,
            refund,
            has_place,
            ..
        } = known;
        let (outcome, unexpected) = self.weigh(&intent, told);
        if self.kind != CallKind::Charge {
            let verdict = match outcome {
                RailAnswer::Declined(code) => Verdict::Declined(code),
                RailAnswer::Succeeded
                | RailAnswer::Pending
                | RailAnswer::RequiresAction
                | RailAnswer::Unknown => Verdict::Accepted,
            };
            let attempt = self.answered(outcome, None, now);
            return Ok(Finished {
                verdict,
                unexpected,
                ..Finished::quiet(intent, attempt, refund)
            });
        }
        if outcome == RailAnswer::Succeeded && has_place && intent.can_still_be_paid(now) {
            let paid = self.pays(intent, fresh, now)?;
            return Ok(Finished { unexpected, ..paid });
        }
        let was_closing = matches!(intent.state, State::Processing(_, Opening::Close(_)));
        if let (RailAnswer::Declined(_), true) = (outcome, was_closing) {
            let attempt = self.answered(outcome, None, now);
            let event = Some(EventType::IntentPaymentFailed);
            return Ok(Finished {
                event,
                unexpected,
                ..Finished::quiet(intent, attempt, refund)
            });
        }
        let apart = (outcome == RailAnswer::Succeeded && !intent.holds()).then(|| Unexpected {
            reason: late(&intent),
            flow: Flow::In,
            amount: told.amount.unwrap_or(self.amount),
        });
        let paid_for_nothing = self.paid_for_nothing(intent, told, fresh, now);
        Ok(Finished {
            unexpected: apart.or(unexpected),
            ..paid_for_nothing
        })
    }

    /// It pays its intent before the one that the intent waits for; nobody is to pay by that any more.
    fn pays(
        self,
        intent: Intent,
        fresh: AttemptId,
        now: OffsetDateTime,
    ) -> Result<Finished, Broken> {
        let close = if let State::RequiresAction(open) = intent.state {
            Some(intent.close(open, fresh, now))
        } else {
            None
        };
        let attempt = self.answered(RailAnswer::Succeeded, None, now);
        let intent = Intent {
            last_error: None,
            updated_at: now,
            ..intent
        };
        let paid = outcome::charged(intent, attempt)?;
        Ok(Finished {
            others: close.into_iter().collect(),
            ..paid
        })
    }

    /// What is told of a charge that its intent is not paid by. Once it has ended it is closed, and what
    /// it holds is let go; where it turns out that it can still be paid, it is to be closed.
    fn paid_for_nothing(
        self,
        intent: Intent,
        told: &Told,
        fresh: AttemptId,
        now: OffsetDateTime,
    ) -> Finished {
        let (outcome, _) = self.weigh(&intent, told);
        let was = self.status;
        let attempt = self.answered(outcome, None, now);
        let attempt = match outcome {
            RailAnswer::Succeeded | RailAnswer::Declined(_) => Self {
                status: AttemptStatus::Closed,
                ..attempt
            },
            RailAnswer::Pending | RailAnswer::RequiresAction | RailAnswer::Unknown => attempt,
        };
        if told.outcome == RailAnswer::Succeeded && intent.holds() {
            let quiet = Finished::quiet(intent.clone(), attempt.clone(), None);
            return attempt.released(intent, fresh, now).unwrap_or(quiet);
        }
        let still_open =
            was != AttemptStatus::RequiresAction && attempt.status == AttemptStatus::RequiresAction;
        let close = still_open.then(|| {
            let close = intent.close(attempt.id, fresh, now).by(attempt.route);
            close.asked_at(now + ASK_AGAIN_UNKNOWN)
        });
        Finished {
            others: close.into_iter().collect(),
            ..Finished::quiet(intent, attempt, None)
        }
    }

    /// Whether it failed since the rail moved another amount than it was asked to.
    fn moved_another(&self) -> bool {
        self.decline_code == Some(DeclineCode::WrongAmount)
    }

    /// Lets go of what a charge holds that its intent does not wait for; `None` if that was begun
    /// before.
    fn released(self, intent: Intent, fresh: AttemptId, now: OffsetDateTime) -> Option<Finished> {
        if self.released_by.is_some() {
            return None;
        }
        let void = Self::start(fresh, &intent, CallKind::Void, self.amount, now)
            .about(self.id)
            .by(self.route);
        let attempt = Self {
            released_by: Some(fresh),
            updated_at: now,
            ..self
        };
        Some(Finished {
            others: vec![void.asked_at(now)],
            ..Finished::quiet(intent, attempt, None)
        })
    }

    /// The same, taken back by the rail after it had succeeded.
    fn reversed(self, now: OffsetDateTime) -> Self {
        Self {
            status: AttemptStatus::Reversed,
            updated_at: now,
            ..self
        }
    }

    /// The rail let go of what this charge held, without us: its intent ends. `None` if the intent
    /// waits for the outcome of a capture or a void, which says what became of it, or is over.
    pub fn lapses(self, intent: Intent, fresh: AttemptId, now: OffsetDateTime) -> Option<Finished> {
        if intent.state != State::RequiresCapture || intent.charge != Some(self.id) {
            return None;
        }
        let void = Self::start(fresh, &intent, CallKind::Void, self.amount, now).about(self.id);
        let void = void.answered(RailAnswer::Succeeded, None, now);
        let sums = Sums {
            authorized: Money::zero(intent.terms.amount.currency()),
            ..intent.sums
        };
        let intent = Intent {
            state: State::Canceled(Some(CancellationReason::AuthorizationExpired)),
            sums,
            updated_at: now,
            ..intent
        };
        Some(Finished {
            others: vec![void],
            event: Some(EventType::IntentCanceled),
            ..Finished::quiet(intent, self, None)
        })
    }

    /// What this charge held was taken at the rail, without us: its intent is paid by that. `None` if
    /// the intent waits for the outcome of a capture or a void, which says what became of it, or is over.
    pub fn taken_there(
        self,
        intent: Intent,
        told: &Told,
        fresh: AttemptId,
        now: OffsetDateTime,
    ) -> Result<Option<Finished>, IntentError> {
        if intent.state != State::RequiresCapture {
            return Ok(None);
        }
        let held = self.amount;
        let seen = told
            .amount
            .filter(|seen| seen.currency() == held.currency());
        let amount = seen.map_or(held, |seen| {
            Money::new(seen.minor().min(held.minor()), held.currency())
        });
        let capture = Self::start(fresh, &intent, CallKind::Capture, amount, now).about(self.id);
        let (_, unexpected) = capture.weigh(&intent, told);
        let capture = capture.answered(RailAnswer::Succeeded, None, now);
        let intent = Intent {
            updated_at: now,
            ..intent
        };
        let taken = outcome::taken(intent, capture.clone(), amount)?;
        Ok(Some(Finished {
            attempt: self,
            others: vec![capture],
            unexpected,
            ..taken
        }))
    }

    /// A refund that had succeeded came back: the merchant has the money again.
    fn bounced(
        self,
        intent: Intent,
        refund: Option<Refund>,
        code: DeclineCode,
        now: OffsetDateTime,
    ) -> Result<Finished, Broken> {
        let amount = self.amount;
        let attempt = Self {
            decline_code: Some(code),
            ..self.reversed(now)
        };
        let Some(refund) = refund else {
            // Of a movement, which has left suspense: it is money that came anew.
            let unexpected = Some(Unexpected {
                reason: Reason::Unknown,
                flow: Flow::In,
                amount,
            });
            return Ok(Finished {
                unexpected,
                ..Finished::quiet(intent, attempt, None)
            });
        };
        let sums = Sums {
            refunded: intent.sums.refunded.checked_sub(amount)?,
            ..intent.sums
        };
        let intent = Intent {
            sums,
            updated_at: now,
            ..intent
        };
        let refund = Refund {
            status: RefundStatus::Failed.into(),
            updated_at: now,
            ..refund
        };
        let draft = Some(bookkeeping::reversal(&intent, &attempt, &refund)?);
        Ok(Finished {
            draft,
            event: Some(EventType::RefundFailed),
            ..Finished::quiet(intent, attempt, Some(refund))
        })
    }
}

impl Intent {
    /// Whether a charge beside the one that it waits for may still pay it.
    fn can_still_be_paid(&self, now: OffsetDateTime) -> bool {
        match self.state {
            State::RequiresPayment => !self.is_overdue(now),
            State::Processing(_, Opening::Charge | Opening::Transfer | Opening::Close(_))
            | State::RequiresAction(_) => true,
            State::Processing(_, Opening::Capture | Opening::Void(_))
            | State::RequiresCapture
            | State::Succeeded
            | State::Canceled(_)
            | State::Expired => false,
        }
    }
}

/// Why nothing waits for money of this intent.
fn late(intent: &Intent) -> Reason {
    match intent.state {
        State::Processing(_, Opening::Capture) | State::RequiresCapture | State::Succeeded => {
            Reason::Duplicate
        }
        State::RequiresPayment
        | State::Processing(
            _,
            Opening::Charge | Opening::Transfer | Opening::Void(_) | Opening::Close(_),
        )
        | State::RequiresAction(_)
        | State::Canceled(_)
        | State::Expired => Reason::Late,
    }
}
