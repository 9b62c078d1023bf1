//! Which journal entries a movement posts. That of a payment or refund which it turns out to be is
//! posted by its intent (`domain/intents/bookkeeping.rs`), against suspense.

use super::{Flow, Movement};
use crate::{
    base::{
        ids::EntryId,
        money::{Currency, Money},
    },
    domain::{
        ledger::{Account, Direction, Draft, EntryKind, Origin, Unbalanced},
        rails::{Rail, Route},
    },
};
use std::iter;

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

    /// Within suspense, under this entry: its money is these movements from now on.
    pub fn to_parts(&self, parts: &[Self], id: EntryId) -> Result<Draft, Unbalanced> {
        let (comes, goes) = self.sides();
        Ok(self.beside(parts, (goes, comes))?.with_id(id))
    }

    /// Within suspense: the money of these movements is this one from now on.
    pub fn of_parts(&self, parts: &[Self]) -> Result<Draft, Unbalanced> {
        let (comes, goes) = self.sides();
        Ok(self.beside(parts, (comes, goes))?.with_id(self.entry))
    }

    /// On which side of suspense it is while it is there, and on which it leaves.
    fn sides(&self) -> (Direction, Direction) {
        match self.flow {
            Flow::In => (Direction::Credit, Direction::Debit),
            Flow::Out => (Direction::Debit, Direction::Credit),
        }
    }

    /// A line in suspense for this movement on the first side, and one for each part on the second.
    fn beside(
        &self,
        parts: &[Self],
        (own, theirs): (Direction, Direction),
    ) -> Result<Draft, Unbalanced> {
        let each = parts.iter().map(|part| (theirs, part.amount));
        let lines = iter::once((own, self.amount)).chain(each);
        let lines = lines.map(|(side, amount)| (Account::suspense(), side, amount));
        self.draft(lines.collect(), Origin::default())
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
        self.draft(lines, origin)
    }

    fn draft(
        &self,
        lines: Vec<(Account, Direction, Money)>,
        origin: Origin,
    ) -> Result<Draft, Unbalanced> {
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
