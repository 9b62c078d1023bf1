//! Splitting a movement into several and joining these again, all within suspense: what the rail told
//! stays one movement, by which it is known when it is told again.

use super::movement::unbalanced;
use crate::{
    base::{event_type::EventType, ids::EntryId, money::Money},
    domain::movements::{Done, Movement, Resolution},
    writer::{Rejection, decider::Decider, decision::Decision},
};

impl Decider<'_> {
    /// Splits a movement into parts of these amounts, which sum to its own. The decision does not make
    /// the parts yet: whoever asks for them decides about each.
    pub(in crate::writer) fn split(
        &self,
        movement: &Movement,
        amounts: &[Money],
    ) -> Result<(Vec<Movement>, Decision), Rejection> {
        let (ambient, now) = (self.context.ambient, self.context.now);
        let entry: EntryId = ambient.id();
        let part = |amount: &Money| Movement {
            amount: *amount,
            ..movement.anew((ambient.id(), entry), now)
        };
        let parts: Vec<Movement> = amounts.iter().map(part).collect();
        let draft = movement.to_parts(&parts, entry).map_err(unbalanced)?;
        let done = self.done_within(movement, Done::Split, (entry, None))?;
        Ok((parts, done.booking([draft])))
    }

    /// Joins parts of a movement, which are in suspense, to one again.
    pub(in crate::writer) fn join(
        &self,
        whole: &Movement,
        parts: &[Movement],
        reason: &str,
    ) -> Result<(Movement, Decision), Rejection> {
        let (ambient, now) = (self.context.ambient, self.context.now);
        let again = whole.anew((ambient.id(), ambient.id()), now);
        let draft = again.of_parts(parts).map_err(unbalanced)?;
        let mut decision = self.in_suspense(&again)?.booking([draft]);
        for part in parts {
            let done = self.done_within(part, Done::Join, (again.entry, Some(reason)))?;
            decision = done.and(decision);
        }
        Ok((again, decision))
    }

    /// A movement that is made within suspense.
    pub(in crate::writer) fn in_suspense(
        &self,
        movement: &Movement,
    ) -> Result<Decision, Rejection> {
        let intent = movement.intent.map(|id| self.intent(id)).transpose()?;
        let told = EventType::MovementUnmatched;
        let event = self.movement_event(told, movement, intent.as_ref())?;
        let data = self.print_movement(movement)?;
        let decision = Decision::answer(200, &data).with(movement.clone());
        Ok(decision.causing([event]))
    }

    /// A movement whose money stays in suspense under another name.
    fn done_within(
        &self,
        movement: &Movement,
        action: Done,
        (entry, reason): (EntryId, Option<&str>),
    ) -> Result<Decision, Rejection> {
        let now = self.context.now;
        let resolution = Resolution {
            action,
            intent: None,
            attempt: None,
            entry: Some(entry),
            reason: reason.map(str::to_owned),
            by: self.actor.to_string(),
            at: now,
        };
        self.told_resolved(movement.clone().resolved(resolution, now))
    }
}
