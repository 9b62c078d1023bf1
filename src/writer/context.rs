//! What deciding needs beside the rows.

use super::Rejection;
use crate::{
    base::ambient::Ambient,
    domain::{
        idempotency::Answer,
        links::PageUrls,
        rails::{RailAnswer, RailCall},
    },
};
use time::OffsetDateTime;

/// Prints a rejection as the problem that a caller gets. The door that speaks HTTP gives it, so
/// that the answer can be kept in the transaction.
pub type RenderRejection = fn(&Rejection, request_id: &str) -> Answer;

/// What deciding needs beside the rows: the time of the batch, ids, addresses of pages, and how
/// rejections are printed.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The time of the batch.
    pub now: OffsetDateTime,
    /// Where ids come from.
    pub ambient: &'a Ambient,
    /// Addresses of pages.
    pub urls: &'a PageUrls,
    /// How rejections are printed.
    pub render: RenderRejection,
    /// What rails answer without a network.
    pub ask: AskAtOnce,
}

/// Asks a rail that needs no network; `None` where it must be sent.
pub type AskAtOnce = fn(&RailCall) -> Option<RailAnswer>;
