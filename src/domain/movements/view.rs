//! Movements as the API gives them.

use super::{Action, Done, Flow, Movement, MovementStatus, Reason};
use crate::{
    base::{
        ids::{AttemptId, EntryId, IntentId, MovementId, RailAccountId},
        mode::Mode,
        timestamp,
    },
    domain::rails::Rail,
};
use serde::Serialize;
use time::OffsetDateTime;

/// Money that came or went at a rail and that no payment intent waits for. It is in `suspense` until
/// it is resolved.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Movement)]
pub struct MovementObject<'a> {
    /// Its id.
    id: MovementId,
    /// Always `movement`.
    object: &'static str,
    /// Whether real money moves.
    livemode: bool,
    /// The rail.
    rail: Rail,
    /// Your account with its provider; null where it needs none.
    rail_account: Option<RailAccountId>,
    /// What the rail calls it; the id of the attempt where the rail has no other name for it; the id of
    /// the movement that it was before what was decided about that was undone.
    external_id: &'a str,
    /// Whether money came or went.
    direction: Flow,
    /// How much, in major units.
    amount: String,
    /// ISO 4217 code.
    currency: &'static str,
    /// When it moved: as the rail says, else when it was heard of.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    occurred_at: OffsetDateTime,
    /// Whether it is in suspense.
    status: MovementStatus,
    /// Why nothing waits for it.
    reason: Reason,
    /// The payment intent that it is probably for.
    payment_intent: Option<IntentId>,
    /// The attempt that the rail told it of.
    attempt: Option<AttemptId>,
    /// What most people would do with it; null once something is done.
    proposal: Option<Action>,
    /// The entry that booked it to suspense.
    journal_entry: EntryId,
    /// What is done with it; null until somebody decides.
    resolution: Option<ResolutionObject<'a>>,
    /// When it was heard of.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    /// When it last changed.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

/// What is done with a movement.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MovementResolution)]
pub struct ResolutionObject<'a> {
    /// What: by `split` its money is several movements since, and by `join` one with that of others.
    action: Done,
    /// The payment intent that it went to, or was a refund of.
    payment_intent: Option<IntentId>,
    /// The attempt at giving it back; null for all but `refund`.
    attempt: Option<AttemptId>,
    /// The entry that took it out of suspense; null while the rail is asked to give it back.
    journal_entry: Option<EntryId>,
    /// Why, in the words of the one who decided.
    reason: Option<&'a str>,
    /// Who decided: an API key (`key_…`) or `operator`.
    resolved_by: &'a str,
    /// When.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    resolved_at: OffsetDateTime,
}

impl<'a> MovementObject<'a> {
    /// The movement of a merchant of this mode.
    pub fn new(movement: &'a Movement, mode: Mode) -> Self {
        let resolution = movement.resolution.as_ref();
        let resolution = resolution.map(|resolution| ResolutionObject {
            action: resolution.action,
            payment_intent: resolution.intent,
            attempt: resolution.attempt,
            journal_entry: resolution.entry,
            reason: resolution.reason.as_deref(),
            resolved_by: &resolution.by,
            resolved_at: resolution.at,
        });
        Self {
            id: movement.id,
            object: "movement",
            livemode: mode.is_live(),
            rail: movement.route.rail,
            rail_account: movement.route.account,
            external_id: &movement.external_id,
            direction: movement.flow,
            amount: movement.amount.to_string(),
            currency: movement.amount.currency().code(),
            occurred_at: movement.occurred_at,
            status: movement.status(),
            reason: movement.reason,
            payment_intent: movement.intent,
            attempt: movement.attempt,
            proposal: resolution.is_none().then(|| movement.proposal()),
            journal_entry: movement.entry,
            resolution,
            created_at: movement.created_at,
            updated_at: movement.updated_at,
        }
    }
}
