//! What a fact that a rail tells of an attempt does to its intent.

mod aside;
mod close;
mod outcome;
#[cfg(test)]
mod tests;

pub(super) use outcome::taken;

use super::{Attempt, AttemptStatus, Intent, IntentError, Opening, Refund, State};
use crate::{
    base::{event_type::EventType, ids::AttemptId, money::Money},
    domain::{
        ledger::Draft,
        movements::{Flow, Reason, Unexpected},
        rails::{CallKind, DeclineCode, RailAnswer},
    },
};
use time::{Duration, OffsetDateTime};

/// How long a worker waits before it asks again about a request that got no answer.
const ASK_AGAIN_UNKNOWN: Duration = Duration::seconds(2);
/// How long a worker waits before it asks again about a request that is pending.
const ASK_AGAIN_PENDING: Duration = Duration::hours(1);
/// How long a payer may take to act before an attempt is given up that keeps others from paying.
const ACTION_PATIENCE: Duration = Duration::minutes(15);

/// What a rail tells of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// What became of it.
    pub outcome: RailAnswer,
    /// How much moved, if the rail says so.
    pub amount: Option<Money>,
}

impl From<RailAnswer> for Told {
    fn from(outcome: RailAnswer) -> Self {
        Self {
            outcome,
            amount: None,
        }
    }
}

/// What is known beside an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its intent.
    pub intent: Intent,
    /// The refund, if it is one.
    pub refund: Option<Refund>,
    /// The charge that it closes, if it does.
    pub charge: Option<Attempt>,
}

/// What the caller of the attempt is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The call went through, or waits.
    Accepted,
    /// The rail declined.
    Declined(DeclineCode),
    /// The charge could not be closed: the payer may have paid.
    NotClosed,
}

/// An attempt with what was told of it applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The intent.
    pub intent: Intent,
    /// The attempt.
    pub attempt: Attempt,
    /// The charge that it closed, and attempts that must follow.
    pub others: Vec<Attempt>,
    /// The refund, if it was one.
    pub refund: Option<Refund>,
    /// What is booked.
    pub draft: Option<Draft>,
    /// The event that is sent of it.
    pub event: Option<EventType>,
    /// What the caller is answered.
    pub verdict: Verdict,
    /// Money that moved and that the intent does not wait for.
    pub unexpected: Option<Unexpected>,
}

impl Finished {
    pub(super) fn quiet(intent: Intent, attempt: Attempt, refund: Option<Refund>) -> Self {
        Self {
            intent,
            attempt,
            others: Vec::new(),
            refund,
            draft: None,
            event: None,
            verdict: Verdict::Accepted,
            unexpected: None,
        }
    }

    /// An intent whose time is over ends as soon as that is seen, not when a worker looks next:
    /// a caller who reads it sees "expired" already.
    fn ended_in_time(self, now: OffsetDateTime) -> Self {
        if !self.intent.is_overdue(now) {
            return self;
        }
        let intent = Intent {
            state: State::Expired,
            updated_at: now,
            ..self.intent
        };
        let event = self.event.filter(|e| *e == EventType::IntentPaymentFailed);
        Self {
            intent,
            event,
            ..self
        }
    }
}

impl Attempt {
    /// Applies what the rail tells of this attempt; `fresh` names an attempt that must follow. What
    /// came before, or is nothing new, gives `None`. Money is never refused: what the intent does not
    /// wait for is [`Finished::unexpected`].
    pub fn learn(
        self,
        known: Known,
        told: Told,
        fresh: AttemptId,
        now: OffsetDateTime,
    ) -> Result<Option<Finished>, IntentError> {
        if self.is_final() {
            return Ok(self.told_again(known, told, fresh, now)?);
        }
        if self.kind == CallKind::Close {
            return Ok(Some(self.closes(known, told.outcome, now)));
        }
        if self.is_waited_for(&known.intent) {
            let finished = self.answers(known, told, fresh, now)?;
            return Ok(Some(finished.ended_in_time(now)));
        }
        Ok(Some(self.told_aside(known, told, fresh, now)?))
    }

    /// Whether the intent waits for its outcome.
    fn is_waited_for(&self, intent: &Intent) -> bool {
        match intent.state {
            State::Processing(open, _) | State::RequiresAction(open) => open == self.id,
            // A refund waits beside its intent; one of a movement is no refund of it.
            State::Succeeded => self.kind == CallKind::Refund && self.refund.is_some(),
            State::RequiresPayment
            | State::RequiresCapture
            | State::Canceled(_)
            | State::Expired => false,
        }
    }

