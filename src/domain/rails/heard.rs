//! What a provider's answers say of the account that it is asked by, whatever they say of the money.

use std::sync::{Mutex, PoisonError};

/// What one exchange with a provider says of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// The provider takes calls by it, be they granted or declined.
    Taken,
    /// The provider gives no answer that can be read, fails, or does not take the account.
    Failed,
}

/// The last sign of the exchanges that one call takes.
#[derive(Debug, Default)]
pub struct Heard(Mutex<Option<Sign>>);

impl Heard {
    /// Hears a sign; an exchange that says nothing of the account has none.
    pub fn hear(&self, sign: Option<Sign>) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = sign.or(*last);
    }

    /// The last sign, if there was any.
    pub fn last(&self) -> Option<Sign> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sign_counts() {
        let heard = Heard::default();
        assert_eq!(heard.last(), None);
        for sign in [Some(Sign::Failed), Some(Sign::Taken), None] {
            heard.hear(sign);
        }
        assert_eq!(heard.last(), Some(Sign::Taken));
    }
}
