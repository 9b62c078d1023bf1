//! What rails tell, and what can be done with money that nobody waits for.

use crate::{
    base::ids::{MerchantId, MovementId},
    domain::{
        ledger::Account,
        movements::{Decided, money_at},
        rails::RailFact,
    },
    writer::needs::Needs,
};

/// A fact that a rail tells, or a decision about a movement.
#[derive(Clone, Debug)]
pub enum MovementCommand {
    /// Take in what a rail tells. Money is never refused.
    Learn(Box<RailFact>),
    /// The same, for one who plays the rail, and is answered what came of it.
    Tell(Box<RailFact>),
    /// Take a movement out of suspense, or begin to.
    Resolve(MovementId, Decided),
}

impl MovementCommand {
    /// The rows that it names.
    pub(in crate::writer) fn needs(&self, merchant: MerchantId, needs: &mut Needs) {
        match self {
            Self::Learn(fact) | Self::Tell(fact) => {
                needs.attempts.extend(fact.attempt.map(|id| (merchant, id)));
                let name = fact.name().map(|name| (merchant, fact.route.rail, name));
                needs.facts.extend(name);
                if let Some(amount) = fact.amount {
                    let here = money_at(fact.route, amount.currency());
                    let accounts = [here, Account::suspense()];
                    let accounts = accounts.map(|account| (account, amount.currency()));
                    needs.add_balances(merchant, accounts);
                }
            }
            Self::Resolve(id, decided) => {
                needs.movements.push((merchant, *id));
                needs
                    .intents
                    .extend(decided.intent.map(|id| (merchant, id)));
            }
        }
    }
}
