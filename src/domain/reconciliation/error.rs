//! Why a person cannot decide so about a line of a statement.

use super::LineState;

/// A refusal: nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It is not known yet what we find.
    #[error("the statement is still being read: try again shortly")]
    Processing,
    /// It repeats a line.
    #[error("this line repeats another, which is where its money is: decide about that one")]
    Duplicate,
    /// It is the money that was waited for.
    #[error("this line is the payment or refund that waited for it: there is nothing to decide")]
    Found,
    /// A person has decided about it.
    #[error("somebody has decided about this line: unmatch it first")]
    Decided(LineState),
    /// Nobody has decided about it.
    #[error("nobody has decided about this line: there is nothing to undo")]
    Undecided(LineState),
    /// It moved no money that is booked.
    #[error("nothing is booked of this line: it can only be marked")]
    NotBooked(LineState),
    /// What it paid cannot be unrelated.
    #[error("this line has paid a payment intent: resolve its movement, which is the rest")]
    HasPaid(LineState),
}

impl LineError {
    /// What the line comes to as it is.
    pub fn status(self) -> LineState {
        match self {
            Self::Processing => LineState::Processing,
            Self::Duplicate => LineState::Duplicate,
            Self::Found => LineState::Matched,
            Self::Decided(state)
            | Self::Undecided(state)
            | Self::NotBooked(state)
            | Self::HasPaid(state) => state,
        }
    }
}
