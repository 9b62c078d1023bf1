//! What facilitators are asked.

use super::super::{Authorization, Requirements, Settings, request::Request, required::VERSION};

/// What is presented: the payer's own JSON beside what we asked for. It is made once, kept, and
/// presented again as it is.
pub fn presented(authorization: &Authorization, asked: &Requirements) -> String {
    let payload = &authorization.original;
    // What we write has only texts as keys, so that it does not fail.
    let asked = serde_json::to_string(asked).unwrap_or_default();
    format!(
        r#"{{"x402Version":{VERSION},"paymentPayload":{payload},"paymentRequirements":{asked}}}"#
    )
}

/// Asks whether a payment would be taken. It moves nothing.
pub fn verify(settings: &Settings, presented: &str) -> Request {
    Request::post(format!("{}/verify", settings.facilitator_url), presented)
}

/// Has a payment brought to the chain. A token takes the same one once, however often it is asked.
pub fn settle(settings: &Settings, presented: &str) -> Request {
    Request::post(format!("{}/settle", settings.facilitator_url), presented)
}

/// Asks which payments are taken at all.
pub fn supported(settings: &Settings) -> Request {
    Request::get(format!("{}/supported", settings.facilitator_url))
}
