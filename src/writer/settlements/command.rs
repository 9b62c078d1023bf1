//! What can be done with what providers pay out.

use crate::{
    base::ids::MerchantId,
    domain::settlements::{Settlement, SettlementObject, ToldPayout},
    writer::{
        Rejection,
        decider::{Decider, print},
        decision::Decision,
        needs::Needs,
    },
};

/// A step with what a provider pays out.
#[derive(Clone, Debug)]
pub enum SettlementCommand {
    /// Keep what a provider tells of a payout. What is known already changes nothing.
    Keep(Box<ToldPayout>),
}

impl SettlementCommand {
    /// The rows that it names.
    pub(in crate::writer) fn needs(&self, merchant: MerchantId, needs: &mut Needs) {
        let Self::Keep(told) = self;
        needs.settlements.push(told.name(merchant));
    }

    /// What the command comes to.
    pub fn decide(&self, decider: &Decider<'_>) -> Result<Decision, Rejection> {
        let Self::Keep(told) = self;
        let (merchant, at) = (
            decider.merchant,
            (decider.context.ambient, decider.context.now),
        );
        let known = decider.world.settlements.find(&told.name(merchant))?;
        let before = match (known, &told.page) {
            (Some(known), _) => known.clone(),
            (None, Some(_)) => Settlement::new(merchant, told, at),
            // It is kept as soon as all that it pays out is known there.
            (None, None) => return Err(Rejection::NotFound("settlement")),
        };
        let (settlement, lines) = before.learn(told, at);
        let answer = print(&SettlementObject::new(&settlement, decider.mode()?))?;
        let decision = Decision::answer(200, &answer);
        Ok(if known == Some(&settlement) {
            decision
        } else {
            decision.with(settlement).with_all(lines)
        })
    }
}
