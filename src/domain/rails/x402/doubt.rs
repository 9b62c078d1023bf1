//! Why nobody knows what became of something.

use crate::base::net::SendError;

/// Most characters that are kept of what others say.
const LONGEST: usize = 200;

/// Something may have been done or not, or be so or not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// No answer came.
    #[error("no answer: {0}")]
    NoAnswer(#[from] SendError),
    /// It failed, or somebody on the way did.
    #[error("the answer's status is {0}")]
    Status(u16),
    /// The answer is none that we know, or did not come whole.
    #[error("the answer cannot be read")]
    Unreadable,
    /// It says no by a word that does not mean that nothing moved.
    #[error("the answer is {0:?}")]
    Said(String),
    /// It tells of another payment, or of another chain.
    #[error("the answer is about something else")]
    Foreign,
}

/// What is kept of a text of others.
pub(super) fn told(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(LONGEST).collect()
}
