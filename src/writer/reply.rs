//! What the writer answers.

use crate::domain::{idempotency::Answer, rails::RailCall};

/// What the writer answers once the change is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is done; the answer is in stored form.
    Answer(Answer),
    /// It was done before; this is the answer from then.
    Replay(Answer),
    /// Ask the rail, then submit what it tells ([`Learn`](super::MovementCommand::Learn)).
    Call(RailCall),
}
