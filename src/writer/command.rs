//! What can be asked of the writer, and what it answers.

use crate::{
    base::{
        ids::{AttemptId, EndpointId, IntentId, LinkId, MerchantId, RefundId},
        invalid::Invalid,
        money::Money,
    },
    domain::{
        callbacks::{Delivery, Disabling, EndpointError, EndpointPatch, NewEndpoint, NewSecret},
        idempotency::{Answer, Claim},
        intents::{
            Attempt, CancelRequest, CaptureRequest, ConfirmRequest, IntentError, RefundRequest,
            Terms,
        },
        ledger::{Draft, LedgerError},
        links::{LinkError, LinkTerms},
        rails::{PaymentMethod, RailAnswer, RailCall},
    },
};

/// A change of one merchant's things.
#[derive(Clone, Debug)]
pub enum Command {
    /// Ask for money.
    CreateIntent(Box<Terms>),
    /// Begin to charge the payer of an intent.
    Confirm(IntentId, ConfirmRequest),
    /// Begin to take money that is held.
    Capture(IntentId, CaptureRequest),
    /// Call an intent off, or begin to.
    Cancel(IntentId, CancelRequest),
    /// Begin to give money back.
    Refund(IntentId, RefundRequest),
    /// Apply what the rail answered to a call.
    Finish(Ticket, RailAnswer),
    /// Apply what became of the attempt that an intent waits for.
    Report(IntentId, Awaited, RailAnswer),
    /// End an intent that nobody paid in time.
    ExpireIntent(IntentId),
    /// Make a payment link.
    CreateLink(Box<LinkTerms>),
    /// Begin a payment through a link.
    PayLink(LinkId, Payment),
    /// Switch a link off.
    DeactivateLink(LinkId),
    /// End a link whose time is over.
    ExpireLink(LinkId),
    /// Register an endpoint with its secret.
    CreateEndpoint(EndpointId, Box<NewEndpoint>, NewSecret),
    /// Change an endpoint.
    UpdateEndpoint(EndpointId, Box<EndpointPatch>),
    /// Delete an endpoint.
    DeleteEndpoint(EndpointId),
    /// Give up an endpoint that does not take deliveries.
    DisableEndpoint(EndpointId, Disabling),
    /// Give an endpoint a new secret; the one before signs on for so long.
    RotateSecret(EndpointId, time::Duration, NewSecret),
    /// Send an endpoint an event that says no more than that it works.
    Ping(EndpointId),
    /// Send a part of the feed to an endpoint again: after one place, up to another or, if there
    /// is none, to the end.
    Replay(EndpointId, i64, Option<i64>),
    /// Send one delivery again, of which this was read.
    Retry(Box<Delivery>),
    /// Book an entry by hand.
    Post(Draft),
}

/// What an intent must be waiting for, so that a report of its outcome makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// The payer's action.
    Action,
    /// The rail's later outcome.
    Outcome,
}

/// What a payer chose on a link's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// What the payer pays with.
    pub method: PaymentMethod,
    /// The amount, where the payer chooses it.
    pub amount: Option<Money>,
    /// The tip.
    pub tip: Option<Money>,
}

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
        }
    }
}

/// A command on its way to the writer.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Whose things it changes.
    pub merchant: MerchantId,
    /// What to do.
    pub command: Command,
    /// The idempotency key that its answer is kept under.
    pub claim: Option<Claim>,
    /// The request's id, for the problem it may be answered with.
    pub request_id: String,
}

/// What the writer answers once the change is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is done; the answer is in stored form.
    Answer(Answer),
    /// It was done before; this is the answer from then.
    Replay(Answer),
    /// Ask the rail, then submit [`Command::Finish`].
    Call(Ticket),
}

/// Why a command changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A field cannot be taken.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The merchant has no such thing; the noun is given.
    #[error("there is no {0} with this id")]
    NotFound(&'static str),
    /// The intent refuses.
    #[error(transparent)]
    Intent(#[from] IntentError),
    /// The link refuses.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The books refuse.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The endpoint refuses.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The idempotency key was used for another request.
    #[error("this Idempotency-Key was used for another request; use a new key")]
    KeyReused,
    /// The first request with this key still runs.
    #[error("the first request with this Idempotency-Key is still running; try again shortly")]
    KeyInUse,
}

impl Rejection {
    /// Whether it is an answer to a request that ran, so that its key keeps it.
    pub(super) fn is_verdict(&self) -> bool {
        match self {
            Self::Intent(_) | Self::Link(_) | Self::Ledger(_) | Self::Endpoint(_) => true,
            Self::Invalid(_) | Self::NotFound(_) | Self::KeyReused | Self::KeyInUse => false,
        }
    }
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The queue is full: nothing was done.
    #[error("the service is overloaded; try again")]
    Overloaded,
    /// The database went away. If the command carried a key, sending it again is safe.
    #[error("the database cannot be reached; try again with the same Idempotency-Key")]
    Unavailable,
    /// The database refused the change by a rule of its own: a fault of ours.
    #[error("the change was refused by the database")]
    Broken,
    /// The command changes nothing.
    #[error(transparent)]
    Rejected(#[from] Rejection),
}
