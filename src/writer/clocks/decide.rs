//! Moving a clock on: no event tells of it, but what it brings about has events of its own.

use super::ClockCommand;
use crate::{
    domain::clocks::{Advance, SandboxClock},
    writer::{
        Rejection,
        decider::{Decider, print},
        decision::Decision,
    },
};

impl ClockCommand {
    /// What the command comes to.
    pub fn decide(&self, decider: &Decider<'_>) -> Result<Decision, Rejection> {
        match self {
            Self::Advance(by) => decider.advance_clock(*by),
        }
    }
}

impl Decider<'_> {
    fn advance_clock(&self, by: Advance) -> Result<Decision, Rejection> {
        const NO_CLOCK: Rejection = Rejection::NotFound("clock");
        if self.mode()?.is_live() {
            return Err(NO_CLOCK);
        }
        let clock = self.world.clocks.get(&self.merchant).ok_or(NO_CLOCK)?;
        let clock = clock.advance(by)?;
        let shown = SandboxClock::new(clock, self.context.outside.now).advanced(by);
        Ok(Decision::answer(200, &print(&shown)?).with(clock))
    }
}
