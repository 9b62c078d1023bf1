//! Where a merchant wants to be told, and of what.

use super::EventType;
use crate::{
    ids::{EndpointId, MerchantId},
    net::{Policy, UrlError, check_url},
};
use time::OffsetDateTime;

const LONGEST_URL: usize = 2048;
const LONGEST_DESCRIPTION: usize = 500;
const MOST_PATTERNS: usize = 50;

/// What a merchant gave cannot be an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The URL may not be called.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The URL is longer than 2,048 characters.
    #[error("the URL must have at most {LONGEST_URL} characters")]
    UrlLength,
    /// No event types, or too many.
    #[error("event_types must name 1 to {MOST_PATTERNS} event types")]
    PatternCount,
    /// An event type that does not exist.
    #[error(
        "{0:?} is not an event type: give a type such as payment_intent.succeeded, all of a kind such as payment_intent.*, or *"
    )]
    UnknownType(String),
    /// The description is longer than 500 characters, or holds a NUL.
    #[error(
        "the description must have at most {LONGEST_DESCRIPTION} characters, and none of them NUL"
    )]
    Description,
}

/// Which events an endpoint is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFilter(Vec<String>);

impl EventFilter {
    /// Reads 1 to 50 patterns: a type, `noun.*` or `*`. Each must match some type.
    pub fn parse(patterns: Vec<String>) -> Result<Self, EndpointError> {
        if patterns.is_empty() || patterns.len() > MOST_PATTERNS {
            return Err(EndpointError::PatternCount);
        }
        let unknown = patterns
            .iter()
            .find(|pattern| !EventType::ALL.iter().any(|kind| fits(pattern, *kind)));
        match unknown {
            Some(pattern) => Err(EndpointError::UnknownType(pattern.clone())),
            None => Ok(Self(patterns)),
        }
    }

    /// What was stored, which was parsed before it was stored.
    pub(super) fn stored(patterns: Vec<String>) -> Self {
        Self(patterns)
    }

    /// Whether an event of this kind is wanted.
    pub fn matches(&self, kind: EventType) -> bool {
        self.0.iter().any(|pattern| fits(pattern, kind))
    }

    /// The patterns as they were given.
    pub fn patterns(&self) -> &[String] {
        &self.0
    }
}

fn fits(pattern: &str, kind: EventType) -> bool {
    match pattern.strip_suffix(".*") {
        Some(noun) => noun == kind.noun(),
        None => pattern == "*" || pattern == kind.as_str(),
    }
}

/// Whether an endpoint is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointStatus {
    /// What is due goes out.
    Enabled,
    /// What is due is held until it is enabled again.
    Disabled,
}

impl EndpointStatus {
    /// Its name in the API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }

    /// The status of this name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Enabled, Self::Disabled]
            .into_iter()
            .find(|status| status.as_str() == text)
    }

    const fn of(enabled: bool) -> Self {
        if enabled {
            Self::Enabled
        } else {
            Self::Disabled
        }
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

/// An endpoint that a merchant asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEndpoint {
    url: String,
    events: EventFilter,
    description: Option<String>,
}

impl NewEndpoint {
    /// Checks what was given; `policy` says which addresses may be called.
    pub fn parse(
        url: String,
        event_types: Vec<String>,
        description: Option<String>,
        policy: Policy,
    ) -> Result<Self, EndpointError> {
        Ok(Self {
            url: parse_url(url, policy)?,
            events: EventFilter::parse(event_types)?,
            description: description.map(parse_description).transpose()?,
        })
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

/// The merchant's own words, or none.
type Description = Option<String>;

/// What a merchant wants changed; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointPatch {
    url: Option<String>,
    events: Option<EventFilter>,
    description: Option<Description>,
    status: Option<EndpointStatus>,
}

impl EndpointPatch {
    /// Another URL.
    pub fn url(self, url: String, policy: Policy) -> Result<Self, EndpointError> {
        let url = Some(parse_url(url, policy)?);
        Ok(Self { url, ..self })
    }

    /// Other events.
    pub fn event_types(self, event_types: Vec<String>) -> Result<Self, EndpointError> {
        let events = Some(EventFilter::parse(event_types)?);
        Ok(Self { events, ..self })
    }

    /// Another description, or none.
    pub fn description(self, description: Option<String>) -> Result<Self, EndpointError> {
        let description = Some(description.map(parse_description).transpose()?);
        Ok(Self {
            description,
            ..self
        })
    }

