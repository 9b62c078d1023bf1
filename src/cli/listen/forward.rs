//! The way to the bot on this machine.

use super::feed::Event;
use crate::{
    base::{
        crypto::mac,
        net::{DEADLINE, Outbound, Policy, Response, SendError},
    },
    domain::callbacks::EndpointSecret,
    program::ProgramError,
};
use std::{
    fmt,
    time::{Duration, Instant},
};

/// What the secret is derived for, so that the API key signs nothing else.
const PURPOSE: &[u8] = b"threadpay listen";

/// Posts events as callbacks are posted.
pub(super) struct Forwarder {
    /// Where to.
    pub url: String,
    secret: EndpointSecret,
    outbound: Outbound,
}

impl fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forwarder to {}", self.url)
    }
}

/// How it went.
#[derive(Debug)]
pub(super) struct Sent {
    /// How long it took.
    pub took: Duration,
    /// What the bot said.
    pub answer: Result<Response, SendError>,
}

impl Forwarder {
    /// Signs with a secret that is derived from the API key: the same each time, and nobody who
    /// knows it learns the key.
    pub async fn new(url: String, api_key: &str) -> Result<Self, ProgramError> {
        let outbound = Outbound::new(Policy::private(), None, DEADLINE);
        let outbound = outbound.map_err(|e| ProgramError::Failed(e.to_string()))?;
        outbound
            .check(&url)
            .await
            .map_err(|e| ProgramError::Setting {
                name: "--forward",
                problem: format!("cannot be used: {e}"),
            })?;
        let secret = EndpointSecret::development(mac::sign(api_key.as_bytes(), &[PURPOSE]));
        Ok(Self {
            url,
            secret,
            outbound,
        })
    }

    /// What the bot verifies with.
    pub fn secret(&self) -> String {
        self.secret.reveal()
    }

    /// Posts an event once.
    pub async fn send(&self, event: &Event, unix_seconds: i64) -> Sent {
        let begun = Instant::now();
        let body = event.json.get().as_bytes().to_vec();
        let time = unix_seconds.to_string();
        let signature = self.secret.sign(&event.id, unix_seconds, &body);
        let headers = [
            ("content-type", "application/json"),
            ("webhook-id", event.id.as_str()),
            ("webhook-timestamp", time.as_str()),
            ("webhook-signature", signature.as_str()),
        ];
        let answer = self.outbound.post(&self.url, &headers, body.into()).await;
        Sent {
            took: begun.elapsed(),
            answer,
        }
    }
}
