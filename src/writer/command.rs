//! What can be asked of the writer, and what it answers.

use super::{decide::Decider, decision::Decision, needs::Needs, world::World};
use crate::{
    base::{
        actor::Actor,
        ids::{AttemptId, IntentId, MerchantId, RefundId},
        invalid::Invalid,
    },
    domain::{
        callbacks::EndpointError,
        idempotency::{Answer, Claim, Fingerprint},
        intents::{Attempt, IntentError},
        links::LinkError,
        rails::RailCall,
    },
};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// Makes the commands of all nouns one type, from one list. Each noun's folder says what its
/// commands need, what they come to, and how its rows are loaded and recorded.
macro_rules! nouns {
    ($($(#[doc = $doc:literal])* $Noun:ident = $module:ident::$Command:ident;)*) => {
        $(pub use super::$module::$Command;)*

        /// A change of one merchant's things: one variant a noun.
        #[derive(Clone, Debug)]
        pub enum Command {
            $($(#[doc = $doc])* $Noun($Command),)*
        }

        $(impl From<$Command> for Command {
            fn from(command: $Command) -> Self {
                Self::$Noun(command)
            }
        })*

        impl Command {
            /// Adds the rows that the command names, before anything is loaded.
            pub(super) fn needs(&self, merchant: MerchantId, needs: &mut Needs) {
                match self {
                    $(Self::$Noun(command) => command.needs(merchant, needs),)*
                }
            }

            /// What the command comes to.
            pub(super) fn decide(&self, decider: &Decider<'_>) -> Result<Decision, Rejection> {
                match self {
                    $(Self::$Noun(command) => command.decide(decider),)*
                }
            }
        }

        /// Loads the rows that are named, noun after noun: rows of one may name rows of the next.
        pub(super) async fn load_rows(
            db: &mut PgConnection,
            world: &mut World,
            needs: &mut Needs,
        ) -> Result<(), sqlx::Error> {
            $(super::$module::rows::load(db, world, needs).await?;)*
            Ok(())
        }

        /// Records the rows that are made or changed.
        pub(super) async fn record_rows(
            db: &mut PgConnection,
            world: &World,
            now: OffsetDateTime,
        ) -> Result<(), sqlx::Error> {
            $(super::$module::rows::record(db, world, now).await?;)*
            Ok(())
        }
    };
}

nouns! {
    /// Of a payment intent or its refunds.
    Payment = payments::PaymentCommand;
    /// Of a payment link.
    Link = links::LinkCommand;
    /// Of a callback endpoint.
    Endpoint = endpoints::EndpointCommand;
    /// Of the books alone.
    Posting = postings::PostingCommand;
}

impl Command {
    /// Whether it brings a rail's answer: to refuse it would leave a payment open.
    pub fn ends_a_call(&self) -> bool {
        matches!(self, Self::Payment(PaymentCommand::Finish(..)))
    }
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

/// A command on its way to the writer.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Whose things it changes.
    pub merchant: MerchantId,
    /// Who causes it.
    pub actor: Actor,
    /// What to do.
    pub command: Command,
    /// The idempotency key that its answer is kept under.
    pub claim: Option<Claim>,
    /// The request's id, for the problem it may be answered with.
    pub request_id: String,
    /// Bytes of the request: about what the command takes of memory while it waits.
    pub bytes: usize,
}

/// What the writer answers once the change is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is done; the answer is in stored form.
    Answer(Answer),
    /// It was done before; this is the answer from then.
    Replay(Answer),
    /// Ask the rail, then submit [`PaymentCommand::Finish`].
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
    /// The endpoint refuses.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
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
    /// left): put right, it is sent again with the same key.
    pub(super) fn is_verdict(&self) -> bool {
        match self {
            Self::Intent(
                IntentError::InvalidState { .. }
                | IntentError::Declined { .. }
                | IntentError::RailNotAvailable(_),
            )
            | Self::Link(_)
            | Self::Endpoint(_) => true,
            Self::Intent(IntentError::AmountTooLarge { .. } | IntentError::Broken(_))
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