    /// Switches it on or off.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        let status = Some(EndpointStatus::of(enabled));
        Self { status, ..self }
    }
}

impl Endpoint {
    /// The endpoint with the changes made.
    #[must_use]
    pub fn update(self, patch: EndpointPatch, now: OffsetDateTime) -> Self {
        Self {
            url: patch.url.unwrap_or(self.url),
            events: patch.events.unwrap_or(self.events),
            description: patch.description.unwrap_or(self.description),
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

fn parse_url(url: String, policy: Policy) -> Result<String, EndpointError> {
    if url.chars().count() > LONGEST_URL {
        return Err(EndpointError::UrlLength);
    }
    check_url(&url, policy)?;
    Ok(url)
}

fn parse_description(text: String) -> Result<String, EndpointError> {
    if text.chars().count() > LONGEST_DESCRIPTION || text.contains('\0') {
        return Err(EndpointError::Description);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use uuid::Uuid;

    const NOW: OffsetDateTime = datetime!(2026-11-22 06:00:00 UTC);
    const POLICY: Policy = Policy {
        allow_private: false,
    };
    const URL: &str = "https://example.com/hook";

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|&text| text.to_owned()).collect()
    }

    fn parse(url: &str, types: &[&str], about: &str) -> Result<NewEndpoint, EndpointError> {
        NewEndpoint::parse(url.to_owned(), texts(types), Some(about.to_owned()), POLICY)
    }

    fn endpoint() -> Endpoint {
        let ids = (
            MerchantId(Uuid::from_u128(1)),
            EndpointId(Uuid::from_u128(2)),
        );
        let new = parse(URL, &["payment_intent.*", "refund.created"], "mine");
        new.unwrap().create(ids, vec![1], NOW)
    }

    #[test]
    fn is_told_of_what_its_patterns_match() {
        let filter = |list: &[&str]| EventFilter::parse(texts(list)).unwrap();
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
            let refused = parse(URL, &["*", bad], "");
            assert_eq!(refused, Err(EndpointError::UnknownType(bad.to_owned())));
        }
        assert_eq!(parse(URL, &[], ""), Err(EndpointError::PatternCount));
        assert_eq!(parse(URL, &["*"; 51], ""), Err(EndpointError::PatternCount));
        assert!(parse(URL, &["*"; 50], "").is_ok());
    }

    #[test]
    fn refuses_bad_urls_and_long_texts() {
        let local = parse("https://127.0.0.1/", &["*"], "");
        assert_eq!(local, Err(EndpointError::Url(UrlError::Host)));
        let long = format!("https://example.com/{}", "a".repeat(2029));
        assert_eq!(parse(&long, &["*"], ""), Err(EndpointError::UrlLength));
        assert!(parse(&long[..2048], &["*"], &"é".repeat(500)).is_ok());
        let about = parse(URL, &["*"], &"é".repeat(501));
        assert_eq!(about, Err(EndpointError::Description));
        assert_eq!(parse(URL, &["*"], "\0"), Err(EndpointError::Description));
    }

    #[test]
    fn changes_what_is_asked_and_no_more() {
        let later = NOW + time::Duration::HOUR;
        let patch = EndpointPatch::default()
            .url("https://example.org/".to_owned(), POLICY)
            .and_then(|patch| patch.description(None))
            .unwrap();
        let changed = endpoint().update(patch.enabled(false), later);
        assert_eq!(changed.url, "https://example.org/");
        assert_eq!(changed.description, None);
        assert_eq!(changed.status, EndpointStatus::Disabled);
        assert_eq!(changed.events, endpoint().events);
        assert_eq!((changed.created_at, changed.updated_at), (NOW, later));
        assert!(changed.wants(EventType::RefundCreated), "held, not lost");
        let patch = EndpointPatch::default().event_types(texts(&["payment_link.*"]));
        let changed = changed.update(patch.unwrap().enabled(true), later);
        assert!(!changed.wants(EventType::RefundCreated));
        assert!(changed.wants(EventType::LinkCompleted));
        assert!(!changed.delete(later).wants(EventType::LinkCompleted));
        let refused = EndpointPatch::default().url("http://example.org/".to_owned(), POLICY);
        assert_eq!(refused, Err(EndpointError::Url(UrlError::Scheme)));
    }
}
