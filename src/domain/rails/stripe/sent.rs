//! What became of a request, in the three ways that matter.

use super::{
    Client, Request,
    answers::{CallError, Refusal},
};
use serde::de::DeserializeOwned;

/// What a request led to.
pub(super) enum Sent<T> {
    /// This answer.
    Done(T),
    /// A refusal, so that this request did nothing.
    Refused(Refusal),
    /// Nobody knows.
    Unknown,
}

/// Sends a request once.
pub(super) async fn send<T: DeserializeOwned>(client: Client<'_>, request: &Request) -> Sent<T> {
    match client.call(request).await {
        Ok(answer) => Sent::Done(answer),
        Err(CallError::Refused(refusal)) => Sent::Refused(refusal),
        Err(CallError::Unknown(doubt)) => {
            tracing::warn!(path = request.path, %doubt, "Stripe gave no answer");
            Sent::Unknown
        }
    }
}
