//! Deliveries, and what becomes of one after each attempt.

pub mod store;

use crate::base::{
    ids::{DeliveryId, EndpointId, EventId, MerchantId},
    names::Word,
    net::{Response, RetryAfter},
};
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;

crate::names! {
    /// The status of a delivery.
    pub enum DeliveryStatus {
        /// It is still to be sent.
        Pending = "pending",
        /// It is to be sent once its endpoint is enabled again.
        Held = "held",
        /// The endpoint took it.
        Delivered = "delivered",
        /// Every attempt failed; only a hand can send it again.
        Exhausted = "exhausted",
        /// Its endpoint was deleted.
        Canceled = "canceled",
    }
}

/// An event that is newly to be sent to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id.
    pub id: DeliveryId,
    /// The endpoint that it is sent to.
    pub endpoint: EndpointId,
    /// The event's place among the merchant's events.
    pub event_sequence: i64,
    /// The payment intent that the event is about: deliveries of one intent keep their order.
    pub intent: Option<Uuid>,
    /// Whether it waits for its endpoint to be enabled; else it is due at once.
    pub held: bool,
    /// The dispatcher's lease that it is made under, and when that ends; else it waits to be claimed.
    pub lease: Option<(Uuid, OffsetDateTime)>,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// A delivery as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The endpoint that it is sent to.
    pub endpoint: EndpointId,
    /// The event that is sent.
    pub event: EventId,
    /// What the event tells of.
    pub event_type: String,
    /// The event's place among the merchant's events.
    pub event_sequence: i64,
    /// Its status.
    pub status: Word<DeliveryStatus>,
    /// When it is tried next; for one that is over, when it was due last.
    pub due_at: OffsetDateTime,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// How often it was tried. An attempt that a crash cut short is counted and not recorded.
    pub attempts_count: i32,
    /// The attempts that are recorded, the first first.
    pub attempts: Vec<DeliveryAttempt>,
}

impl Delivery {
    /// The delivery as it is when it is sent again by hand.
    #[must_use]
    pub fn retried(self, now: OffsetDateTime) -> Self {
        Self {
            status: DeliveryStatus::Pending.into(),
            due_at: now,
            ..self
        }
    }
}

/// One attempt of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// 1 for the first.
    pub number: i32,
    /// When it began.
    pub started_at: OffsetDateTime,
    /// How long it took, in milliseconds.
    pub duration_ms: i32,
    /// The HTTP status, if an answer came.
    pub status_code: Option<i16>,
    /// Why no answer came.
    pub error: Option<String>,
    /// The first of the answer's body.
    pub response: Option<String>,
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint took it.
    Delivered,
    /// It failed and is due again then.
    Retry(OffsetDateTime),
    /// It failed, and that was the last attempt.
    Exhausted,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Seconds after the first failed attempt, the second and so on. The steps of Standard Webhooks:
/// soon after a hiccup, then ever more patient, about three days in all.
const SCHEDULE: [u64; 9] = [
    5,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
];

/// However long a receiver asks to be left alone, it is tried again within a day.
const LONGEST_WISH: Duration = Duration::from_secs(24 * HOUR);

/// What follows from an attempt after `failures` failed ones, which ended `now` with `answer`; `None`
/// says that no answer came. Any 2xx is success, all else (redirects too) is not. `jitter` spreads
/// the scheduled wait; a `Retry-After` can only lengthen it.
pub fn outcome(
    failures: i32,
    answer: Option<&Response>,
    now: OffsetDateTime,
    jitter: impl FnOnce(Duration) -> Duration,
) -> Outcome {
    if answer.is_some_and(|answer| (200..300).contains(&answer.status)) {
        return Outcome::Delivered;
    }
    let step = usize::try_from(failures).unwrap_or(0);
    let Some(base) = SCHEDULE.get(step) else {
        return Outcome::Exhausted;
    };
    let wish = match answer.and_then(|answer| answer.retry_after) {
        Some(RetryAfter::Wait(wait)) => wait,
        Some(RetryAfter::At(at)) => (at - now).try_into().unwrap_or_default(),
        None => Duration::ZERO,
    };
    let wait = jitter(Duration::from_secs(*base)).max(wish.min(LONGEST_WISH));
    Outcome::Retry(now + wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-22 06:00:00 UTC);

    fn answer(status: u16, retry_after: Option<RetryAfter>) -> Response {
        Response {
            status,
            head: String::new(),
            retry_after,
        }
    }

    fn wait(failures: i32, answer: Option<&Response>) -> Option<u64> {
        match outcome(failures, answer, NOW, |base| base) {
            Outcome::Retry(at) => Some((at - NOW).unsigned_abs().as_secs()),
            Outcome::Delivered | Outcome::Exhausted => None,
        }
    }

    #[test]
    fn any_2xx_is_delivered_and_nothing_else() {
        for (status, delivered) in [
            (199, false),
            (200, true),
            (204, true),
            (299, true),
            (301, false),
            (307, false),
            (400, false),
            (410, false),
            (500, false),
        ] {
            let outcome = outcome(9, Some(&answer(status, None)), NOW, |base| base);
            let expected = if delivered {
                Outcome::Delivered
            } else {
                Outcome::Exhausted
            };
            assert_eq!(outcome, expected, "{status}");
        }
    }

    #[test]
    fn waits_by_the_schedule_and_then_gives_up() {
        let waits: Vec<_> = (0..10).map(|failures| wait(failures, None)).collect();
        let hours = [2, 5, 10, 14, 20, 24].map(|hours| Some(hours * HOUR));
        assert_eq!(waits[..3], [Some(5), Some(300), Some(1800)]);
        assert_eq!(waits[3..9], hours);
        assert_eq!(waits[9], None);
        assert_eq!(outcome(9, None, NOW, |base| base), Outcome::Exhausted);
    }

    #[test]
    fn a_wish_only_lengthens_up_to_a_day() {
        let later = |wait| Some(RetryAfter::Wait(Duration::from_secs(wait)));
        let at = |at| Some(RetryAfter::At(at));
        for (failures, wish, expected) in [
            (0, later(120), 120),
            (1, later(120), 300),
            (0, later(9_999_999), 24 * HOUR),
            (0, at(datetime!(2026-11-22 06:10:00 UTC)), 600),
            (0, at(datetime!(2020-01-01 00:00:00 UTC)), 5),
        ] {
            assert_eq!(wait(failures, Some(&answer(503, wish))), Some(expected));
        }
    }
}
