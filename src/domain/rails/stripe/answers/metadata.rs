//! What Stripe keeps for us with its objects.

use super::super::calls::ATTEMPT;
use crate::base::ids::AttemptId;
use std::collections::BTreeMap;

/// What Stripe keeps for us, by name.
pub(super) type Metadata = BTreeMap<String, String>;

/// Our attempt, as it is named there.
pub(super) fn attempt(metadata: Option<&Metadata>) -> Option<AttemptId> {
    metadata?.get(ATTEMPT)?.parse().ok()
}