    /// Applies an answer that the intent waits for.
    fn answers(
        self,
        known: Known,
        told: Told,
        fresh: AttemptId,
        now: OffsetDateTime,
    ) -> Result<Finished, IntentError> {
        let Known { intent, refund, .. } = known;
        let (outcome, unexpected) = self.weigh(&intent, told);
        if let Some(ending) = self.must_close(&intent, outcome, now) {
            return Ok(self.begin_close(intent, (fresh, ending), now));
        }
        let first = self.status == AttemptStatus::Started;
        let act_until = self.act_until(&intent, now);
        let attempt = self.answered(outcome, act_until, now);
        let intent = Intent {
            updated_at: now,
            ..intent
        };
        let finished = match outcome {
            RailAnswer::Succeeded => outcome::succeeded(intent, attempt, refund, now)?,
            RailAnswer::Declined(code) => outcome::declined(intent, attempt, (refund, code), now)?,
            RailAnswer::Pending | RailAnswer::Unknown | RailAnswer::RequiresAction => {
                waits_on(intent, attempt, (refund, first))
            }
        };
        let finished = Finished {
            unexpected,
            ..finished
        };
        Ok(finished.letting_go(fresh, now))
    }

    /// What its intent takes of what was told, and the money that is beside that. A charge of less, or
    /// of another currency, does not pay; of all else what was asked for is taken as done, and the
    /// difference stands apart.
    fn weigh(&self, intent: &Intent, told: Told) -> (RailAnswer, Option<Unexpected>) {
        let (outcome, unexpected) = self.compare(told);
        // What is only held has not moved.
        let moved = !(self.kind == CallKind::Charge && intent.holds());
        (outcome, unexpected.filter(|_| moved))
    }

    fn compare(&self, told: Told) -> (RailAnswer, Option<Unexpected>) {
        let Told { outcome, amount } = told;
        let Some(seen) = amount.filter(|seen| outcome == RailAnswer::Succeeded && seen.minor() > 0)
        else {
            return (outcome, None);
        };
        let Some((inward, _)) = self.flows() else {
            return (outcome, None);
        };
        let asked = self.amount;
        let is_less = self.kind == CallKind::Charge && seen.minor() < asked.minor();
        let reason = if seen.currency() != asked.currency() {
            Reason::Currency
        } else if is_less {
            Reason::Under
        } else {
            return (outcome, self.beside_asked(seen));
        };
        let unexpected = Unexpected {
            reason,
            flow: inward,
            amount: seen,
        };
        let wrong = RailAnswer::Declined(DeclineCode::WrongAmount);
        (wrong, Some(unexpected))
    }

    /// What is between what was asked for and what was seen to move, in the same currency.
    fn beside_asked(&self, seen: Money) -> Option<Unexpected> {
        let ((inward, outward), asked) = (self.flows()?, self.amount);
        let more = seen.minor().saturating_sub(asked.minor());
        let (reason, flow) = match more {
            0 => return None,
            1.. => (Reason::Over, inward),
            ..0 => (Reason::Under, outward),
        };
        Some(Unexpected {
            reason,
            flow,
            amount: Money::new(more.saturating_abs(), asked.currency()),
        })
    }

    /// Where its money flows, and where what is less than was asked for stays; none if it moves none.
    fn flows(&self) -> Option<(Flow, Flow)> {
        match self.kind {
            CallKind::Charge | CallKind::Capture => Some((Flow::In, Flow::Out)),
            CallKind::Refund => Some((Flow::Out, Flow::In)),
            CallKind::Void | CallKind::Close => None,
        }
    }

    /// What was seen to move, told after it was taken for what was asked for.
    fn difference(&self, intent: &Intent, told: Told) -> Option<Unexpected> {
        let is_held = self.kind == CallKind::Charge && intent.holds();
        let same = |seen: &Money| seen.currency() == self.amount.currency() && seen.minor() > 0;
        let seen = told.amount.filter(same).filter(|_| !is_held)?;
        self.beside_asked(seen)
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
                | AttemptStatus::Failed
                | AttemptStatus::Closed
                | AttemptStatus::Reversed => {
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

/// An attempt that has no outcome yet.
fn waits_on(intent: Intent, attempt: Attempt, (refund, first): (Option<Refund>, bool)) -> Finished {
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

/// The state of an intent whose attempt waits: for the payer's action, or for the rail.
fn waiting(state: State, attempt: &Attempt) -> State {
    match (attempt.kind, attempt.status) {
        (CallKind::Charge, AttemptStatus::RequiresAction) => State::RequiresAction(attempt.id),
        (CallKind::Charge, AttemptStatus::Pending) => {
            State::Processing(attempt.id, Opening::Charge)
        }
        (
            CallKind::Charge
            | CallKind::Capture
            | CallKind::Void
            | CallKind::Close
            | CallKind::Refund,
            _,
        ) => state,
    }
}
