//! A failure of the benchmark, in words.

use crate::program::ProgramError;

/// What went wrong in words.
pub(super) fn failed(error: impl std::fmt::Display) -> ProgramError {
    ProgramError::Failed(error.to_string())
}
