//! Events, snapshot and thin, of which only the names are read: what they say of an object is not
//! believed, it is looked up.

use crate::domain::rails::stripe::ObjectId;
use serde::Deserialize;

/// What a snapshot event calls itself, and a thin one.
const SNAPSHOT: &str = "event";
const THIN: &str = "v2.core.event";
/// Most characters that are kept of a name.
const LONGEST: usize = 255;

/// What to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingKind {
    /// A session, by [`super::super::calls::get_session`].
    Session,
    /// A payment, by [`super::super::calls::get_payment`].
    Payment,
    /// A charge, and the refunds of its payment.
    Charge,
    /// A refund, by [`super::super::calls::get_refund`].
    Refund,
    /// A dispute, by [`super::super::calls::get_dispute`].
    Dispute,
    /// A payout, by [`super::super::calls::get_payout`]: it was made, what it pays out is known now, it
    /// has arrived or has failed.
    Payout,
    /// Nothing of ours; kept, so that it can be seen.
    Other,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// The same when it rings again.
    pub event_id: ObjectId,
    /// What to look up.
    pub kind: RingKind,
    /// As Stripe names it in snapshot events, such as `checkout.session.completed`.
    pub event_type: String,
    /// What the object is, such as `checkout.session`; empty if there is none.
    pub object_type: String,
    /// The object; there always is one unless the kind is [`RingKind::Other`].
    pub object_id: Option<ObjectId>,
    /// Whether it comes from live mode, if it says so.
    pub livemode: Option<bool>,
}

/// The body is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is no event of Stripe's")]
pub struct RingError;

#[derive(Deserialize)]
struct Event {
    object: String,
    id: ObjectId,
    #[serde(rename = "type")]
    name: String,
    livemode: Option<bool>,
    data: Option<Data>,
    related_object: Option<Related>,
}

#[derive(Deserialize)]
struct Data {
    object: Option<Snapshot>,
}

#[derive(Deserialize)]
struct Snapshot {
    object: Option<String>,
    id: Option<String>,
}

#[derive(Deserialize)]
struct Related {
    #[serde(rename = "type")]
    name: String,
    id: String,
}

impl Ring {
    /// Reads the body of a webhook whose signature was found good.
    pub fn read(body: &[u8]) -> Result<Self, RingError> {
        let event: Event = serde_json::from_slice(body).map_err(|_| RingError)?;
        let (name, object, id) = match event.object.as_str() {
            SNAPSHOT => {
                let object = event.data.and_then(|data| data.object);
                let (object, id) = object.map_or((None, None), |o| (o.object, o.id));
                (event.name.as_str(), object, id)
            }
            THIN => {
                // Thin events of the first API's objects have its names behind a version.
                let name = event.name.strip_prefix("v1.").unwrap_or(&event.name);
                let related = event.related_object;
                let (object, id) = related.map_or((None, None), |o| (Some(o.name), Some(o.id)));
                (name, object, id)
            }
            _ => return Err(RingError),
        };
        let event_type = short(name);
        let object_type = short(object.as_deref().unwrap_or_default());
        let object_id = id.as_deref().and_then(ObjectId::parse);
        let kind = match object_id {
            Some(_) => kind(&object_type),
            None => RingKind::Other,
        };
        Ok(Self {
            event_id: event.id,
            kind,
            event_type,
            object_type,
            object_id,
            livemode: event.livemode,
        })
    }
}

/// What can be kept of a name: Postgres keeps no NUL.
fn short(name: &str) -> String {
    let name = name.chars().filter(|c| !c.is_control());
    name.take(LONGEST).collect()
}

fn kind(object: &str) -> RingKind {
    match object {
        "checkout.session" => RingKind::Session,
        "payment_intent" => RingKind::Payment,
        "charge" => RingKind::Charge,
        "refund" => RingKind::Refund,
        "dispute" => RingKind::Dispute,
        "payout" => RingKind::Payout,
        _ => RingKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(event: &serde_json::Value) -> Result<Ring, RingError> {
        Ring::read(event.to_string().as_bytes())
    }

    #[test]
    fn both_kinds_of_events_say_what_to_look_up() {
        for (name, object, kind) in [
            (
                "checkout.session.completed",
                "checkout.session",
                RingKind::Session,
            ),
            (
                "payment_intent.succeeded",
                "payment_intent",
                RingKind::Payment,
            ),
            ("charge.refunded", "charge", RingKind::Charge),
            ("charge.refund.updated", "refund", RingKind::Refund),
            ("charge.dispute.created", "dispute", RingKind::Dispute),
            (
                "payout.reconciliation_completed",
                "payout",
                RingKind::Payout,
            ),
            ("payout.failed", "payout", RingKind::Payout),
            ("customer.created", "customer", RingKind::Other),
            (
                "radar.early_fraud_warning.created",
                "radar.early_fraud_warning",
                RingKind::Other,
            ),
        ] {
            let wanted = Ring {
                event_id: ObjectId::parse("evt_1").unwrap(),
                kind,
                event_type: name.to_owned(),
                object_type: object.to_owned(),
                object_id: ObjectId::parse("x_1"),
                livemode: Some(false),
            };
            let snapshot = json!({
                "id": "evt_1", "object": "event", "type": name, "livemode": false,
                "data": {"object": {"id": "x_1", "object": object, "amount": 5}},
            });
            assert_eq!(read(&snapshot), Ok(wanted.clone()));
            let thin = json!({
                "id": "evt_1", "object": "v2.core.event", "type": format!("v1.{name}"),
                "livemode": false, "related_object": {"id": "x_1", "type": object, "url": "/"},
            });
            assert_eq!(read(&thin), Ok(wanted));
        }
    }

    #[test]
    fn an_event_about_nothing_is_kept() {
        for event in [
            json!({"id": "evt_1", "object": "event", "type": "balance.available",
                "data": {"object": {"object": "balance"}}}),
            json!({"id": "evt_1", "object": "event", "type": "a", "data": {"object": null}}),
            json!({"id": "evt_1", "object": "event", "type": "a"}),
            json!({"id": "evt_1", "object": "event", "type": "charge.updated",
                "data": {"object": {"object": "charge", "id": "../x"}}}),
            json!({"id": "evt_1", "object": "v2.core.event", "type": "v2.core.ping",
                "related_object": null}),
        ] {
            let ring = read(&event).unwrap();
            assert_eq!(
                (ring.kind, ring.object_id),
                (RingKind::Other, None),
                "{event}"
            );
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for event in [
            json!({}),
            json!([]),
            json!({"id": "evt_1", "object": "charge", "type": "a"}),
            json!({"id": "evt/1", "object": "event", "type": "a"}),
            json!({"object": "event", "type": "a"}),
            json!({"id": "evt_1", "object": "event"}),
        ] {
            assert_eq!(read(&event), Err(RingError), "{event}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Ring::read(&bytes);
        }
    }
}
