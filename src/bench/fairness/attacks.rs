//! What a hostile tenant, who has keys, and a hostile stranger, who has none, do all at once.

use serde::Serialize;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// What is done again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Attack {
    /// Money asked for and paid, more often than the keys may, each with 32 callbacks to
    /// endpoints that do not answer in time.
    Payments,
    /// Long lists, and lists narrowed by what finds nothing.
    Lists,
    /// Exports that are read as slowly as may be.
    Exports,
    /// Polls of the feed that are left while they wait.
    Polls,
    /// Payments declined on a page.
    Declines,
    /// A stranger's keys, secrets and pages, all made up.
    Guesses,
    /// A stranger's forms of which the rest never comes.
    HalfForms,
}

/// How often it was done, and how often in vain.
#[derive(Debug, Default)]
pub(super) struct Count {
    requests: AtomicU64,
    refused: AtomicU64,
}

/// The same, once it is over.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Counted {
    /// What was done.
    pub attack: Attack,
    /// How many requests were sent.
    pub requests: u64,
    /// How many of them were answered with an error, or not at all.
    pub refused: u64,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Payments,
        Self::Lists,
        Self::Exports,
        Self::Polls,
        Self::Declines,
        Self::Guesses,
        Self::HalfForms,
    ];

    /// What is done, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Payments => "tenant: payments",
            Self::Lists => "tenant: long and narrow lists",
            Self::Exports => "tenant: exports, read slowly",
            Self::Polls => "tenant: polls that are left",
            Self::Declines => "tenant: declined payments",
            Self::Guesses => "stranger: guesses",
            Self::HalfForms => "stranger: half of a form",
        }
    }

    /// How many do it at the same time.
    pub fn attackers(self) -> usize {
        match self {
            Self::HalfForms => 200,
            Self::Polls => 100,
            Self::Payments => 32,
            Self::Guesses => 16,
            Self::Lists => 8,
            Self::Exports | Self::Declines => 4,
        }
    }

    /// How long each of them rests in between: the attackers have the same processors as the
    /// service, and it is not their own work that is to be measured.
    pub fn rest(self) -> Duration {
        match self {
            Self::Payments | Self::Lists | Self::Guesses => Duration::from_millis(20),
            Self::Exports | Self::Polls | Self::Declines | Self::HalfForms => {
                Duration::from_millis(100)
            }
        }
    }
}

impl Count {
    /// One more request.
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// The last one was in vain.
    pub fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// What it came to.
    pub fn end(&self, attack: Attack) -> Counted {
        Counted {
            attack,
            requests: self.requests.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}
