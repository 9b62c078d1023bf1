//! Why a movement cannot be resolved as was asked.

use super::Action;

/// A refusal: nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MovementError {
    /// It was resolved before.
    #[error("this movement was resolved before: its resolution stands")]
    Resolved,
    /// The rail is being asked to give it back.
    #[error("the rail is asked to give this movement back: wait for its answer")]
    Refunding,
    /// This cannot be done with it.
    #[error("this movement does not take {action}: {why}")]
    NotPossible {
        /// What was asked.
        action: Action,
        /// Why not, and what to do.
        why: &'static str,
    },
    /// What was done with it stands.
    #[error("what was decided about this movement cannot be undone: {0}")]
    NotUndone(&'static str),
}
