//! What can be asked of the writer.

use super::{Rejection, decider::Decider, decision::Decision, needs::Needs, world::World};
use crate::{
    base::{actor::Actor, ids::MerchantId},
    domain::idempotency::Claim,
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
    /// Of statements. First, since their lines name attempts.
    Statement = statements::StatementCommand;
    /// Of what rails tell, and of money that nobody waits for. Before the rest, since attempts name all
    /// else.
    Movement = movements::MovementCommand;
    /// Of a test merchant's clock. Before those that make something due by it.
    Clock = clocks::ClockCommand;
    /// Of a payment intent or its refunds.
    Payment = payments::PaymentCommand;
    /// Of a payment link.
    Link = links::LinkCommand;
    /// Of a callback endpoint.
    Endpoint = endpoints::EndpointCommand;
    /// Of a rail account.
    RailAccount = rail_accounts::RailAccountCommand;
    /// Of what providers tell.
    RailEvent = rail_events::RailEventCommand;
    /// Of what providers pay out.
    Settlement = settlements::SettlementCommand;
    /// Of the books alone.
    Posting = postings::PostingCommand;
}

impl Command {
    /// Whether it brings what a rail tells: to refuse it would leave a payment open.
    pub fn ends_a_call(&self) -> bool {
        matches!(self, Self::Movement(MovementCommand::Learn(_)))
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
