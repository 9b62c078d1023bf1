//! Webhooks: what Stripe rings with, and how it signs.

use super::WEBHOOK_SECRET;
use serde_json::json;
use threadpay::base::crypto::mac;
use time::OffsetDateTime;

/// The body of a thin event, such as of `checkout.session.completed`, about an object of that type.
pub fn event(name: &str, object_type: &str, id: &str, number: u32) -> String {
    let family = match object_type {
        "checkout.session" => "checkout/sessions".to_owned(),
        other => format!("{other}s"),
    };
    let event = json!({
        "object": "v2.core.event", "id": format!("evt_{number}"), "type": format!("v1.{name}"),
        "livemode": false,
        "related_object": {
            "id": id, "type": object_type, "url": format!("/v1/{family}/{id}"),
        },
    });
    event.to_string()
}

/// The body of a snapshot event of the same.
pub fn snapshot_event(name: &str, object_type: &str, id: &str, number: u32) -> String {
    let event = json!({
        "object": "event", "id": format!("evt_{number}"), "type": name, "livemode": false,
        "data": {"object": {"object": object_type, "id": id}},
    });
    event.to_string()
}

/// The header `Stripe-Signature` of a body that is sent then.
pub fn sign(body: &str, at: OffsetDateTime) -> String {
    let time = at.unix_timestamp().to_string();
    let parts = [time.as_bytes(), b".", body.as_bytes()];
    let mac = mac::sign(WEBHOOK_SECRET.as_bytes(), &parts);
    let mac = mac.map(|byte| format!("{byte:02x}")).concat();
    format!("t={time},v1={mac}")
}

#[cfg(test)]
mod tests {
    use crate::harness::stripe::{KEY, WEBHOOK_SECRET, event, sign, snapshot_event};
    use serde_json::json;
    use threadpay::{
        base::{ambient::Ambient, mode::Mode},
        domain::rails::stripe::{Credentials, ObjectId, Ring, RingKind, verify},
    };

    #[test]
    fn our_ears_hear_both_kinds() {
        let now = Ambient::system().now();
        let keys = json!({"secret_key": KEY, "webhook_secret": WEBHOOK_SECRET});
        let secret = Credentials::parse("", &keys, Mode::Test).unwrap();
        let name = "checkout.session.completed";
        for (make, number) in [event, snapshot_event].iter().zip(1..) {
            let body = make(name, "checkout.session", "cs_test_1", number);
            let (header, body) = (sign(&body, now), body.as_bytes());
            verify(&header, body, &[&secret.webhook_secret], now).unwrap();
            let ring = Ring::read(body).unwrap();
            assert_eq!(ring.event_id.as_str(), format!("evt_{number}"));
            assert_eq!(ring.event_type, name);
            assert_eq!(ring.kind, RingKind::Session);
            assert_eq!(ring.object_id, ObjectId::parse("cs_test_1"));
            assert_eq!(ring.livemode, Some(false));
        }
    }
}
