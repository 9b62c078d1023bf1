//! Closing a charge at its rail before its intent ends: the payer may be about to pay, and the rail
//! alone knows. Who has paid already wins.

use super::{ASK_AGAIN_UNKNOWN, Finished, Known, Verdict, waits_on};
use crate::{
    base::{event_type::EventType, ids::AttemptId},
    domain::{
        intents::{Attempt, AttemptStatus, Ending, Intent, LastError, Opening, State},
        rails::{CallKind, DECLINES_OF_ONE, DeclineCode, RailAnswer},
    },
};
use time::{Duration, OffsetDateTime};

/// What a payer is told who did not act in time.
const GIVEN_UP: DeclineCode = DeclineCode::AuthenticationFailed;

impl Intent {
    /// The intent while its rail is asked to close the charge `open`, and the attempt at that.
    pub(in crate::domain::intents) fn closing(
        self,
        open: AttemptId,
        (id, ending): (AttemptId, Ending),
        now: OffsetDateTime,
    ) -> (Self, Attempt) {
        let close = Attempt::start(id, &self, CallKind::Close, self.terms.amount, now);
        let close = close.with(self.method).about(open);
        let state = State::Processing(id, Opening::Close(ending));
        let intent = Self {
            state,
            updated_at: now,
            ..self
        };
        (intent, close)
    }
}

impl Intent {
    /// The attempt, for a worker to send at once, that closes a charge which the intent does not wait
    /// for any more.
    pub(in crate::domain::intents) fn close(
        &self,
        open: AttemptId,
        id: AttemptId,
        now: OffsetDateTime,
    ) -> Attempt {
        let close = Attempt::start(id, self, CallKind::Close, self.terms.amount, now);
        close.with(self.method).about(open).asked_at(now)
    }
}

impl Attempt {
    /// What its charge must be closed for, that waits for its payer: the intent's time is over, or the
    /// payer did not act in time, and the rail, which was just asked, still waits.
    pub(super) fn must_close(
        &self,
        intent: &Intent,
        answer: RailAnswer,
        now: OffsetDateTime,
    ) -> Option<Ending> {
        let waited = self.status == AttemptStatus::RequiresAction;
        match answer {
            RailAnswer::RequiresAction if intent.expires_at() <= now => Some(Ending::Expire),
            // A provider that ends it by itself says when it has.
            RailAnswer::RequiresAction
                if waited
                    && !self.route.rail.ends_by_itself()
                    && self.ask_at.is_some_and(|at| at <= now) =>
            {
                Some(Ending::GiveUp)
            }
            RailAnswer::RequiresAction
            | RailAnswer::Succeeded
            | RailAnswer::Declined(_)
            | RailAnswer::Pending
            | RailAnswer::Unknown => None,
        }
    }

    /// Begins to close a charge that waits for its payer.
    pub(super) fn begin_close(
        self,
        intent: Intent,
        (fresh, ending): (AttemptId, Ending),
        now: OffsetDateTime,
    ) -> Finished {
        let (intent, close) = intent.closing(self.id, (fresh, ending), now);
        // The rail may just have refused to.
        let wait = if self.status == AttemptStatus::Pending {
            ASK_AGAIN_UNKNOWN
        } else {
            Duration::ZERO
        };
        let attempt = self.answered(RailAnswer::RequiresAction, None, now);
        Finished {
            others: vec![close.asked_at(now + wait)],
            ..Finished::quiet(intent, attempt, None)
        }
    }

