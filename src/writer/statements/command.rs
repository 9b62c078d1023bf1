//! What can be done with statements.

use crate::{
    base::ids::{MerchantId, StatementId, StatementLineId},
    domain::reconciliation::{LineAction, NewImport},
    writer::needs::Needs,
};

/// A step with a statement. A file has many lines, and each is looked at by a command of its own, so
/// that no merchant's books are locked for long.
#[derive(Clone, Debug)]
pub enum StatementCommand {
    /// Keep a file and its lines, unless it was given to us before.
    Keep(Box<NewImport>),
    /// Find out what a line comes to, and book that.
    Match(StatementLineId),
    /// Do with a line what a person says.
    Decide(StatementLineId, LineAction),
    /// Say what all lines of a file came to.
    Finish(StatementId),
}

impl StatementCommand {
    /// The rows that it names.
    pub(in crate::writer) fn needs(&self, merchant: MerchantId, needs: &mut Needs) {
        match self {
            Self::Keep(new) => {
                needs.rail_accounts.push(merchant);
                needs.files.push((merchant, new.account(), new.digest()));
            }
            Self::Match(id) => needs.statement_lines.push((merchant, *id)),
            Self::Decide(id, action) => {
                needs.statement_lines.push((merchant, *id));
                let named = action.intents().into_iter();
                needs.intents.extend(named.map(|id| (merchant, id)));
            }
            Self::Finish(id) => needs.statements.push((merchant, *id)),
        }
    }
}
