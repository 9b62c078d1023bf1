//! What each noun's decisions start from.

use super::{Rejection, context::Context, world::World};
use crate::base::{actor::Actor, ids::MerchantId, mode::Mode};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// Where one command is decided: what it may look at, and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Decider<'a> {
    pub(super) world: &'a World,
    pub(super) merchant: MerchantId,
    pub(super) actor: Actor,
    pub(super) context: Context<'a>,
}

impl Decider<'_> {
    /// The merchant's mode.
    pub(super) fn mode(&self) -> Result<Mode, Rejection> {
        let books = self.world.books.get(&self.merchant);
        books
            .map(|books| books.mode)
            .ok_or(Rejection::NotFound("merchant"))
    }
}

/// Prints an object. Its parts are text and numbers, so it cannot fail but for want of memory.
pub(super) fn print(object: &impl Serialize) -> Result<Box<RawValue>, Rejection> {
    to_raw_value(object).map_err(|error| Rejection::Internal(error.to_string()))
}
