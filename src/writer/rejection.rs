//! Why the writer changes nothing.

use crate::{
    base::invalid::Invalid,
    domain::{
        callbacks::EndpointError, intents::IntentError, links::LinkError, movements::MovementError,
        rail_accounts::RailAccountError, reconciliation::LineError,
    },
};

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
    /// The movement refuses.
    #[error(transparent)]
    Movement(#[from] MovementError),
    /// The line of a statement refuses.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The endpoint refuses.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The rail account refuses.
    #[error(transparent)]
    RailAccount(#[from] RailAccountError),
    /// The idempotency key was used for another request.
    #[error("this Idempotency-Key was used for another request; use a new key")]
    KeyReused,
    /// What is stored cannot be used, or what is to be stored cannot be made: a fault of ours.
    #[error("{0}")]
    Internal(String),
    /// The first request with this key still runs.
    #[error("the first request with this Idempotency-Key is still running; try again shortly")]
    KeyInUse,
}

impl Rejection {
    /// Whether it is an answer to a request that ran, so that its key keeps it. A value that
    /// cannot be taken is none, even where that hangs on what there is (an amount above what is
    /// left): put right, it is sent again with the same key. So it is where the caller must wait.
    pub(super) fn is_verdict(&self) -> bool {
        match self {
            Self::Intent(
                IntentError::InvalidState { .. }
                | IntentError::Declined { .. }
                | IntentError::RailNotAvailable(_)
                | IntentError::NotRefundable(_),
            )
            | Self::Movement(
                MovementError::Resolved
                | MovementError::Refunding
                | MovementError::NotPossible { .. }
                | MovementError::NotUndone(_),
            )
            | Self::Line(
                LineError::Duplicate
                | LineError::Found
                | LineError::Decided(_)
                | LineError::Undecided(_)
                | LineError::NotBooked(_)
                | LineError::HasPaid(_),
            )
            | Self::Link(LinkError::Closed(_) | LinkError::Taken | LinkError::NotActive(_))
            | Self::Endpoint(
                EndpointError::TooMany
                | EndpointError::Duplicate(_)
                | EndpointError::TooManySecrets
                | EndpointError::ReplayRunning(_)
                | EndpointError::Disabled,
            )
            | Self::RailAccount(RailAccountError::TooMany | RailAccountError::Duplicate(_)) => true,
            Self::Intent(
                IntentError::AmountTooLarge { .. }
                | IntentError::RailFailing(_)
                | IntentError::TooManyDeclines(_)
                | IntentError::Broken(_),
            )
            | Self::Line(LineError::Processing)
            | Self::Link(LinkError::TooManyDeclines(_))
            | Self::Endpoint(EndpointError::TooManyPings(_))
            | Self::RailAccount(RailAccountError::Invalid(_))
            | Self::Invalid(_)
            | Self::NotFound(_)
            | Self::Internal(_)
            | Self::KeyReused
            | Self::KeyInUse => false,
        }
    }
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The queue is full: nothing was done.
    #[error("the service is overloaded; try again")]
    Overloaded,
    /// A row that the command needs is locked elsewhere: nothing was done.
    #[error("a row that this needs is locked elsewhere; try again")]
    Blocked,
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
