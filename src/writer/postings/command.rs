//! What can be booked by hand.

use crate::{base::ids::MerchantId, domain::ledger::Draft, writer::needs::Needs};

/// A change of the books that nothing else causes.
#[derive(Clone, Debug)]
pub enum PostingCommand {
    /// Book an entry.
    Post(Draft),
}

impl PostingCommand {
    /// The rows that it names.
    pub(in crate::writer) fn needs(&self, merchant: MerchantId, needs: &mut Needs) {
        match self {
            Self::Post(draft) => needs.add_balances(merchant, draft.accounts()),
        }
    }
}
