//! Booking an entry that nothing caused but whoever asks for it: no event tells of it.

use super::{Desk, view};
use crate::{
    domain::{
        idempotency::Answer,
        ledger::{Draft, JournalEntryView},
    },
    writer::{
        Rejection,
        decision::{Decision, Outcome},
        world::World,
    },
};

impl Desk<'_> {
    pub(super) fn post(draft: &Draft) -> Decision {
        Decision {
            draft: Some(draft.clone()),
            ..Decision::of(Outcome::Entry)
        }
    }
}

/// The answer with the entry that was booked last.
pub(super) fn answer(world: &World) -> Result<Answer, Rejection> {
    let entry = world.entries.last().cloned();
    let entry = entry.ok_or(Rejection::NotFound("journal entry"))?;
    let body = view::print(&JournalEntryView::new(entry, None))?;
    Ok(Answer {
        status: 201,
        body: body.get().as_bytes().to_vec(),
    })
}
