//! What the writer answers.

use crate::{
    base::ids::{AttemptId, IntentId, RefundId},
    domain::{
        idempotency::{Answer, Fingerprint},
        intents::Attempt,
        rails::RailCall,
    },
};

/// A call to a rail that is recorded and must now be made, with what its answer belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// What to ask.
    pub call: RailCall,
    /// The intent that waits.
    pub intent: IntentId,
    /// The refund that waits, if it is one.
    pub refund: Option<RefundId>,
    /// The idempotency key of the request that waits for an answer.
    pub key: Option<String>,
    /// What that request is; not known of attempts from before this was kept.
    pub fingerprint: Option<Fingerprint>,
}

impl Ticket {
    /// The ticket of a recorded attempt, given the attempt that charged the payer.
    pub fn of(attempt: &Attempt, charge: Option<AttemptId>) -> Self {
        let key = attempt.idempotency_key.clone();
        Self {
            call: attempt.call(charge),
            intent: attempt.intent,
            refund: attempt.refund,
            key,
            fingerprint: attempt.key_fingerprint.map(Fingerprint),
        }
    }
}

/// What the writer answers once the change is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is done; the answer is in stored form.
    Answer(Answer),
    /// It was done before; this is the answer from then.
    Replay(Answer),
    /// Ask the rail, then submit [`Finish`](super::PaymentCommand::Finish).
    Call(Ticket),
}
