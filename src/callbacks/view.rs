//! A callback endpoint as the API gives it.

use super::Endpoint;
use crate::{ids::EndpointId, timestamp};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use time::OffsetDateTime;

/// How a sealed secret is marked in a stored answer, until the door opens it.
const SEALED: &str = "sealed.";

/// A callback endpoint.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = CallbackEndpoint)]
pub struct EndpointObject<'a> {
    id: EndpointId,
    /// Always `callback_endpoint`.
    object: &'static str,
    livemode: bool,
    /// Where deliveries are posted to.
    url: &'a str,
    /// The events it is told of: types, `noun.*` or `*`.
    event_types: &'a [String],
    description: Option<&'a str>,
    /// `enabled` or `disabled`. What is due to a disabled endpoint is held.
    status: &'static str,
    /// What its deliveries are signed with; only in the answer that creates it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: Option<String>,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

impl<'a> From<&'a Endpoint> for EndpointObject<'a> {
    fn from(endpoint: &'a Endpoint) -> Self {
        Self {
            id: endpoint.id,
            object: "callback_endpoint",
            livemode: false,
            url: &endpoint.url,
            event_types: endpoint.events.patterns(),
            description: endpoint.description.as_deref(),
            status: endpoint.status.as_str(),
            secret: None,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}

impl<'a> EndpointObject<'a> {
    /// The answer that creates it, in stored form: the secret stays sealed where it is kept.
    pub fn with_sealed_secret(endpoint: &'a Endpoint) -> Self {
        let secret = Some(format!(
            "{SEALED}{}",
            STANDARD.encode(&endpoint.sealed_secret)
        ));
        Self {
            secret,
            ..Self::from(endpoint)
        }
    }
}

/// The stored answer with its secret opened by `open`; unchanged if it holds none.
pub fn open_answer(stored: &str, open: impl FnOnce(&[u8]) -> Option<String>) -> Option<String> {
    let (before, rest) = stored.split_once(&format!(r#""secret":"{SEALED}"#))?;
    let (sealed, after) = rest.split_once('"')?;
    let secret = open(&STANDARD.decode(sealed).ok()?)?;
    Some(format!(r#"{before}"secret":"{secret}"{after}"#))
}
