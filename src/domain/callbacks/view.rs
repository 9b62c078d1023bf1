//! Endpoints and deliveries as the API gives them.

use super::{
    Delivery, DeliveryAttempt, DeliveryStatus, Endpoint, EndpointHealth, EndpointStatus, Ordering,
    print_public_key,
};
use crate::base::{
    ids::{DeliveryId, EndpointId, EventId},
    mode::Mode,
    names::Word,
    timestamp,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use time::OffsetDateTime;

/// How a sealed secret is marked in a stored answer, until the door opens it.
const SEALED: &str = "sealed.";

/// A callback endpoint.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CallbackEndpoint<'a> {
    /// Its id.
    id: EndpointId,
    /// Always `callback_endpoint`.
    object: &'static str,
    /// Whether it is sent events of real money.
    livemode: bool,
    /// Where deliveries are posted to.
    #[schema(example = "https://bot.example.com/threadpay")]
    url: &'a str,
    /// What it is sent: event types, `payment_intent.*` for all of a kind, `*` for all.
    #[schema(example = json!(["payment_intent.*"]))]
    event_types: &'a [String],
    /// Your own words.
    description: Option<&'a str>,
    /// While it is disabled, deliveries are held.
    #[schema(value_type = EndpointStatus)]
    status: &'a Word<EndpointStatus>,
    /// Why it is disabled, if it is.
    disabled_reason: Option<&'a str>,
    /// How it takes what it is sent.
    health: EndpointHealth,
    /// Whether events of one payment intent arrive one after the other.
    #[schema(value_type = Ordering)]
    ordering: &'a Word<Ordering>,
    /// Whether deliveries also carry a `Stripe-Signature` header.
    stripe_signature: bool,
    /// What verifies the `v1` signatures; only in the answer to the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: Option<String>,
    /// What verifies the `v1a` signatures. `null` where the secret is from a version that did
    /// not make them: rotate it.
    #[schema(example = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=")]
    public_key: Option<String>,
    /// Who made it: an API key (`key_…`) or `operator`; `null` for those from before this was kept.
    #[schema(example = "key_01k0000000000000000000000")]
    created_by: Option<&'a str>,
    /// When it was made.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    /// When it was last changed.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

impl<'a> CallbackEndpoint<'a> {
    /// The endpoint without its secret, as one that was made or changed just now.
    pub fn new(endpoint: &'a Endpoint, mode: Mode) -> Self {
        Self {
            id: endpoint.id,
            object: "callback_endpoint",
            livemode: mode.is_live(),
            url: &endpoint.url,
            event_types: endpoint.events.patterns(),
            description: endpoint.description.as_deref(),
            status: &endpoint.status,
            disabled_reason: endpoint.disabled_reason.as_deref(),
            health: EndpointHealth::HEALTHY,
            ordering: &endpoint.ordering,
            stripe_signature: endpoint.stripe_signature,
            secret: None,
            public_key: endpoint.public_key.as_ref().map(print_public_key),
            created_by: endpoint.created_by.as_deref(),
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }

    /// The endpoint with what is known of its health.
    pub fn with_health(endpoint: &'a Endpoint, mode: Mode, health: Option<EndpointHealth>) -> Self {
        Self {
            health: health.unwrap_or(EndpointHealth::HEALTHY),
            ..Self::new(endpoint, mode)
        }
    }

    /// The endpoint with a secret that was made for it, in stored form: the secret stays sealed
    /// where the answer is kept.
    pub fn with_sealed_secret(endpoint: &'a Endpoint, mode: Mode, sealed: &[u8]) -> Self {
        Self {
            secret: Some(format!("{SEALED}{}", STANDARD.encode(sealed))),
            ..Self::new(endpoint, mode)
        }
    }
}

/// That an endpoint is deleted.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DeletedCallbackEndpoint)]
pub struct DeletedEndpoint {
    /// The endpoint's id.
    id: EndpointId,
    /// Always `callback_endpoint`.
    object: &'static str,
    /// Always `true`.
    deleted: bool,
}

impl From<EndpointId> for DeletedEndpoint {
    fn from(id: EndpointId) -> Self {
        Self {
            id,
            object: "callback_endpoint",
            deleted: true,
        }
    }
}

/// A stored answer with its secret opened by `open`; `None` if it holds none.
pub fn open_answer(stored: &str, open: impl FnOnce(&[u8]) -> Option<String>) -> Option<String> {
    let (before, rest) = stored.split_once(&format!(r#""secret":"{SEALED}"#))?;
    let (sealed, after) = rest.split_once('"')?;
    let secret = open(&STANDARD.decode(sealed).ok()?)?;
    Some(format!(r#"{before}"secret":"{secret}"{after}"#))
}

/// A delivery of one event to one endpoint.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Delivery)]
pub struct CallbackDelivery<'a> {
    /// Its id.
    id: DeliveryId,
    /// Always `delivery`.
    object: &'static str,
    /// The endpoint that it goes to.
    endpoint: EndpointId,
    /// The event that it tells.
    event: EventId,
    /// The event's `type`.
    event_type: &'a str,
    /// The event's `sequence`.
    event_sequence: i64,
    /// Its status.
    #[schema(value_type = DeliveryStatus)]
    status: &'a Word<DeliveryStatus>,
    /// When it is attempted next, while it is pending: not before its endpoint's pause is over.
    #[schema(format = "date-time")]
    next_attempt_at: Option<String>,
    /// How many attempts there were.
    attempts_count: i32,
    /// The attempts that ended, the first first.
    attempts: Vec<CallbackAttempt<'a>>,
    /// When it was made.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
}

/// One attempt of a delivery.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DeliveryAttempt)]
pub struct CallbackAttempt<'a> {
    /// 1 for the first.
    number: i32,
    /// When it began.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    started_at: OffsetDateTime,
    /// How long it took, in milliseconds.
    duration_ms: i32,
    /// The HTTP status of the answer, if one came.
    status_code: Option<i16>,
    /// Why no answer came.
    error: Option<&'a str>,
    /// The first 4 KiB of the answer's body.
    response: Option<&'a str>,
}

impl<'a> CallbackDelivery<'a> {
    /// The delivery with its attempts.
    pub fn new(delivery: &'a Delivery) -> Self {
        let pending = delivery.status == DeliveryStatus::Pending;
        Self {
            id: delivery.id,
            object: "delivery",
            endpoint: delivery.endpoint,
            event: delivery.event,
            event_type: &delivery.event_type,
            event_sequence: delivery.event_sequence,
            status: &delivery.status,
            next_attempt_at: pending.then(|| timestamp::format(delivery.due_at)),
            attempts_count: delivery.attempts_count,
            attempts: delivery.attempts.iter().map(attempt).collect(),
            created_at: delivery.created_at,
        }
    }
}

fn attempt(attempt: &DeliveryAttempt) -> CallbackAttempt<'_> {
    CallbackAttempt {
        number: attempt.number,
        started_at: attempt.started_at,
        duration_ms: attempt.duration_ms,
        status_code: attempt.status_code,
        error: attempt.error.as_deref(),
        response: attempt.response.as_deref(),
    }
}
