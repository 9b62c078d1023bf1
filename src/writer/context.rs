//! What deciding needs beside the rows.

use super::Rejection;
use crate::{
    base::ambient::Ambient,
    domain::{
        clocks::Clock,
        idempotency::Answer,
        links::PageUrls,
        rails::{RailAnswer, RailCall},
    },
};
use time::OffsetDateTime;

/// Prints a rejection as the problem that a caller gets. The door that speaks HTTP gives it, so
/// that the answer can be kept in the transaction.
pub type RenderRejection = fn(&Rejection, request_id: &str) -> Answer;

/// The time outside of any merchant's clock. By it callbacks go out, and what is theirs is stored:
/// who takes them has no other.
#[derive(Clone, Copy, Debug)]
pub struct Outside<'a> {
    /// The time of the batch.
    pub now: OffsetDateTime,
    /// Where ids of that time come from.
    pub ambient: &'a Ambient,
}

/// What deciding needs beside the rows: the time, ids, addresses of pages, and how rejections are
/// printed.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The merchant's time: that of the batch, by the merchant's clock.
    pub now: OffsetDateTime,
    /// Where ids of that time come from: they rise with it.
    pub ambient: &'a Ambient,
    /// The time that everybody has.
    pub outside: Outside<'a>,
    /// Addresses of pages.
    pub urls: &'a PageUrls,
    /// How rejections are printed.
    pub render: RenderRejection,
    /// What rails answer without a network.
    pub ask: AskAtOnce,
}

impl<'a> Context<'a> {
    /// The same by a merchant's clock, which was moved on: `ambient` goes by it.
    pub(super) fn by(self, clock: Clock, ambient: &'a Ambient) -> Self {
        Self {
            now: clock.now(self.outside.now),
            ambient,
            ..self
        }
    }
}

/// Asks a rail that needs no network; `None` where it must be sent.
pub type AskAtOnce = fn(&RailCall) -> Option<RailAnswer>;
