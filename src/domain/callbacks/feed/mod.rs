//! A merchant's events in their order, for callers that ask.

mod store;

pub use store::{event, events, news};

use crate::base::event_type::EventType;
use crate::base::ids::MerchantId;

/// Which events of a merchant's feed are asked for, oldest first.
#[derive(Clone, Debug)]
pub struct EventQuery {
    /// Whose.
    pub merchant: MerchantId,
    /// Only those after this place: 0 for all, `None` for those that are yet to come.
    pub after: Option<i64>,
    /// Only of this type.
    pub event_type: Option<EventType>,
    /// Only of threads in this conversation.
    pub conversation: Option<String>,
    /// At most so many.
    pub limit: u8,
}

impl EventQuery {
    /// Whether it passes events over: then it may read the whole feed and find none.
    pub fn is_narrowed(&self) -> bool {
        self.event_type.is_some() || self.conversation.is_some()
    }
}

/// A part of a merchant's feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The JSON of its events in stored form, oldest first.
    pub events: Vec<Vec<u8>>,
    /// Whether there is more already.
    pub has_more: bool,
    /// Up to where the feed was looked at: what comes next is after this place.
    pub next_after: i64,
}

/// An event that is new to those who wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewsItem {
    /// Its place in the feed.
    pub sequence: i64,
    /// The word for what happened.
    pub event_type: String,
    /// The conversation of its thread.
    pub conversation: Option<String>,
    /// Its JSON in stored form.
    pub payload: Vec<u8>,
}

/// All that is new in a merchant's feed, for all who wait for some of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Oldest first.
    pub events: Vec<NewsItem>,
    /// Up to where the feed was read.
    pub to: i64,
    /// Whether there is more already.
    pub has_more: bool,
}

impl News {
    /// What `query` asks for of it, as if the feed had been read for that alone.
    pub fn part(&self, query: &EventQuery) -> Part {
        let after = query.after.unwrap_or(0);
        let mut asked = self.events.iter().filter(|event| {
            event.sequence > after
                && query
                    .event_type
                    .is_none_or(|t| t.as_str() == event.event_type)
                && (query.conversation.is_none() || query.conversation == event.conversation)
        });
        let given: Vec<_> = asked.by_ref().take(query.limit.into()).collect();
        let has_more = asked.next().is_some();
        let last = given.last().map(|event| event.sequence);
        Part {
            next_after: last.filter(|_| has_more).unwrap_or(self.to.max(after)),
            events: given.iter().map(|event| event.payload.clone()).collect(),
            has_more,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn news_are_given_as_the_feed_gives_them() {
        let item = |sequence, event_type: EventType, conversation: Option<&str>| NewsItem {
            sequence,
            event_type: event_type.as_str().to_owned(),
            conversation: conversation.map(str::to_owned),
            payload: vec![sequence.try_into().unwrap()],
        };
        let news = News {
            events: vec![
                item(4, EventType::IntentCreated, Some("C1")),
                item(5, EventType::IntentSucceeded, None),
                item(6, EventType::IntentCreated, Some("C2")),
            ],
            to: 6,
            has_more: false,
        };
        let created = Some(EventType::IntentCreated);
        for (after, event_type, conversation, limit, given) in [
            (3, None, None, 9, (vec![4, 5, 6], false, 6)),
            (4, None, None, 9, (vec![5, 6], false, 6)),
            (3, None, None, 2, (vec![4, 5], true, 5)),
            (3, created, None, 1, (vec![4], true, 4)),
            (3, created, Some("C2"), 1, (vec![6], false, 6)),
            (
                3,
                Some(EventType::RefundFailed),
                None,
                9,
                (vec![], false, 6),
            ),
            (9, None, None, 9, (vec![], false, 9)),
        ] {
            let part = news.part(&EventQuery {
                merchant: MerchantId(Uuid::nil()),
                after: Some(after),
                event_type,
                conversation: conversation.map(str::to_owned),
                limit,
            });
            let events: Vec<u8> = part.events.concat();
            assert_eq!((events, part.has_more, part.next_after), given, "{after}");
        }
    }
}
