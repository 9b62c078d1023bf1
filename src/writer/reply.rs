//! What the writer answers.

use crate::{
    base::ids::StatementId,
    domain::{idempotency::Answer, rails::RailCall},
};

/// What the writer answers once the change is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is done; the answer is in stored form.
    Answer(Answer),
    /// It was done before; this is the answer from then.
    Replay(Answer),
    /// Ask the rail, then submit what it tells ([`Learn`](super::MovementCommand::Learn)).
    Call(RailCall),
    /// Submit a [`Match`](super::StatementCommand::Match) for each line of the statement, then a
    /// [`Finish`](super::StatementCommand::Finish).
    Begun(StatementId),
}
