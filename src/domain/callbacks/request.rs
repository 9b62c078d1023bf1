//! What a merchant sends to make or change an endpoint.

use super::{EndpointPatch, EndpointStatus, EventFilter, EventPattern, NewEndpoint, Ordering};
use crate::base::{
    invalid::{Invalid, read_optional, read_text},
    net::{Policy, check_url},
    patch::{Patch, given},
    problem::ProblemCode,
};
use serde::Deserialize;
use time::Duration;

const LONGEST_OVERLAP: Duration = Duration::days(7);
const LONGEST_URL: usize = 2048;
const LONGEST_DESCRIPTION: usize = 500;

/// The body of `POST /v1/callback_endpoints`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointRequest {
    /// Where deliveries are posted to: a public `https` address of at most 2,048 characters.
    #[schema(
        format = "uri",
        max_length = 2048,
        example = "https://example.com/hook"
    )]
    url: String,
    /// 1 to 50 event types; `payment_intent.*` stands for all of a kind, `*` for all. All events if
    /// left out.
    #[serde(default)]
    #[schema(value_type = Option<Vec<EventPattern>>, min_items = 1, max_items = 50, example = json!(["payment_intent.*"]))]
    event_types: Option<Vec<String>>,
    /// Your own words. At most 500 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    description: Option<String>,
    /// `intent`, the default: events of one payment intent arrive one after the other. `none`:
    /// all arrive as they come.
    #[serde(default)]
    ordering: Option<Ordering>,
    /// Whether deliveries also carry a `Stripe-Signature` header, made with the same secret, for
    /// bots that verify with Stripe's libraries. `false` if left out.
    #[serde(default)]
    stripe_signature: bool,
}

impl EndpointRequest {
    /// The endpoint that is asked for, or the first field at fault. `policy` says which
    /// addresses may be called.
    pub fn check(self, policy: &Policy) -> Result<NewEndpoint, Invalid> {
        let description = read_optional("/description", self.description, LONGEST_DESCRIPTION)?;
        let events = self.event_types.map(EventFilter::parse).transpose()?;
        Ok(NewEndpoint {
            url: parse_url(self.url, policy)?,
            events: events.unwrap_or_else(EventFilter::all),
            description,
            ordering: self.ordering.unwrap_or(Ordering::Intent),
            stripe_signature: self.stripe_signature,
        })
    }
}

/// The body of `PATCH /v1/callback_endpoints/{id}`, a JSON merge patch (RFC 7396): what is left out
/// stays as it is, and null makes it as if it had been left out when the endpoint was made.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointChanges {
    /// Another address.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, format = "uri", max_length = 2048)]
    url: Option<String>,
    /// Other event types; null for all events.
    #[serde(default)]
    #[schema(value_type = Option<Vec<EventPattern>>, min_items = 1, max_items = 50)]
    event_types: Patch<Vec<String>>,
    /// Other words; null or an empty text takes them away.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    description: Patch<String>,
    /// `false` holds all deliveries, `true` sends what was held.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    enabled: Option<bool>,
    /// Another order; null for `intent`.
    #[serde(default)]
    #[schema(value_type = Option<Ordering>)]
    ordering: Patch<Ordering>,
    /// With or without the `Stripe-Signature` header; null for without.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    stripe_signature: Patch<bool>,
}

impl EndpointChanges {
    /// The changes that are asked for, or the first field at fault.
    pub fn check(self, policy: &Policy) -> Result<EndpointPatch, Invalid> {
        let description = match self.description {
            Patch::Set(text) if text.is_empty() => Patch::Clear,
            Patch::Set(text) => Patch::Set(read_text("/description", &text, LONGEST_DESCRIPTION)?),
            same @ (Patch::Keep | Patch::Clear) => same,
        };
        let status = |enabled| {
            if enabled {
                EndpointStatus::Enabled
            } else {
                EndpointStatus::Disabled
            }
        };
        let all = vec!["*".to_owned()];
        let events = self.event_types.or_default(all);
        Ok(EndpointPatch {
            url: self.url.map(|url| parse_url(url, policy)).transpose()?,
            events: events.map(EventFilter::parse).transpose()?,
            description,
            status: self.enabled.map(status),
            ordering: self.ordering.or_default(Ordering::Intent),
            stripe_signature: self.stripe_signature.or_default(false),
        })
    }
}

/// The body of `POST /v1/callback_endpoints/{id}/rotate_secret`.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateRequest {
    /// For how many seconds the secret that is replaced still signs beside the new one: 0 to
    /// 604,800 (7 days); 86,400 (a day) if left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 604_800)]
    overlap: Option<i64>,
}

impl RotateRequest {
    /// How long the old secret signs on.
    pub fn check(self) -> Result<Duration, Invalid> {
        let overlap = Duration::seconds(self.overlap.unwrap_or(86_400));
        if (Duration::ZERO..=LONGEST_OVERLAP).contains(&overlap) {
            Ok(overlap)
        } else {
            let detail = "must be an integer of seconds from 0 to 604800 (7 days)";
            Err(Invalid::field("/overlap", detail))
        }
    }
}

