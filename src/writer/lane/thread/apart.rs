//! Merchants of whom rows are locked elsewhere, other than their books, which the lane can see:
//! an operator has changed one and not committed yet, say. Their commands have a batch of their
//! own for a while, so that nobody else waits for that lock.

use crate::base::ids::MerchantId;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// How long a merchant is kept apart: then its commands may hold up others once more.
const WHILE: Duration = Duration::from_secs(10);

/// Who is kept apart, and until when.
#[derive(Debug, Default)]
pub(super) struct Apart(HashMap<MerchantId, Instant>);

impl Apart {
    /// Keeps these merchants apart from now on.
    pub(super) fn add(&mut self, merchants: impl IntoIterator<Item = MerchantId>, now: Instant) {
        self.0.retain(|_, until| now < *until);
        let until = now + WHILE;
        self.0.extend(merchants.into_iter().map(|m| (m, until)));
    }

    /// Whether this one is kept apart.
    pub(super) fn holds(&self, merchant: MerchantId, now: Instant) -> bool {
        self.0.get(&merchant).is_some_and(|until| now < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_merchant_is_kept_apart_for_a_while() {
        let (mut apart, start) = (Apart::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let [one, other] = [1, 2].map(|n| MerchantId(Uuid::from_u128(n)));
        apart.add([one], start);
        assert!(apart.holds(one, after(9)) && !apart.holds(other, after(9)));
        apart.add([other], after(5));
        assert!(!apart.holds(one, after(10)) && apart.holds(other, after(14)));
        apart.add([], after(15));
        assert!(apart.0.is_empty(), "nobody is remembered for ever");
    }
}
