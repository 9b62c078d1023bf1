//! Attempts as the API gives them.

use super::{Attempt, AttemptStatus};
use crate::{
    base::{
        ids::{AttemptId, IntentId, MovementId, RailAccountId, RefundId},
        mode::Mode,
        timestamp,
    },
    domain::rails::{CallKind, DeclineCode, Rail, x402::TokenAmount},
};
use serde::Serialize;
use time::OffsetDateTime;

/// An attempt: one request to a rail, and what became of it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Attempt)]
pub struct AttemptObject {
    /// Its id, by which the rail knows it.
    id: AttemptId,
    /// Always `attempt`.
    object: &'static str,
    /// Whether real money moves.
    livemode: bool,
    /// The payment intent that it is for.
    payment_intent: IntentId,
    /// The refund that it is for; null unless its kind is `refund`.
    refund: Option<RefundId>,
    /// The charge that it is about; null for charges, and for attempts from before this was kept.
    charge: Option<AttemptId>,
    /// The movement that it takes as the payment or as a refund, or gives back.
    movement: Option<MovementId>,
    /// What the rail is asked to do.
    kind: CallKind,
    /// What is known of it.
    status: AttemptStatus,
    /// The rail.
    rail: Rail,
    /// Your account with its provider; null where it needs none.
    rail_account: Option<RailAccountId>,
    /// What it is called there; null where that is its id.
    rail_reference: Option<String>,
    /// What the payer pays with; null unless its kind is `charge`.
    payment_method: Option<String>,
    /// How much, in major units.
    amount: String,
    /// ISO 4217 code.
    currency: &'static str,
    /// What is paid with, where that is a token of a chain; null else.
    token: Option<TokenAmount>,
    /// Why it failed, if it did.
    decline_code: Option<DeclineCode>,
    /// When it was begun.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    /// When it last changed.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

impl AttemptObject {
    /// The attempt of a merchant of this mode.
    pub fn new(attempt: &Attempt, mode: Mode) -> Self {
        Self {
            id: attempt.id,
            object: "attempt",
            livemode: mode.is_live(),
            payment_intent: attempt.intent,
            refund: attempt.refund,
            charge: attempt.charge,
            movement: attempt.movement,
            kind: attempt.kind,
            status: attempt.status,
            rail: attempt.route.rail,
            rail_account: attempt.route.account,
            rail_reference: attempt.reference.clone(),
            payment_method: attempt
                .method
                .filter(|_| attempt.kind == CallKind::Charge)
                .map(|method| method.to_string()),
            amount: attempt.amount.to_string(),
            currency: attempt.amount.currency().code(),
            token: token(attempt),
            decline_code: attempt.decline_code,
            created_at: attempt.created_at,
            updated_at: attempt.updated_at,
        }
    }
}

fn token(attempt: &Attempt) -> Option<TokenAmount> {
    let stored = attempt.request.as_deref();
    let stored = stored.filter(|_| attempt.route.rail == Rail::X402);
    stored.and_then(TokenAmount::read)
}
