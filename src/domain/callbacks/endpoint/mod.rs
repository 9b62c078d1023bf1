//! Where a merchant wants events sent, and which.

use super::TooManyPings;
use crate::base::{
    event_type::EventType,
    ids::{EndpointId, MerchantId, ReplayId},
    invalid::Invalid,
    names::Word,
    net::normal_form,
    patch::Patch,
    timestamp,
};
use std::{collections::BTreeSet, fmt};
use time::OffsetDateTime;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

const MOST_PATTERNS: usize = 50;

/// What a caller may name: a type, all of a kind, or all.
#[derive(Clone, Copy, Debug)]
pub enum EventPattern {}

impl PartialSchema for EventPattern {
    /// A pattern and no list of words: programs make names of those, and `*` is none.
    fn schema() -> RefOr<Schema> {
        let nouns = EventType::WORDS
            .iter()
            .filter_map(|word| word.split_once('.'));
        let nouns: BTreeSet<&str> = nouns.map(|(noun, _)| noun).collect();
        let nouns: Vec<&str> = nouns.into_iter().collect();
        let types = EventType::WORDS.join("|").replace('.', r"\.");
        let pattern = format!(r"^(\*|({})\.\*|{types})$", nouns.join("|"));
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "A type of events, all of a kind such as `payment_intent.*`, or `*` for all.",
            ))
            .pattern(Some(pattern))
            .examples(["payment_intent.*"])
            .into()
    }
}

impl ToSchema for EventPattern {}

