//! Booking an entry that nothing caused but the caller who asks for it: no event is caused.

use super::PostingCommand;
use crate::{
    domain::{
        idempotency::Answer,
        ledger::{JournalEntry, JournalEntryView},
    },
    writer::{
        Rejection,
        decider::{Decider, print},
        decision::{Decision, DecisionOutcome},
    },
};

impl PostingCommand {
    /// What the command comes to.
    pub fn decide(&self, _: &Decider<'_>) -> Result<Decision, Rejection> {
        match self {
            Self::Post(draft) => {
                Ok(Decision::of(DecisionOutcome::Booked(answer)).booking([draft.clone()]))
            }
        }
    }
}

/// The answer with the entry that was booked.
fn answer(entries: &[JournalEntry]) -> Result<Answer, Rejection> {
    let entry = entries.first().cloned();
    let entry = entry.ok_or(Rejection::NotFound("journal entry"))?;
    let body = print(&JournalEntryView::from(entry))?;
    Ok(Answer {
        status: 201,
        body: body.get().as_bytes().to_vec(),
    })
}
