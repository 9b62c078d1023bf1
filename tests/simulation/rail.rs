//! A rail that knows the truth. It does each call at most once, by its attempt, and tells what
//! became of it when asked again; only its answers get lost.

use super::dice::{Dice, mix, random_part};
use futures_util::FutureExt;
use std::collections::BTreeMap;
use threadpay::{
    base::ids::AttemptId,
    domain::{
        intents::{Attempt, AttemptStatus},
        rails::{CallKind, DeclineCode, RailAnswer, RailCall},
    },
};

#[derive(Debug)]
pub struct ModelRail {
    seed: u64,
    truth: BTreeMap<AttemptId, RailAnswer>,
}

impl ModelRail {
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            truth: BTreeMap::new(),
        }
    }

    /// Sends a call; the answer is lost where it must be, and with a method that times out.
    pub fn send(&mut self, call: &RailCall, lost: bool) -> RailAnswer {
        let truth = self.look_up(call);
        let sandbox = call.rail.send(call).now_or_never();
        if lost || sandbox == Some(RailAnswer::Unknown) {
            RailAnswer::Unknown
        } else {
            truth
        }
    }

    /// What became of a call, or becomes of it now if it never arrived.
    pub fn look_up(&mut self, call: &RailCall) -> RailAnswer {
        let mut dice = Dice::new(mix(&[self.seed, random_part(call.attempt.0)]));
        let fresh = || match call.kind {
            CallKind::Charge => call.rail.look_up(call).now_or_never().unwrap(),
            CallKind::Capture | CallKind::Void | CallKind::Refund => match dice.below(10) {
                0 => RailAnswer::Declined(DeclineCode::ProcessingError),
                1 => RailAnswer::Pending,
                _ => RailAnswer::Succeeded,
            },
        };
        *self.truth.entry(call.attempt).or_insert_with(fresh)
    }

    /// Takes what a new attempt was answered at once as the truth.
    pub fn hear(&mut self, attempt: &Attempt) {
        let answer = match attempt.status {
            AttemptStatus::Started | AttemptStatus::Unknown => return,
            AttemptStatus::Pending => RailAnswer::Pending,
            AttemptStatus::RequiresAction => RailAnswer::RequiresAction,
            AttemptStatus::Succeeded => RailAnswer::Succeeded,
            AttemptStatus::Failed => RailAnswer::Declined(attempt.decline_code.unwrap()),
        };
        self.truth.insert(attempt.id, answer);
    }

    /// What became of a call that arrived.
    pub fn truth(&self, attempt: AttemptId) -> Option<RailAnswer> {
        self.truth.get(&attempt).copied()
    }

    /// The payer acted, or the outcome came.
    pub fn settle(&mut self, attempt: AttemptId, outcome: RailAnswer) {
        self.truth.insert(attempt, outcome);
    }

    /// What only waits for time goes through.
    pub fn settle_pending(&mut self, wanted: impl Fn(AttemptId) -> bool) {
        for (attempt, truth) in &mut self.truth {
            if *truth == RailAnswer::Pending && wanted(*attempt) {
                *truth = RailAnswer::Succeeded;
            }
        }
    }
}