/// Which events an endpoint is sent.
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

    /// All events.
    pub fn all() -> Self {
        Self(vec!["*".to_owned()])
    }

    /// What was stored, which was parsed before it was stored.
    pub(super) fn stored(patterns: Vec<String>) -> Self {
        Self(patterns)
    }

    /// Whether an event of this kind is wanted.
    pub fn matches(&self, kind: EventType) -> bool {
        self.0.iter().any(|pattern| fits(pattern, kind.as_str()))
    }

    /// Whether an event of this kind is sent when a part of the feed is replayed: pings are not.
    pub(super) fn replays(&self, kind: &str) -> bool {
        kind != EventType::Ping.as_str() && self.0.iter().any(|pattern| fits(pattern, kind))
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

crate::names! {
    /// In which order an endpoint is sent its events.
    pub enum Ordering {
        /// Events of one payment intent one after the other; all else as it comes.
        Intent = "intent",
        /// All as it comes.
        None = "none",
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
    /// Which events it is sent.
    pub events: EventFilter,
    /// The merchant's own words.
    pub description: Option<String>,
    /// Whether it is sent to.
    pub status: Word<EndpointStatus>,
    /// Why it is disabled, if it is: a sentence for its owner.
    pub disabled_reason: Option<String>,
    /// In which order it is sent to.
    pub ordering: Word<Ordering>,
    /// Whether deliveries also carry a header of the form that Stripe's libraries verify.
    pub stripe_signature: bool,
    /// The Ed25519 key that verifies the `v1a` signatures of its newest secret.
    pub public_key: Option<[u8; 32]>,
    /// Who made it; not known of endpoints from before this was kept.
    pub created_by: Option<String>,
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
    pub(super) ordering: Ordering,
    pub(super) stripe_signature: bool,
}

impl NewEndpoint {
    /// Where deliveries are to be posted to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The endpoint, enabled, with the key of the secret that was made for it.
    pub fn create(
        self,
        (merchant, id): (MerchantId, EndpointId),
        public_key: Option<[u8; 32]>,
        now: OffsetDateTime,
    ) -> Endpoint {
        Endpoint {
            id,
            merchant,
            url: self.url,
            events: self.events,
            description: self.description,
            status: EndpointStatus::Enabled.into(),
            disabled_reason: None,
            ordering: self.ordering.into(),
            stripe_signature: self.stripe_signature,
            public_key,
            created_by: None,
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
    pub(super) description: Patch<String>,
    pub(super) status: Option<EndpointStatus>,
    pub(super) ordering: Option<Ordering>,
    pub(super) stripe_signature: Option<bool>,
}

impl EndpointPatch {
    /// Where deliveries are to be posted to from now on, if that is changed.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

impl Endpoint {
    /// The endpoint with the changes made. What changes nothing does not count as a change.
    #[must_use]
    pub fn update(self, patch: EndpointPatch, now: OffsetDateTime) -> Self {
        let before = self.clone();
        let status = patch.status.map_or(before.status, Word::Known);
        let disabled_reason = match (&status, before.disabled_reason) {
            (Word::Known(EndpointStatus::Enabled), _) => None,
            (Word::Known(EndpointStatus::Disabled), None) => {
                Some("It was disabled by hand.".to_owned())
            }
            (Word::Known(EndpointStatus::Disabled) | Word::Other(_), reason) => reason,
        };
        let after = Self {
            url: patch.url.unwrap_or(before.url),
            events: patch.events.unwrap_or(before.events),
            description: patch.description.apply(before.description),
            status,
            disabled_reason,
            ordering: patch.ordering.map_or(before.ordering, Word::Known),
            stripe_signature: patch.stripe_signature.unwrap_or(before.stripe_signature),
            ..before
        };
        if after == self {
            self
        } else {
            after.changed(now)
        }
    }

    /// Whether both are sent to the same place, however the URL is written.
    pub fn has_url_of(&self, other: &Self) -> bool {
        self.url == other.url || normal_form(&self.url) == normal_form(&other.url)
    }

    /// The endpoint with another key that verifies its signatures.
    #[must_use]
    pub fn rotate(self, public_key: Option<[u8; 32]>, now: OffsetDateTime) -> Self {
        Self {
            public_key,
            ..self.changed(now)
        }
    }

    /// A change never seems older than the one before, not even to a clock that went back: what
    /// [`Self::disable`] is held against is the last of them.
    fn changed(self, now: OffsetDateTime) -> Self {
        Self {
            updated_at: now.max(self.updated_at),
            ..self
        }
    }

    /// The endpoint disabled by the service itself. `None` where that comes too late: it is
    /// disabled already, or was changed after what `why` tells of.
    pub fn disable(self, why: &Disabling, now: OffsetDateTime) -> Option<Self> {
        let is_current = self.status == EndpointStatus::Enabled && self.updated_at <= why.at();
        is_current.then(|| Self {
            status: EndpointStatus::Disabled.into(),
            disabled_reason: Some(why.to_string()),
            ..self.changed(now)
        })
    }

    /// The endpoint deleted: what is still to be sent to it never is.
    #[must_use]
    pub fn delete(self, now: OffsetDateTime) -> Self {
        Self {
            deleted_at: Some(now),
            ..self.changed(now)
        }
    }

    /// Whether it gets events of this kind; those of a disabled endpoint are held.
    pub fn wants(&self, kind: EventType) -> bool {
        self.deleted_at.is_none() && self.events.matches(kind)
    }
}

/// Why the service disables an endpoint. Prints as a sentence for its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disabling {
    /// It answered 410 Gone to the attempt that began then.
    Gone(OffsetDateTime),
    /// Every attempt has failed for too long.
    Failing {
        /// Since when, on a clock that a test merchant may have moved on meanwhile.
        since: OffsetDateTime,
        /// When the last of them began.
        last_at: OffsetDateTime,
        /// How that one ended.
        last: String,
    },
}

impl Disabling {
    fn at(&self) -> OffsetDateTime {
        match self {
            Self::Gone(at) | Self::Failing { last_at: at, .. } => *at,
        }
    }
}

impl fmt::Display for Disabling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(at) => {
                let at = timestamp::format(*at);
                write!(
                    f,
                    "It answered 410 Gone at {at}: it does not want callbacks any more."
                )
            }
            Self::Failing { since, last, .. } => {
                let since = timestamp::format(*since);
                write!(
                    f,
                    "Every delivery has failed since {since}. The last answer: {last}."
                )
            }
        }
    }
}

/// Why an endpoint refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// There are as many as a merchant may have.
    #[error("a merchant has at most {MOST_ENDPOINTS} callback endpoints; delete one first")]
    TooMany,
    /// Another endpoint of the merchant has this URL.
    #[error("{0} has this URL already; change that endpoint instead")]
    Duplicate(EndpointId),
    /// As many secrets sign as may.
    #[error("{MOST_SECRETS} secrets sign already; wait until one of them expires")]
    TooManySecrets,
    /// A part of the feed is sent to it again already.
    #[error("{0} still runs for this endpoint; wait until it has completed")]
    ReplayRunning(ReplayId),
    /// It is pinged too often.
    #[error(transparent)]
    TooManyPings(#[from] TooManyPings),
    /// Nothing is sent while it is disabled.
    #[error("the endpoint is disabled; enable it first")]
    Disabled,
}

/// Most endpoints of a merchant: every event is held against each of them.
pub const MOST_ENDPOINTS: usize = 16;
/// Most secrets that sign at a time, the newest included: each costs a signature a delivery.
pub const MOST_SECRETS: usize = 5;

#[cfg(test)]
mod tests;
