//! A payment link and its states.

use crate::{
    base::{
        ids::{IntentId, LinkId, MerchantId},
        money::{Currency, Money},
        quota::{Quota, Used},
    },
    domain::{
        details::Details,
        rails::{DECLINES_OF_MANY, DECLINES_OF_ONE, Rails, TooManyDeclines},
    },
};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

crate::names! {
    /// How often a link may be paid.
    pub enum Usage {
        /// Once.
        Single = "single",
        /// Many times, or up to `max_payments`.
        Multi = "multi",
    }
}

crate::names! {
    /// The status of a link.
    pub enum LinkStatus {
        /// It can be paid.
        Active = "active",
        /// It was paid as often as it may be.
        Completed = "completed",
        /// Its time is over.
        Expired = "expired",
        /// The merchant switched it off.
        Inactive = "inactive",
    }
}

/// What a payer pays through a link, before any tip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Price {
    /// This amount.
    Fixed(Money),
    /// What the payer chooses.
    Chosen {
        /// What the page suggests.
        preset: Option<Money>,
        /// The least.
        min: Money,
        /// The most.
        max: Money,
    },
}

impl Price {
    /// The currency of what is paid.
    pub fn currency(self) -> Currency {
        match self {
            Self::Fixed(amount) => amount.currency(),
            Self::Chosen { min, .. } => min.currency(),
        }
    }
}

/// Most payments of a link that are under way at a time: who begins one and leaves makes rows.
const MOST_OPEN: u32 = 200;

/// What a link asks for. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTerms {
    /// The price.
    pub price: Price,
    /// Tips that the payer may choose from; empty for none.
    pub tips: Vec<Money>,
    /// How often it may be paid.
    pub usage: Usage,
    /// Most payments, if there is a limit; 1 for a single link.
    pub max_payments: Option<u32>,
    /// What its payments are about.
    pub details: Details,
    /// The rails by which its payments may be paid.
    pub rails: Rails,
    /// How long it works, if there is an end to it.
    pub lifetime: Option<Duration>,
}

/// A payment link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// What it asks for.
    pub terms: Arc<LinkTerms>,
    /// Its status.
    pub status: LinkStatus,
    /// Payments that succeeded.
    pub payments: u32,
    /// Payments that have begun and not ended; each holds a place.
    pub open: u32,
    /// Its declines of late.
    pub declines: Used,
    /// The last payment whose page nobody was led to: after a decline the next attempt uses it
    /// again, so that declines leave no payments behind.
    pub unseen: Option<IntentId>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// Why a link cannot do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It is completed, expired or inactive.
    #[error("the payment link is {0}, so it cannot be paid")]
    Closed(LinkStatus),
    /// Every place is taken by a payment that has not ended.
    #[error("another payment of this link is under way; try again when it has ended")]
    Taken,
    /// Too many attempts were declined: none is taken for a while.
    #[error(transparent)]
    TooManyDeclines(#[from] TooManyDeclines),
    /// Only an active link can be deactivated.
    #[error("the payment link is {0}; only an active one can be deactivated")]
    NotActive(LinkStatus),
}

impl Link {
    /// A new link.
    pub fn new(id: LinkId, merchant: MerchantId, terms: LinkTerms, now: OffsetDateTime) -> Self {
        let (created_at, updated_at) = (now, now);
        Self {
            id,
            merchant,
            terms: Arc::new(terms),
            status: LinkStatus::Active,
            payments: 0,
            open: 0,
            declines: Used::default(),
            unseen: None,
            created_at,
            updated_at,
        }
    }

    /// When it stops working, if it does.
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.terms
            .lifetime
            .map(|lifetime| self.created_at + lifetime)
    }

    /// Its status at `now`: a link whose time is over is expired before the worker says so.
    pub fn status_at(&self, now: OffsetDateTime) -> LinkStatus {
        let over = self.expires_at().is_some_and(|at| at <= now);
        if over && self.status == LinkStatus::Active {
            LinkStatus::Expired
        } else {
            self.status
        }
    }

    /// Whether every place is taken, by payments that succeeded or that are under way.
    pub fn is_full(&self) -> bool {
        let taken = self.payments.saturating_add(self.open);
        let is_full = self.terms.max_payments.is_some_and(|most| taken >= most);
        is_full || self.open >= MOST_OPEN
    }

    /// Takes a place for a payment that begins.
    pub fn take_place(self, now: OffsetDateTime) -> Result<Self, LinkError> {
        let status = self.status_at(now);
        if status != LinkStatus::Active {
            return Err(LinkError::Closed(status));
        }
        if self.is_full() {
            return Err(LinkError::Taken);
        }
        TooManyDeclines::check(self.declines, now)?;
        Ok(Self {
            open: self.open.saturating_add(1),
            updated_at: now,
            ..self
        })
    }

    /// Gives the place of a payment back that ended without money.
    #[must_use]
    pub fn release_place(self, now: OffsetDateTime) -> Self {
        Self {
            open: self.open.saturating_sub(1),
            updated_at: now,
            ..self
        }
    }

    /// Somebody has come to the page of `intent`: it serves nobody else.
    #[must_use]
    pub fn seen(self, intent: IntentId) -> Self {
        let unseen = self.unseen.filter(|unseen| *unseen != intent);
        Self { unseen, ..self }
    }

    /// Counts an attempt that was declined.
    #[must_use]
    pub fn count_decline(self, now: OffsetDateTime) -> Self {
        Self {
            declines: self.declines.add(self.declines_allowed(), now),
            ..self.release_place(now)
        }
    }

    fn declines_allowed(&self) -> Quota {
        match self.terms.usage {
            Usage::Single => DECLINES_OF_ONE,
            Usage::Multi => DECLINES_OF_MANY,
        }
    }

    /// Counts a payment that succeeded and that held a place until then.
    #[must_use]
    pub fn count_payment(self, now: OffsetDateTime) -> Self {
        self.release_place(now).count_transfer(now)
    }

    /// Counts a payment that succeeded and that held no place; the last one that may be completes the
    /// link.
    #[must_use]
    pub fn count_transfer(self, now: OffsetDateTime) -> Self {
        let payments = self.payments.saturating_add(1);
        let full = self.terms.max_payments.is_some_and(|most| payments >= most);
        let status = if full && self.status == LinkStatus::Active {
            LinkStatus::Completed
        } else {
            self.status
        };
        Self {
            status,
            payments,
            // Those who pay speak for those who cannot.
            declines: self.declines.take(self.declines_allowed()),
            updated_at: now,
            ..self
        }
    }

    /// Switches the link off.
    pub fn deactivate(self, now: OffsetDateTime) -> Result<Self, LinkError> {
        match self.status_at(now) {
            LinkStatus::Active => Ok(Self {
                status: LinkStatus::Inactive,
                updated_at: now,
                ..self
            }),
            status @ (LinkStatus::Completed | LinkStatus::Expired | LinkStatus::Inactive) => {
                Err(LinkError::NotActive(status))
            }
        }
    }

    /// Marks the link expired if its time is over; `None` if there is nothing to do.
    pub fn expire(self, now: OffsetDateTime) -> Option<Self> {
        let due = self.status == LinkStatus::Active && self.status_at(now) == LinkStatus::Expired;
        due.then_some(Self {
            status: LinkStatus::Expired,
            updated_at: now,
            ..self
        })
    }
}