fn parse_url(url: String, policy: &Policy) -> Result<String, Invalid> {
    let length = url.chars().count();
    if length > LONGEST_URL {
        let detail = format!("must have at most {LONGEST_URL} characters, it has {length}");
        return Err(Invalid::field("/url", detail));
    }
    match check_url(&url, policy) {
        Ok(_) => Ok(url),
        Err(error) => Err(Invalid::coded(
            ProblemCode::EndpointNotAllowed,
            "/url",
            error.to_string(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::{
            event_type::EventType,
            ids::{EndpointId, MerchantId},
        },
        domain::callbacks::Endpoint,
    };
    use serde_json::{Value, json};
    use time::{OffsetDateTime, macros::datetime};
    use uuid::Uuid;

    const NOW: OffsetDateTime = datetime!(2026-11-22 06:00:00 UTC);
    const URL: &str = "https://example.com/hook";

    fn check(body: Value) -> Result<NewEndpoint, Invalid> {
        let request: EndpointRequest = serde_json::from_value(body).unwrap();
        request.check(&Policy::default())
    }

    fn change(body: Value) -> Result<EndpointPatch, Invalid> {
        let changes: EndpointChanges = serde_json::from_value(body).unwrap();
        changes.check(&Policy::default())
    }

    fn endpoint() -> Endpoint {
        let types = ["payment_intent.*", "refund.created"];
        let new = check(json!({"url": URL, "event_types": types, "description": "mine"}));
        let ids = (
            MerchantId(Uuid::from_u128(1)),
            EndpointId(Uuid::from_u128(2)),
        );
        new.unwrap().create(ids, None, NOW)
    }

    #[test]
    fn refuses_unknown_event_types_by_name() {
        for bad in [
            "",
            "payment",
            "payment.*",
            "payment_*",
            "**",
            ".*",
            "*.created",
            "refund",
        ] {
            let refused = check(json!({"url": URL, "event_types": ["*", bad]})).unwrap_err();
            assert_eq!(refused.param, "/event_types/1");
            assert!(refused.detail.contains(&format!("{bad:?}")), "{refused}");
        }
        for (count, allowed) in [(0, false), (50, true), (51, false)] {
            let types = vec!["*"; count];
            let checked = check(json!({"url": URL, "event_types": types}));
            assert_eq!(checked.is_ok(), allowed, "{count}");
        }
    }

    #[test]
    fn refuses_bad_urls_and_long_texts() {
        let all = ["*"];
        let local = check(json!({"url": "https://127.0.0.1/", "event_types": all})).unwrap_err();
        assert_eq!(
            (local.code, local.param.as_str()),
            (ProblemCode::EndpointNotAllowed, "/url")
        );
        let long = format!("https://example.com/{}", "a".repeat(2029));
        assert!(check(json!({"url": long, "event_types": all})).is_err());
        assert!(check(json!({"url": long[..2048], "event_types": all})).is_ok());
        for (text, allowed) in [
            ("é".repeat(500), true),
            ("é".repeat(501), false),
            ("\0".to_owned(), false),
        ] {
            let checked = check(json!({"url": URL, "event_types": all, "description": text}));
            assert_eq!(checked.is_ok(), allowed);
        }
    }

    #[test]
    fn changes_what_is_asked_and_no_more() {
        let later = NOW + time::Duration::HOUR;
        let patch = json!({"url": "https://example.org/", "description": "", "enabled": false});
        let changed = endpoint().update(change(patch).unwrap(), later);
        assert_eq!(changed.url, "https://example.org/");
        assert_eq!(changed.description, None);
        assert_eq!(changed.status, EndpointStatus::Disabled);
        assert_eq!(changed.events, endpoint().events);
        assert_eq!((changed.created_at, changed.updated_at), (NOW, later));
        assert!(changed.wants(EventType::RefundCreated), "held, not lost");
        let patch = json!({"event_types": ["payment_link.*"], "enabled": true});
        let changed = changed.update(change(patch).unwrap(), later);
        assert_eq!(changed.status, EndpointStatus::Enabled);
        assert!(!changed.wants(EventType::RefundCreated));
        assert!(changed.wants(EventType::LinkCompleted));
        assert!(!changed.delete(later).wants(EventType::LinkCompleted));
        for same in [
            json!({}),
            json!({"url": URL, "description": "mine", "enabled": true}),
        ] {
            assert_eq!(endpoint().update(change(same).unwrap(), later), endpoint());
        }
        let cleared = json!({"description": null, "event_types": null, "ordering": null});
        let cleared = endpoint().update(change(cleared).unwrap(), later);
        assert_eq!((cleared.description, cleared.updated_at), (None, later));
        assert_eq!(cleared.events.patterns(), ["*"]);
        assert!(change(json!({"url": "http://example.org/"})).is_err());
    }
}
