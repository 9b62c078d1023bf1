//! What an account at Stripe is set to.

use crate::base::invalid::Invalid;
use crate::domain::rails::bank_transfer::fields::Fields;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Nothing, an object without members: the credentials say whose account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StripeSettings)]
#[serde(deny_unknown_fields)]
pub struct Settings {}

impl Settings {
    /// Reads the object that stands at the JSON pointer `at`.
    pub fn parse(at: &str, value: &Value) -> Result<Self, Invalid> {
        Fields::read(at, value, &[]).map(|_| Self {})
    }
}
