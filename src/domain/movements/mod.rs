//! Movements: money that came or went at a rail and that no payment intent waits for. Each is booked
//! to suspense in the commit that makes it, and leaves suspense when somebody decides what it is.

mod bookkeeping;
mod error;
mod request;
pub mod store;
mod view;

pub use crate::base::flow::Flow;
pub use bookkeeping::money_at;
pub use error::MovementError;
pub use request::{Decided, ResolveRequest};
pub use view::MovementObject;

use crate::{
    base::{
        ids::{AttemptId, EntryId, IntentId, MerchantId, MovementId},
        money::Money,
    },
    domain::rails::{RailFact, Route},
};
use time::OffsetDateTime;

crate::names! {
    /// Why money is one that no payment intent waits for.
    pub enum Reason {
        /// It came after its payment had failed, or its intent was called off or expired.
        Late = "late",
        /// Its intent was paid already.
        Duplicate = "duplicate",
        /// It is what is more than was asked for.
        Over = "over",
        /// It is less than was asked for.
        Under = "under",
        /// It is in another currency than was asked for.
        Currency = "currency",
        /// Nothing is known that it could be for.
        Unknown = "unknown",
        /// The rail gave it back without us.
        ExternalRefund = "external_refund",
        /// The payer's bank took it back, or gave it again.
        Dispute = "dispute",
    }
}

crate::names! {
    /// What can be done with a movement.
    pub enum Action {
        /// It is the payment intent's that it names: its payment if it still waits for one, otherwise
        /// money of the merchant for it. Of money that went: a refund of that intent.
        Accept = "accept",
        /// The same for another payment intent, which must wait for just this.
        Assign = "assign",
        /// The rail gives it back.
        Refund = "refund",
        /// It is the merchant's, and for no payment intent.
        Keep = "keep",
    }
}

crate::names! {
    /// What was done with a movement.
    pub enum Done {
        /// See [`Action::Accept`].
        Accept = "accept",
        /// See [`Action::Assign`].
        Assign = "assign",
        /// See [`Action::Refund`].
        Refund = "refund",
        /// See [`Action::Keep`].
        Keep = "keep",
        /// Its money is several movements since.
        Split = "split",
        /// Its money is one movement with that of others since.
        Join = "join",
    }
}

impl From<Action> for Done {
    fn from(action: Action) -> Self {
        match action {
            Action::Accept => Self::Accept,
            Action::Assign => Self::Assign,
            Action::Refund => Self::Refund,
            Action::Keep => Self::Keep,
        }
    }
}

crate::names! {
    /// The status of a movement.
    pub enum MovementStatus {
        /// It is in suspense.
        Unmatched = "unmatched",
        /// It has left suspense.
        Resolved = "resolved",
    }
}

/// Money that no payment intent waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Its id.
    pub id: MovementId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Where it moved.
    pub route: Route,
    /// What the rail calls it; else the printed id of the attempt that it is known by, or of the movement
    /// that it was before.
    pub external_id: String,
    /// Whether it came or went.
    pub flow: Flow,
    /// How much.
    pub amount: Money,
    /// Why nothing waits for it.
    pub reason: Reason,
    /// The payment intent that it is probably for.
    pub intent: Option<IntentId>,
    /// The attempt that the rail told it of.
    pub attempt: Option<AttemptId>,
    /// The entry that booked it to suspense.
    pub entry: EntryId,
    /// When it moved: as the rail says, else when it was heard of.
    pub occurred_at: OffsetDateTime,
    /// What is done with it, once that is decided.
    pub resolution: Option<Resolution>,
    /// When it was heard of.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// What is done with a movement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// What.
    pub action: Done,
    /// The payment intent that it went to, or was a refund of.
    pub intent: Option<IntentId>,
    /// The attempt at giving it back, if that was decided.
    pub attempt: Option<AttemptId>,
    /// The entry that took it out of suspense; none while the rail is asked.
    pub entry: Option<EntryId>,
    /// Why, in the words of the one who decided.
    pub reason: Option<String>,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: OffsetDateTime,
}

/// Money that nothing waits for, before it is a movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unexpected {
    /// Why nothing waits for it.
    pub reason: Reason,
    /// Whether it came or went.
    pub flow: Flow,
    /// How much.
    pub amount: Money,
}

impl Movement {
    /// Whether it is still in suspense.
    pub fn status(&self) -> MovementStatus {
        let entry = self.resolution.as_ref().and_then(|r| r.entry);
        entry.map_or(MovementStatus::Unmatched, |_| MovementStatus::Resolved)
    }

    /// What most people would do with it.
    pub fn proposal(&self) -> Action {
        match (self.flow, self.reason) {
            (Flow::In, Reason::Late | Reason::Under) | (Flow::Out, Reason::ExternalRefund) => {
                Action::Accept
            }
            (Flow::In, Reason::Unknown) => Action::Assign,
            // What was taken back the merchant has lost, and what was given again is not the payer's.
            (Flow::In, Reason::Dispute) | (Flow::Out, _) => Action::Keep,
            (Flow::In, _) => Action::Refund,
        }
    }

    /// Whether `fact` tells of just this: the same thing at the rail, and as much.
    pub fn is(&self, fact: &RailFact, told: Unexpected) -> bool {
        self.route == fact.route
            && Some(&self.external_id) == fact.name().as_ref()
            && (self.flow, self.amount) == (told.flow, told.amount)
    }

    /// As much of its money, in suspense anew by this entry: a movement of its own, called by the id of
    /// the one that it was, so that what the rail calls it stays the name of that one alone.
    #[must_use]
    pub fn anew(&self, (id, entry): (MovementId, EntryId), now: OffsetDateTime) -> Self {
        Self {
            id,
            external_id: self.id.to_string(),
            entry,
            resolution: None,
            created_at: now,
            updated_at: now,
            ..self.clone()
        }
    }

    /// The same with this done to it.
    #[must_use]
    pub fn resolved(self, resolution: Resolution, now: OffsetDateTime) -> Self {
        Self {
            resolution: Some(resolution),
            updated_at: now,
            ..self
        }
    }
}
