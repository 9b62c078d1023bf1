//! One attempt of one delivery: signed, posted, and judged.

use crate::base::db::Pool;
use crate::{
    base::{
        ambient::Ambient,
        crypto::SealingKeys,
        net::{Outbound, Response, SendError},
    },
    domain::callbacks::{
        EndpointSecret, Outcome, Signal,
        outbox::{Claimed, Handover, Sent},
        outcome,
    },
    writer::Writer,
};
use std::{sync::Arc, time::Duration};
use time::OffsetDateTime;

/// Turns an event's stored JSON into what leaves the house, with its pages' real addresses.
pub type Reveal = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// The secrets that sign for an endpoint, the newest first.
pub(super) type Secrets = Arc<[EndpointSecret]>;

/// What the dispatcher is made of.
#[derive(Clone)]
pub struct DispatcherParts {
    /// The database; a pool of `Use::Dispatcher`, since all its statements are look-ups by key.
    pub pool: Pool,
    /// Where the writer of this process hands new deliveries over.
    pub handover: Arc<Handover>,
    /// Takes word of endpoints that are given up.
    pub writer: Writer,
    /// The way out.
    pub outbound: Outbound,
    /// The keys that the endpoints' secrets are sealed with.
    pub secrets: SealingKeys,
    /// Puts the pages' addresses into payloads.
    pub reveal: Reveal,
    /// Time and chance.
    pub ambient: Ambient,
}

impl DispatcherParts {
    /// One attempt of one delivery.
    pub(super) async fn send(&self, claimed: Claimed, secrets: Secrets) -> Sent {
        let started_at = self.ambient.now();
        let answer = self.post(&claimed, &secrets, started_at).await;
        let ended_at = self.ambient.now();
        let took = Duration::try_from(ended_at - started_at).unwrap_or_default();
        let signal = Signal::of(answer.as_ref().map_err(|error| *error), took, ended_at);
        let jitter = |base| self.ambient.jitter(base);
        let outcome = outcome(claimed.failures, answer.as_ref().ok(), ended_at, jitter);
        if outcome != Outcome::Delivered {
            tracing::info!(
                delivery = %claimed.delivery,
                endpoint = %claimed.endpoint,
                attempt = claimed.attempt,
                status = answer.as_ref().ok().map(|answer| answer.status),
                error = answer.as_ref().err().map(tracing::field::display),
                ?outcome,
                "a delivery failed"
            );
        }
        Sent {
            merchant: claimed.merchant,
            delivery: claimed.delivery,
            endpoint: claimed.endpoint,
            lease: claimed.lease,
            attempt: claimed.attempt,
            started_at,
            ended_at,
            answer: answer
                .map(|answer| (answer.status, answer.head))
                .map_err(|error| error.to_string()),
            outcome,
            signal,
        }
    }

    async fn post(
        &self,
        claimed: &Claimed,
        secrets: &[EndpointSecret],
        at: OffsetDateTime,
    ) -> Result<Response, SendError> {
        let unix_seconds = at.unix_timestamp();
        let body = (self.reveal)(&claimed.payload);
        let (event, time) = (claimed.event.to_string(), unix_seconds.to_string());
        let signatures = secrets
            .iter()
            .map(|secret| secret.sign(&event, unix_seconds, &body));
        let signatures = signatures.collect::<Vec<_>>().join(" ");
        let stripe = claimed
            .stripe_signature
            .then(|| stripe_signature(secrets, unix_seconds, &body));
        let mut headers = vec![
            ("content-type", "application/json"),
            ("webhook-id", event.as_str()),
            ("webhook-timestamp", time.as_str()),
            ("webhook-signature", signatures.as_str()),
        ];
        headers.extend(stripe.as_deref().map(|text| ("stripe-signature", text)));
        self.outbound
            .post(&claimed.url, &headers, body.into())
            .await
    }
}

/// The header that Stripe's libraries verify: `t=<seconds>`, then one `v1=` for each secret
/// (<https://docs.stripe.com/webhooks#verify-manually>).
fn stripe_signature(secrets: &[EndpointSecret], unix_seconds: i64, body: &[u8]) -> String {
    let mut header = format!("t={unix_seconds}");
    for secret in secrets {
        header.push_str(",v1=");
        header.push_str(&secret.stripe_mac(unix_seconds, body));
    }
    header
}
