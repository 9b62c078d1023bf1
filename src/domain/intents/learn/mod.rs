//! What a fact that a rail tells of an attempt does to its intent.

mod aside;
mod close;
mod outcome;
#[cfg(test)]
mod tests;
mod weigh;

pub(super) use outcome::taken;

use super::{Attempt, AttemptStatus, Intent, IntentError, Opening, Refund, State};
use crate::{
    base::{event_type::EventType, ids::AttemptId, money::Money},
    domain::{
        ledger::Draft,
        movements::Unexpected,
        rails::{CallKind, DeclineCode, NextAction, RailAnswer, RailFact},
    },
};
use time::{Duration, OffsetDateTime};

/// How long a worker waits before it asks again about a request that got no answer.
const ASK_AGAIN_UNKNOWN: Duration = Duration::seconds(2);
/// How long a worker waits before it asks again whether a payer has acted at the provider.
const ASK_AGAIN_ACTION: Duration = Duration::minutes(5);
/// How long a payer may take to act before an attempt is given up that keeps others from paying.
const ACTION_PATIENCE: Duration = Duration::minutes(15);

/// What a rail tells of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What became of it.
    pub outcome: RailAnswer,
    /// How much moved, if the rail says so.
    pub amount: Option<Money>,
    /// What the rail calls the money, if it has a name of its own.
    pub external_id: Option<String>,
    /// What the attempt is called there, where that is not its id.
    pub reference: Option<String>,
    /// What the payer must do, if the rail says so.
    pub next_action: Option<Box<NextAction>>,
}

impl From<&RailFact> for Told {
    fn from(fact: &RailFact) -> Self {
        Self {
            outcome: fact.outcome,
            amount: fact.amount,
            external_id: fact.external_id.clone(),
            reference: fact.reference.clone(),
            next_action: fact.next_action.clone(),
        }
    }
}

impl From<RailAnswer> for Told {
    fn from(outcome: RailAnswer) -> Self {
        Self {
            outcome,
            amount: None,
            external_id: None,
            reference: None,
            next_action: None,
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
    /// Whether the link that it was made through, if it was, has a place for it.
    pub has_place: bool,
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
        let told = self.in_time(told, now);
        if self.is_final() {
            return Ok(self.told_again(known, &told, fresh, now)?);
        }
        let named = self.called(&told);
        if named.kind == CallKind::Close {
            return Ok(Some(named.closes(known, told.outcome, now)));
        }
        if named.is_waited_for(&known.intent) {
            let finished = named.answers(known, &told, fresh, now)?;
            return Ok(Some(finished.ended_in_time(now)));
        }
        Ok(Some(named.told_aside(known, &told, fresh, now)?))
    }

    /// The same, but that a payer whose time is over has not paid, where nobody can be asked.
    fn in_time(&self, told: Told, now: OffsetDateTime) -> Told {
        let is_over = self.route.rail.is_push() && self.expires_at.is_some_and(|at| at <= now);
        let outcome = match told.outcome {
            RailAnswer::Pending if is_over => RailAnswer::Declined(DeclineCode::NotPaidInTime),
            outcome @ (RailAnswer::Pending
            | RailAnswer::Succeeded
            | RailAnswer::Declined(_)
            | RailAnswer::RequiresAction
            | RailAnswer::Unknown) => outcome,
        };
        Told { outcome, ..told }
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
        told: &Told,
        fresh: AttemptId,
        now: OffsetDateTime,
    ) -> Result<Finished, IntentError> {
        let Known {
            intent,
            refund,
            has_place,
            ..
        } = known;
        let (outcome, unexpected) = if self.kind == CallKind::Charge && !has_place {
            self.without_place(&intent, told)
        } else {
            self.weigh(&intent, told)
        };
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

    /// The same, with what the rail calls it and the money that came by it, and with what the payer
    /// must do. Until it is final a rail may call the money something else.
    fn called(self, told: &Told) -> Self {
        Self {
            external_id: told.external_id.clone().or(self.external_id),
            reference: self.reference.or_else(|| told.reference.clone()),
            next_action: told.next_action.clone().or(self.next_action),
            ..self
        }
    }

    /// Until when its payer may act: `None` where nobody else waits for the place. What was begun
    /// on a page belongs to one browser, and through a link others may want to pay. Where the provider
    /// sets the end, when it is asked next.
    fn act_until(&self, intent: &Intent, now: OffsetDateTime) -> Option<OffsetDateTime> {
        if self.route.rail.ends_by_itself() {
            return Some(now + ASK_AGAIN_ACTION);
        }
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
            // Nobody can be asked: when the payer's time is over, nobody has paid.
            RailAnswer::Pending if self.route.rail.is_push() => {
                (AttemptStatus::Pending, self.expires_at, None)
            }
            RailAnswer::Pending => {
                let ask_at = now + self.route.rail.asked_again_in();
                (AttemptStatus::Pending, Some(ask_at), None)
            }
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
    let next_action = match attempt.kind {
        CallKind::Charge => attempt.next_action.clone(),
        CallKind::Capture | CallKind::Void | CallKind::Close | CallKind::Refund => {
            intent.next_action.clone()
        }
    };
    let intent = Intent {
        state,
        next_action,
        ..intent
    };
    Finished {
        event,
        ..Finished::quiet(intent, attempt, refund)
    }
}

/// The state of an intent whose attempt waits: for the payer's action, or for the rail.
fn waiting(state: State, attempt: &Attempt) -> State {
    match (attempt.kind, attempt.status) {
        (CallKind::Charge, AttemptStatus::RequiresAction) => State::RequiresAction(attempt.id),
        (CallKind::Charge, AttemptStatus::Pending) if attempt.route.rail.is_push() => {
            State::Processing(attempt.id, Opening::Transfer)
        }
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
