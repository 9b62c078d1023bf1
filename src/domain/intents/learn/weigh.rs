//! What was seen to move, held against what was asked for.

use super::Told;
use crate::{
    base::money::Money,
    domain::{
        intents::{Attempt, Intent},
        movements::{Flow, Reason, Unexpected},
        rails::{CallKind, DeclineCode, RailAnswer},
    },
};

impl Attempt {
    /// What its intent takes of what was told, and the money that is beside that. A charge of less, or
    /// of another currency, does not pay; of all else what was asked for is taken as done, and the
    /// difference stands apart.
    pub(super) fn weigh(&self, intent: &Intent, told: &Told) -> (RailAnswer, Option<Unexpected>) {
        let (outcome, unexpected) = self.compare(told);
        // What is only held has not moved.
        let moved = !(self.kind == CallKind::Charge && intent.holds());
        (outcome, unexpected.filter(|_| moved))
    }

    /// The same where others have taken the last place of its link, before its money came.
    pub(super) fn without_place(
        &self,
        intent: &Intent,
        told: &Told,
    ) -> (RailAnswer, Option<Unexpected>) {
        let (outcome, unexpected) = self.weigh(intent, told);
        if outcome != RailAnswer::Succeeded {
            return (outcome, unexpected);
        }
        let late = Unexpected {
            reason: Reason::Late,
            flow: Flow::In,
            amount: told.amount.unwrap_or(self.amount),
        };
        let refused = RailAnswer::Declined(DeclineCode::NotPaidInTime);
        (refused, Some(late))
    }

    fn compare(&self, told: &Told) -> (RailAnswer, Option<Unexpected>) {
        let Told {
            outcome, amount, ..
        } = *told;
        let Some(seen) = amount.filter(|seen| outcome == RailAnswer::Succeeded && seen.minor() > 0)
        else {
            return (outcome, None);
        };
        let Some((inward, _)) = self.flows() else {
            return (outcome, None);
        };
        let asked = self.amount;
        let is_less = self.kind == CallKind::Charge && seen.minor() < asked.minor();
        let reason = if seen.currency() != asked.currency() {
            Reason::Currency
        } else if is_less {
            Reason::Under
        } else {
            return (outcome, self.beside_asked(seen));
        };
        let unexpected = Unexpected {
            reason,
            flow: inward,
            amount: seen,
        };
        let wrong = RailAnswer::Declined(DeclineCode::WrongAmount);
        (wrong, Some(unexpected))
    }

    /// What is between what was asked for and what was seen to move, in the same currency.
    fn beside_asked(&self, seen: Money) -> Option<Unexpected> {
        let ((inward, outward), asked) = (self.flows()?, self.amount);
        let more = seen.minor().saturating_sub(asked.minor());
        let (reason, flow) = match more {
            0 => return None,
            1.. => (Reason::Over, inward),
            ..0 => (Reason::Under, outward),
        };
        Some(Unexpected {
            reason,
            flow,
            amount: Money::new(more.saturating_abs(), asked.currency()),
        })
    }

    /// Where its money flows, and where what is less than was asked for stays; none if it moves none.
    fn flows(&self) -> Option<(Flow, Flow)> {
        match self.kind {
            CallKind::Charge | CallKind::Capture => Some((Flow::In, Flow::Out)),
            CallKind::Refund => Some((Flow::Out, Flow::In)),
            CallKind::Void | CallKind::Close => None,
        }
    }

    /// What was seen to move, told after it was taken for what was asked for.
    pub(super) fn difference(&self, intent: &Intent, told: &Told) -> Option<Unexpected> {
        if self.is_other_money(told) {
            return Some(Unexpected {
                reason: Reason::Duplicate,
                flow: Flow::In,
                amount: told.amount.unwrap_or(self.amount),
            });
        }
        let is_held = self.kind == CallKind::Charge && intent.holds();
        let same = |seen: &Money| seen.currency() == self.amount.currency() && seen.minor() > 0;
        let seen = told.amount.filter(same).filter(|_| !is_held)?;
        self.beside_asked(seen)
    }

    /// Whether this is other money than what has paid it: a payer can send it twice.
    fn is_other_money(&self, told: &Told) -> bool {
        let is_push = self.kind == CallKind::Charge && self.route.rail.is_push();
        is_push && told.external_id != self.external_id
    }
}
