//! The request to resolve a movement.

use super::Action;
use crate::base::{
    ids::IntentId,
    invalid::{Invalid, read_optional},
};
use serde::Deserialize;

/// The body of `POST /v1/movements/{id}/resolve`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveRequest {
    /// What to do with it.
    action: Action,
    /// The payment intent to assign it to; for `assign` alone.
    #[serde(default)]
    payment_intent: Option<IntentId>,
    /// Why, in your own words. At most 200 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, example = "the guest paid twice")]
    reason: Option<String>,
}

/// What is to be done with a movement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What.
    pub action: Action,
    /// The payment intent that it is assigned to, if it is.
    pub intent: Option<IntentId>,
    /// Why, in the words of the one who decided.
    pub reason: Option<String>,
}

impl ResolveRequest {
    /// The decision, or the field at fault.
    pub fn parse(self) -> Result<Decided, Invalid> {
        let Self {
            action,
            payment_intent: intent,
            reason,
        } = self;
        if (action == Action::Assign) != intent.is_some() {
            let detail = "names the payment intent for `assign`, and is left out otherwise";
            return Err(Invalid::field("/payment_intent", detail));
        }
        let reason = read_optional("/reason", reason, 200)?;
        Ok(Decided {
            action,
            intent,
            reason,
        })
    }
}
