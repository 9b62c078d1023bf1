//! Endpoints and deliveries as the API gives them.

use super::{Delivery, DeliveryAttempt, DeliveryStatus, Endpoint, EndpointStatus};
use crate::{
    ids::{DeliveryId, EndpointId, EventId},
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
    #[schema(value_type = String, example = "ep_01kax5m3q8e9h4w2v7t6r5y1zc")]
    id: EndpointId,
    /// Always `callback_endpoint`.
    object: &'static str,
    livemode: bool,
    url: &'a str,
    event_types: &'a [String],
    description: Option<&'a str>,
    status: EndpointStatus,
    /// What verifies the signatures; only in the answer to the request that made the endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

impl<'a> CallbackEndpoint<'a> {
    /// The endpoint without its secret.
    pub fn new(endpoint: &'a Endpoint) -> Self {
        Self {
            id: endpoint.id,
            object: "callback_endpoint",
            livemode: false,
            url: &endpoint.url,
            event_types: endpoint.events.patterns(),
            description: endpoint.description.as_deref(),
            status: endpoint.status,
            secret: None,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }

    /// The answer that makes it, in stored form: the secret stays sealed where it is kept.
    pub fn with_sealed_secret(endpoint: &'a Endpoint) -> Self {
        let secret = Some(format!(
            "{SEALED}{}",
            STANDARD.encode(&endpoint.sealed_secret)
        ));
        Self {
            secret,
            ..Self::new(endpoint)
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
pub struct CallbackDelivery<'a> {
    #[schema(value_type = String, example = "dlv_01kax5m3q8e9h4w2v7t6r5y1zc")]
    id: DeliveryId,
    /// Always `delivery`.
    object: &'static str,
    #[schema(value_type = String, example = "ep_01kax5m3q8e9h4w2v7t6r5y1zc")]
    endpoint: EndpointId,
    #[schema(value_type = String, example = "evt_01kax5m3q8e9h4w2v7t6r5y1zc")]
    event: EventId,
    event_type: &'a str,
    /// The event's `sequence`.
    event_sequence: i64,
    status: DeliveryStatus,
    /// How often it was tried.
    attempts: i32,
    /// When it is tried next, while it is pending.
    #[schema(format = "date-time")]
    next_attempt_at: Option<String>,
    last_attempt: Option<CallbackAttempt<'a>>,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
}

/// One try of a delivery.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CallbackAttempt<'a> {
    /// 1 for the first.
    number: i32,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    started_at: OffsetDateTime,
    duration_ms: i32,
    /// The HTTP status of the answer, if one came.
    status_code: Option<i16>,
    /// Why no answer came.
    error: Option<&'a str>,
    /// The first 4 KiB of the answer's body.
    response: Option<&'a str>,
}

impl<'a> CallbackDelivery<'a> {
    /// The delivery with its last try.
    pub fn new(delivery: &'a Delivery) -> Self {
        let pending = delivery.status == DeliveryStatus::Pending;
        Self {
            id: delivery.id,
            object: "delivery",
            endpoint: delivery.endpoint,
            event: delivery.event,
            event_type: &delivery.event_type,
            event_sequence: delivery.event_sequence,
            status: delivery.status,
            attempts: delivery.attempts,
            next_attempt_at: pending.then(|| timestamp::format(delivery.due_at)),
            last_attempt: delivery.last_attempt.as_ref().map(attempt),
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
