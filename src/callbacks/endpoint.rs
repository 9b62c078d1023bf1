//! Where a merchant wants to be told, and of what.

use super::EventType;
use crate::{
    ids::{EndpointId, MerchantId},
    invalid::Invalid,
};
use time::OffsetDateTime;

const MOST_PATTERNS: usize = 50;

/// Which events an endpoint is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFilter(Vec<String>);

impl EventFilter {
    /// Takes 1 to 50 patterns: a type, `noun.*` or `*`. Each must match some type.
    pub fn parse(patterns: Vec<String>) -> Result<Self, Invalid> {
        if patterns.is_empty() || patterns.len() > MOST_PATTERNS {
            let detail = format!("must name 1 to {MOST_PATTERNS} event types");
            return Err(Invalid::field("/event_types", detail));
        }
        let known = |pattern: &String| EventType::WORDS.iter().any(|word| fits(pattern, word));
        match patterns.iter().position(|pattern| !known(pattern)) {
            None => Ok(Self(patterns)),
            Some(at) => Err(unknown(at, patterns.get(at).map_or("", String::as_str))),
        }
    }

    /// What was stored, which was parsed before it was stored.
    pub(super) fn stored(patterns: Vec<String>) -> Self {
        Self(patterns)
    }

    /// Whether an event of this kind is wanted.
    pub fn matches(&self, kind: EventType) -> bool {
        self.0.iter().any(|pattern| fits(pattern, kind.as_str()))
    }

    /// The patterns as they were given.
    pub fn patterns(&self) -> &[String] {
        &self.0
    }
}

fn unknown(at: usize, pattern: &str) -> Invalid {
    let pattern: String = pattern.chars().take(64).collect();
    let known = EventType::WORDS.join(", ");
    Invalid::field(
        format!("/event_types/{at}"),
        format!(
            "{pattern:?} is not an event type; give a type ({known}), all of a kind such as payment_intent.*, or *"
        ),
    )
}

fn fits(pattern: &str, kind: &str) -> bool {
    match (pattern.strip_suffix(".*"), kind.split_once('.')) {
        (Some(noun), Some((of, _))) => noun == of,
        (Some(_), None) => false,
        (None, _) => pattern == "*" || pattern == kind,
    }
}

crate::names! {
    /// Whether an endpoint is sent to.
    pub enum EndpointStatus {
        /// What is due goes out.
        Enabled = "enabled",
        /// What is due is held until it is enabled again.
        Disabled = "disabled",
    }
}

/// A callback endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Where deliveries are posted to.
    pub url: String,
    /// Which events it is told of.
    pub events: EventFilter,
    /// The merchant's own words.
    pub description: Option<String>,
    /// Whether it is sent to.
    pub status: EndpointStatus,
    /// Its secret as `EndpointSecret::seal` made it.
    pub sealed_secret: Vec<u8>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
    /// When it was deleted, if it was.
    pub deleted_at: Option<OffsetDateTime>,
}

/// An endpoint that a merchant asks for, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEndpoint {
    pub(super) url: String,
    pub(super) events: EventFilter,
    pub(super) description: Option<String>,
}

impl NewEndpoint {
    /// Where deliveries are to be posted to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The endpoint, enabled, with the secret that was made for it.
    pub fn create(
        self,
        (merchant, id): (MerchantId, EndpointId),
        sealed_secret: Vec<u8>,
        now: OffsetDateTime,
    ) -> Endpoint {
        Endpoint {
            id,
            merchant,
            url: self.url,
            events: self.events,
            description: self.description,
            status: EndpointStatus::Enabled,
            sealed_secret,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        }
    }
}

/// What a merchant wants changed, checked; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointPatch {
    pub(super) url: Option<String>,
    pub(super) events: Option<EventFilter>,
    /// An empty one takes the description away.
    pub(super) description: Option<String>,
    pub(super) status: Option<EndpointStatus>,
}

impl EndpointPatch {
    /// Where deliveries are to be posted to from now on, if that is changed.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

impl Endpoint {
    /// The endpoint with the changes made.
    #[must_use]
    pub fn update(self, patch: EndpointPatch, now: OffsetDateTime) -> Self {
        let description = match patch.description {
            Some(text) => Some(text).filter(|text| !text.is_empty()),
            None => self.description,
        };
        Self {
            url: patch.url.unwrap_or(self.url),
            events: patch.events.unwrap_or(self.events),
            description,
            status: patch.status.unwrap_or(self.status),
            updated_at: now,
            ..self
        }
    }

    /// The endpoint deleted: what it is still owed is never sent.
    #[must_use]
    pub fn delete(self, now: OffsetDateTime) -> Self {
        Self {
            updated_at: now,
            deleted_at: Some(now),
            ..self
        }
    }

    /// Whether an event of this kind is owed to it. A disabled endpoint is owed too: its
    /// deliveries are held.
    pub fn wants(&self, kind: EventType) -> bool {
        self.deleted_at.is_none() && self.events.matches(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_told_of_what_its_patterns_match() {
        let filter = |list: &[&str]| {
            EventFilter::parse(list.iter().map(|&text| text.to_owned()).collect()).unwrap()
        };
        for (patterns, kind, matches) in [
            (&["*"][..], EventType::LinkCreated, true),
            (&["payment_intent.*"], EventType::IntentExpired, true),
            (&["payment_intent.*"], EventType::LinkExpired, false),
            (&["refund.failed"], EventType::RefundFailed, true),
            (&["refund.failed"], EventType::RefundSucceeded, false),
            (&["refund.failed", "*"], EventType::RefundSucceeded, true),
        ] {
            assert_eq!(
                filter(patterns).matches(kind),
                matches,
                "{patterns:?} {kind}"
            );
        }
    }
}
