//! Which journal entries a movement posts. That of a payment or refund which it turns out to be is
//! posted by its intent (`domain/intents/bookkeeping.rs`), against suspense.

use super::{Flow, Movement};
use crate::{
    base::{ids::EntryId, money::Currency},
    domain::{
        ledger::{Account, Direction, Draft, EntryKind, Origin, Unbalanced},
        rails::{Rail, Route},
    },
};

/// Where the money is that came by this route: a provider owes it to the merchant, or it is in the
/// merchant's own bank account.
pub fn money_at(route: Route, currency: Currency) -> Account {
    match route.rail {
        Rail::Sandbox | Rail::Stripe | Rail::X402 => {
            Account::rail_clearing(route.rail.as_str(), route.account)
        }
        Rail::BankTransfer => Account::bank(currency, route.account),
    }
}

impl Movement {
    /// Into suspense: the rail holds money of which nobody knows whose it is, or has given away money
    /// for which nobody asked.
    pub fn to_suspense(&self, origin: Origin) -> Result<Draft, Unbalanced> {
        let here = money_at(self.route, self.amount.currency());
        let draft = self.between(here, Account::suspense(), origin)?;
        Ok(draft.with_id(self.entry))
    }

    /// Out of suspense, to the merchant, who gains what came and bears what went.
    pub fn to_merchant(&self, origin: Origin, id: EntryId) -> Result<Draft, Unbalanced> {
        let draft = self.between(Account::suspense(), Account::merchant_pending(), origin)?;
        Ok(draft.with_id(id))
    }

    /// Back into suspense, from the merchant who had it.
    pub fn from_merchant(&self, origin: Origin) -> Result<Draft, Unbalanced> {
        let draft = self.between(Account::merchant_pending(), Account::suspense(), origin)?;
        Ok(draft.with_id(self.entry))
    }

    /// Out of suspense, back to the payer.
    pub fn to_payer(&self, origin: Origin, id: EntryId) -> Result<Draft, Unbalanced> {
        let here = money_at(self.route, self.amount.currency());
        let draft = self.between(Account::suspense(), here, origin)?;
        Ok(draft.with_id(id))
    }

    /// Debits the first account and credits the second with what came; the other way round with what
    /// went.
    fn between(&self, from: Account, to: Account, origin: Origin) -> Result<Draft, Unbalanced> {
        let (debit, credit) = match self.flow {
            Flow::In => (from, to),
            Flow::Out => (to, from),
        };
        let lines = vec![
            (debit, Direction::Debit, self.amount),
            (credit, Direction::Credit, self.amount),
        ];
        let cause = self
            .attempt
            .map_or_else(|| self.external_id.clone(), |attempt| attempt.to_string());
        let draft = Draft::new(EntryKind::Movement, self.id.to_string(), lines)?;
        Ok(draft.with_origin(Origin {
            cause: Some(cause),
            rail: Some(self.route.rail.as_str().to_owned()),
            ..origin
        }))
    }
}
