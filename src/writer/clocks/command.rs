//! What can be done with a clock.

use crate::{base::ids::MerchantId, domain::clocks::Advance, writer::needs::Needs};

/// A change of a test merchant's clock.
#[derive(Clone, Copy, Debug)]
pub enum ClockCommand {
    /// Move it on.
    Advance(Advance),
}

impl ClockCommand {
    /// The rows that it names: none, since every batch knows its merchants' clocks.
    pub(in crate::writer) fn needs(&self, _: MerchantId, _: &mut Needs) {
        match self {
            Self::Advance(_) => {}
        }
    }
}
