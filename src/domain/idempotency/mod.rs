//! Idempotency: one key, one effect, one answer, in the transaction of the effect.

mod key;
pub mod store;

pub use key::{Fingerprint, IdempotencyKey, KeyError};

/// A request's claim on a key: which key, and for which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The caller's name for the effect.
    pub key: IdempotencyKey,
    /// What the request is.
    pub fingerprint: Fingerprint,
}

/// The answer of a finished request: what every later request with its key gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON, in stored form: it names pages by id, never by token.
    pub body: Vec<u8>,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The request that the key was first used for.
    pub fingerprint: Fingerprint,
    /// Its answer; none while it runs.
    pub answer: Option<Answer>,
}

/// What a claim meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The key is new: do the work.
    Fresh,
    /// The work was done: give the answer again.
    Replay(Answer),
    /// The work is being done.
    InProgress,
    /// The key was used for another request.
    Mismatch,
}

impl Claim {
    /// Holds the claim against what is known of its key.
    pub fn standing(&self, known: Option<&KeyRecord>) -> Standing {
        match known {
            None => Standing::Fresh,
            Some(record) if record.fingerprint != self.fingerprint => Standing::Mismatch,
            Some(KeyRecord {
                answer: Some(answer),
                ..
            }) => Standing::Replay(answer.clone()),
            Some(KeyRecord { answer: None, .. }) => Standing::InProgress,
        }
    }
}
