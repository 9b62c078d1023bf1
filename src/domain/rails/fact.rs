//! What a rail tells, whoever hears it: the one who called, the resolver who asked again, a webhook
//! or a line of a statement.

use super::{CallKind, NextAction, RailAnswer, RailCall, Route};
use crate::base::{flow::Flow, ids::AttemptId, money::Money};
use time::OffsetDateTime;

/// What happened at a rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactKind {
    /// What it can be asked to do, asked or not.
    Call(CallKind),
    /// A payer's bank took a payment back, so that money went; or gave it again, so that it came.
    Dispute(Flow),
}

impl From<CallKind> for FactKind {
    fn from(kind: CallKind) -> Self {
        Self::Call(kind)
    }
}

/// Something that happened at a rail, or did not. A fact about money is never refused: what nobody
/// waits for is booked to suspense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RailFact {
    /// Where it happened.
    pub route: Route,
    /// What was done there.
    pub kind: FactKind,
    /// What became of it.
    pub outcome: RailAnswer,
    /// The attempt that it is about, if the rail names one: that of the same kind, or the charge that
    /// something was done to at the rail without us.
    pub attempt: Option<AttemptId>,
    /// What the rail calls it; none if it answers a call, which is known by its attempt.
    pub external_id: Option<String>,
    /// What the attempt is called there, where that is not its id.
    pub reference: Option<String>,
    /// What the payer must do, if the rail says so.
    pub next_action: Option<Box<NextAction>>,
    /// How much moved, if the rail says so.
    pub amount: Option<Money>,
    /// When it happened, if the rail says so.
    pub occurred_at: Option<OffsetDateTime>,
}

impl RailFact {
    /// What `call` was answered.
    pub fn answer(call: &RailCall, outcome: RailAnswer) -> Self {
        Self {
            route: call.route,
            kind: call.kind.into(),
            outcome,
            attempt: Some(call.attempt),
            external_id: None,
            reference: None,
            next_action: None,
            amount: None,
            occurred_at: None,
        }
    }

    /// What it is known by when it comes again; none if it names nothing.
    pub fn name(&self) -> Option<String> {
        let attempt = self.attempt.map(|id| id.to_string());
        self.external_id.clone().or(attempt)
    }
}