    /// Applies the answer to an attempt at closing a charge.
    pub(super) fn closes(self, known: Known, answer: RailAnswer, now: OffsetDateTime) -> Finished {
        let Known { intent, charge, .. } = known;
        let ending = match intent.state {
            State::Processing(open, Opening::Close(ending)) if open == self.id => Some(ending),
            State::Processing(..)
            | State::RequiresPayment
            | State::RequiresAction(_)
            | State::RequiresCapture
            | State::Succeeded
            | State::Canceled(_)
            | State::Expired => None,
        };
        let first = self.status == AttemptStatus::Started;
        let attempt = self.answered(answer, None, now);
        let is_closed = answer == RailAnswer::Succeeded;
        match answer {
            RailAnswer::Succeeded | RailAnswer::Declined(_) => match charge {
                Some(charge) if !charge.is_final() && !is_closed => {
                    not_closed(intent, (attempt, charge), ending, now)
                }
                charge => match ending {
                    Some(ending) => ended(intent, (attempt, charge), ending, now),
                    None => Finished {
                        others: charge.and_then(|c| c.closed(now)).into_iter().collect(),
                        ..Finished::quiet(intent, attempt, None)
                    },
                },
            },
            RailAnswer::Pending | RailAnswer::RequiresAction | RailAnswer::Unknown => {
                if ending.is_some() {
                    waits_on(intent, attempt, (None, first))
                } else {
                    Finished::quiet(intent, attempt, None)
                }
            }
        }
    }

    /// The same charge, closed at its rail; none if its outcome is known.
    fn closed(self, now: OffsetDateTime) -> Option<Self> {
        (!self.is_final()).then_some(Self {
            status: AttemptStatus::Closed,
            ask_at: None,
            updated_at: now,
            ..self
        })
    }
}

/// The charge is no longer open, and its outcome is not known yet: its rail is asked at once.
fn not_closed(
    intent: Intent,
    (attempt, charge): (Attempt, Attempt),
    ending: Option<Ending>,
    now: OffsetDateTime,
) -> Finished {
    let state = match ending {
        Some(_) => State::Processing(charge.id, Opening::Charge),
        None => intent.state,
    };
    let intent = Intent {
        state,
        updated_at: now,
        ..intent
    };
    let charge = Attempt {
        status: AttemptStatus::Pending,
        updated_at: now,
        ..charge.asked_at(now)
    };
    Finished {
        others: vec![charge],
        verdict: Verdict::NotClosed,
        ..Finished::quiet(intent, attempt, None)
    }
}

/// Nothing is open at the rail any more: the intent comes to the end that was wanted.
fn ended(
    intent: Intent,
    (attempt, charge): (Attempt, Option<Attempt>),
    ending: Ending,
    now: OffsetDateTime,
) -> Finished {
    let charge = charge.and_then(|charge| charge.closed(now));
    let (state, event) = match ending {
        Ending::Cancel(reason) => (State::Canceled(reason), Some(EventType::IntentCanceled)),
        // Whoever sees an intent expire tells of it.
        Ending::Expire => (State::Expired, None),
        Ending::GiveUp => (State::RequiresPayment, None),
    };
    let intent = Intent {
        state,
        updated_at: now,
        ..intent
    };
    let finished = match (ending, charge) {
        (Ending::GiveUp, Some(charge)) => given_up(intent, (attempt, charge), now),
        (_, charge) => Finished {
            others: charge.into_iter().collect(),
            event,
            ..Finished::quiet(intent, attempt, None)
        },
    };
    finished.ended_in_time(now)
}

/// A charge whose payer did not act in time has failed.
fn given_up(
    intent: Intent,
    (attempt, charge): (Attempt, Attempt),
    now: OffsetDateTime,
) -> Finished {
    let last_error = Some(LastError {
        decline_code: GIVEN_UP,
        attempt: charge.id,
    });
    let declines = intent.declines.add(DECLINES_OF_ONE, now);
    let intent = Intent {
        last_error,
        declines,
        ..intent
    };
    let charge = Attempt {
        status: AttemptStatus::Failed,
        decline_code: Some(GIVEN_UP),
        ..charge
    };
    Finished {
        others: vec![charge],
        event: Some(EventType::IntentPaymentFailed),
        verdict: Verdict::Declined(GIVEN_UP),
        ..Finished::quiet(intent, attempt, None)
    }
}
