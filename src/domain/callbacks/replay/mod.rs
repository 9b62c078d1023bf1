//! Replays: a part of the feed that is sent to an endpoint again. The writer orders one; a worker
//! works it off in steps, each of which is durable with the place that it has come to.

pub mod store;

use crate::base::{
    ids::{EndpointId, MerchantId, ReplayId},
    invalid::Invalid,
    names::Word,
    timestamp,
};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use time::OffsetDateTime;

crate::names! {
    /// The status of a replay.
    pub enum ReplayStatus {
        /// There are events left to look at.
        Running = "running",
        /// All its events are due again.
        Completed = "completed",
        /// Its endpoint was deleted.
        Canceled = "canceled",
    }
}

/// A part of the feed to be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id.
    pub id: ReplayId,
    /// Whom it is for.
    pub endpoint: EndpointId,
    /// Whether it is one delivery, sent again whatever types the endpoint takes by now.
    pub retry: bool,
    /// Its status.
    pub status: Word<ReplayStatus>,
    /// It holds the events after this place of the feed,
    pub after: i64,
    /// up to this one.
    pub through: i64,
    /// The event that was looked at last.
    pub position: i64,
    /// Deliveries that it made due.
    pub deliveries: i64,
    /// When it was ordered.
    pub created_at: OffsetDateTime,
    /// When it came forward last.
    pub updated_at: OffsetDateTime,
}

impl Replay {
    /// A replay of the events after the start of a part of the feed, up to its end.
    pub fn new(
        (merchant, id): (MerchantId, ReplayId),
        endpoint: EndpointId,
        part: Range<i64>,
        now: OffsetDateTime,
    ) -> Self {
        let (after, through) = (part.start, part.end);
        Self {
            merchant,
            id,
            endpoint,
            retry: false,
            status: Word::Known(if after < through {
                ReplayStatus::Running
            } else {
                ReplayStatus::Completed
            }),
            after,
            through: through.max(after),
            position: after,
            deliveries: 0,
            created_at: now,
            updated_at: now,
        }
    }
}

/// The body of `POST /v1/callback_endpoints/{id}/replay`: either `after_sequence` or `from`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// Send the events after the one of this `sequence`; 0 for all.
    #[serde(default)]
    #[schema(minimum = 0)]
    after_sequence: Option<i64>,
    /// Send the events since this time.
    #[serde(default)]
    #[schema(format = "date-time")]
    from: Option<String>,
    /// Send those before this time only; until now if left out. Goes with `from`.
    #[serde(default)]
    #[schema(format = "date-time")]
    to: Option<String>,
}

/// Which part of the feed is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayRange {
    /// What comes after this place.
    After(i64),
    /// What happened since then and, if that is given, before then.
    Between(OffsetDateTime, Option<OffsetDateTime>),
}

impl ReplayRequest {
    /// The range that is asked for, or the first field at fault.
    pub fn check(self) -> Result<ReplayRange, Invalid> {
        let at = |param: &str, text: &str| {
            timestamp::parse(text).map_err(|error| Invalid::field(param, error.to_string()))
        };
        match (self.after_sequence, self.from, self.to) {
            (Some(after), None, None) if after >= 0 => Ok(ReplayRange::After(after)),
            (Some(_), None, None) => Err(Invalid::field(
                "/after_sequence",
                "is the sequence of an event, or 0 for all",
            )),
            (None, Some(from), to) => {
                let from = at("/from", &from)?;
                let to = to.map(|to| at("/to", &to)).transpose()?;
                if to.is_some_and(|to| to <= from) {
                    return Err(Invalid::field("/to", "must be later than `from`"));
                }
                Ok(ReplayRange::Between(from, to))
            }
            (Some(_), ..) => Err(Invalid::field(
                "/after_sequence",
                "give either `after_sequence` or times, not both",
            )),
            (None, None, Some(_)) => Err(Invalid::field("/from", "`to` needs a `from`")),
            (None, None, None) => Err(Invalid::field(
                "/after_sequence",
                "give `after_sequence`, or `from` and perhaps `to`",
            )),
        }
    }
}

/// A replay as the API gives it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Replay)]
pub struct ReplayObject {
    /// Its id.
    id: ReplayId,
    /// Always `replay`.
    object: &'static str,
    /// The endpoint that is sent to.
    endpoint: EndpointId,
    /// Its status. It is `completed` when all its deliveries are due again; how they go
    /// shows in the list of deliveries.
    #[schema(value_type = ReplayStatus)]
    status: Word<ReplayStatus>,
    /// It holds the events after this `sequence`,
    after_sequence: i64,
    /// up to this one.
    through_sequence: i64,
    /// The `sequence` up to which it has come.
    position: i64,
    /// How many deliveries it has made due. Events of other types than the endpoint takes are passed by.
    deliveries_count: i64,
    /// When it was ordered.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    /// When it came forward last.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

impl From<&Replay> for ReplayObject {
    fn from(replay: &Replay) -> Self {
        Self {
            id: replay.id,
            object: "replay",
            endpoint: replay.endpoint,
            status: replay.status.clone(),
            after_sequence: replay.after,
            through_sequence: replay.through,
            position: replay.position,
            deliveries_count: replay.deliveries,
            created_at: replay.created_at,
            updated_at: replay.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(body: Value) -> Result<ReplayRange, Invalid> {
        serde_json::from_value::<ReplayRequest>(body)
            .unwrap()
            .check()
    }

    #[test]
    fn takes_a_place_or_times_and_not_both() {
        let all = check(json!({"after_sequence": 0}));
        assert_eq!(all, Ok(ReplayRange::After(0)));
        let (from, to) = ("2026-11-22T06:00:00Z", "2026-11-22T07:00:00Z");
        assert!(check(json!({"from": from})).is_ok());
        assert!(check(json!({"from": from, "to": to})).is_ok());
        for (body, at_fault) in [
            (json!({}), "/after_sequence"),
            (json!({"after_sequence": -1}), "/after_sequence"),
            (
                json!({"after_sequence": 1, "from": from}),
                "/after_sequence",
            ),
            (json!({"to": to}), "/from"),
            (json!({"from": "yesterday"}), "/from"),
            (json!({"from": to, "to": from}), "/to"),
            (json!({"from": from, "to": from}), "/to"),
        ] {
            assert_eq!(check(body.clone()).unwrap_err().param, at_fault, "{body}");
        }
    }
}
