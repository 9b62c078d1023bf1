//! Whether an account is set up.

use super::super::Request;

/// Asks for the balance, which proves the key and says whether it is a live one. Answered with a
/// [`super::super::answers::Balance`].
pub fn read_balance() -> Request {
    Request::get("/v1/balance")
}

/// Asks where snapshot events are sent. Answered with a [`super::super::answers::Page`] of
/// webhook endpoints. (Thin events are sent to event destinations, which are listed elsewhere.)
pub fn read_webhook_endpoints() -> Request {
    Request::get("/v1/webhook_endpoints").with("limit", 100)
}

/// Asks where events are sent, thin ones too. Answered with
/// [`super::super::answers::EventDestinations`]. (This API names the places of a list.)
pub fn read_event_destinations() -> Request {
    Request::get("/v2/core/event_destinations").with("include[0]", "webhook_endpoint.url")
}
