//! What happened, as an event tells it.

use crate::base::{
    actor::Actor,
    event_type::EventType,
    ids::{EventId, MerchantId},
    mode::Mode,
    timestamp,
};
use serde::Serialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use uuid::Uuid;

/// An event as its cause makes it.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its merchant's: whether real money moved.
    pub mode: Mode,
    /// Its id, the same in the feed and on every attempt of every delivery.
    pub id: EventId,
    /// What happened.
    pub event_type: EventType,
    /// When; printed to the millisecond.
    pub timestamp: OffsetDateTime,
    /// Its place among all of the merchant's events: 1, 2, 3 and so on without gaps.
    pub sequence: i64,
    /// The payment intent it is about, if it is about one.
    pub intent_id: Option<Uuid>,
    /// Its place among that intent's events.
    pub intent_sequence: Option<i32>,
    /// The thread that the money was asked for in.
    pub thread: Option<Box<RawValue>>,
    /// The object as the API gives it, in stored form; its first field is `id`.
    pub data: Box<RawValue>,
    /// Ids of the journal entries that were booked with it.
    pub journal_entries: Vec<String>,
    /// Who caused it.
    pub actor: Actor,
    /// The thread's conversation, by which the feed can be filtered.
    pub conversation: Option<String>,
}

/// Something that happened. Callbacks deliver it and the feed lists it, both with the same bytes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Event<'a> {
    /// Its id: the same on every attempt of every delivery, so that a repeat can be recognized.
    id: EventId,
    /// Always `event`.
    #[schema(example = "event")]
    object: &'static str,
    /// What happened.
    r#type: EventType,
    /// When it happened.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = DateTime)]
    timestamp: OffsetDateTime,
    /// Whether real money moved.
    livemode: bool,
    /// Its place among all of the merchant's events: 1, 2, 3 and so on without gaps.
    sequence: i64,
    /// Its place among the events of its payment intent.
    intent_sequence: Option<i32>,
    /// The thread that the money was asked for in, as the request named it.
    #[schema(value_type = Option<Object>)]
    thread: Option<&'a RawValue>,
    /// The payment intent, refund, payment link or callback endpoint as the API gave it at that
    /// moment.
    #[schema(value_type = Object)]
    data: &'a RawValue,
    /// Ids of the journal entries that were booked with it.
    journal_entries: &'a [String],
    /// Who caused it: an API key (`key_…`), `payer`, `worker:…` or `operator`.
    #[schema(example = "payer")]
    created_by: &'a str,
    /// Always empty.
    #[schema(value_type = Vec<Object>)]
    updates: [&'static RawValue; 0],
}

impl NewEvent {
    /// The event's JSON: exactly these bytes are stored and, with its pages' addresses put in,
    /// sent and signed. What the parts hold is copied as it is.
    ///
    /// # Panics
    ///
    /// Never: text and numbers go into memory.
    pub fn render(&self) -> Vec<u8> {
        let actor = self.actor.to_string();
        let body = Event {
            id: self.id,
            object: "event",
            r#type: self.event_type,
            timestamp: self.timestamp,
            livemode: self.mode.is_live(),
            sequence: self.sequence,
            intent_sequence: self.intent_sequence,
            thread: self.thread.as_deref(),
            data: &self.data,
            journal_entries: &self.journal_entries,
            created_by: &actor,
            updates: [],
        };
        #[expect(
            clippy::expect_used,
            reason = "text and numbers go into memory: there is nothing that could fail"
        )]
        serde_json::to_vec(&body).expect("an event is JSON")
    }

    /// The event as it is stored for its merchant.
    pub fn store(self, merchant: MerchantId) -> StoredEvent {
        StoredEvent {
            payload: self.render(),
            merchant,
            sequence: self.sequence,
            id: self.id,
            event_type: self.event_type,
            intent_id: self.intent_id,
            intent_sequence: self.intent_sequence,
            conversation: self.conversation,
            actor: self.actor,
            created_at: self.timestamp,
        }
    }
}

/// A row of the feed.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Whose event it is.
    pub merchant: MerchantId,
    /// Its place among the merchant's events.
    pub sequence: i64,
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub event_type: EventType,
    /// The payment intent it is about, if it is about one.
    pub intent_id: Option<Uuid>,
    /// Its place among that intent's events.
    pub intent_sequence: Option<i32>,
    /// The conversation of its thread.
    pub conversation: Option<String>,
    /// Who caused it.
    pub actor: Actor,
    /// The event's JSON in stored form.
    pub payload: Vec<u8>,
    /// When it happened.
    pub created_at: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn event() -> NewEvent {
        NewEvent {
            mode: Mode::Test,
            id: EventId(Uuid::from_u128(1)),
            event_type: EventType::IntentSucceeded,
            timestamp: datetime!(2026-01-02 03:04:05.006789 UTC),
            sequence: 1042,
            intent_id: Some(Uuid::from_u128(2)),
            intent_sequence: Some(3),
            thread: Some(raw(r#"{"channel":"slack","user":null}"#)),
            data: raw(r#"{"id":"pi_00000000000000000000000002","z":1.50,"a":"é"}"#),
            journal_entries: vec!["je_1".to_owned(), "je_2".to_owned()],
            conversation: None,
            actor: Actor::Payer,
        }
    }

    #[test]
    fn prints_the_parts_as_they_stand() {
        let text = String::from_utf8(event().render()).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"id":"evt_00000000000000000000000001","object":"event","#,
                r#""type":"payment_intent.succeeded","timestamp":"2026-01-02T03:04:05.006Z","#,
                r#""livemode":false,"sequence":1042,"intent_sequence":3,"#,
                r#""thread":{"channel":"slack","user":null},"#,
                r#""data":{"id":"pi_00000000000000000000000002","z":1.50,"a":"é"},"#,
                r#""journal_entries":["je_1","je_2"],"created_by":"payer","updates":[]}"#
            )
        );
    }

    #[test]
    fn prints_what_is_absent_as_null() {
        let event = NewEvent {
            event_type: EventType::LinkExpired,
            intent_id: None,
            intent_sequence: None,
            thread: None,
            data: raw(r#"{"id":"pl_1"}"#),
            journal_entries: vec![],
            ..event()
        };
        let text = String::from_utf8(event.render()).unwrap();
        let tail = r#""intent_sequence":null,"thread":null,"data":{"id":"pl_1"},"journal_entries":[],"created_by":"payer","updates":[]}"#;
        assert!(text.ends_with(tail), "{text}");
    }
}
