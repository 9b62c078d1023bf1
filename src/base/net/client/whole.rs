//! Exchanges whose answers are read whole: calls of a rail's API.

use super::{Asked, BuildError, Outbound, RetryAfter, retry_after};
use crate::base::net::{
    connector::{Connector, client, tls},
    fault::SendError,
    meter::Meter,
    policy::Policy,
    proxy::Proxy,
    resolver::Resolver,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Limited};
use hyper::Method;
use std::time::Duration;
use tokio::time::Instant;

/// How something is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asking {
    /// To be told something.
    Get,
    /// To have something done that this body describes.
    Post(Bytes),
}

/// An answer that was to be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body; none if it broke off, did not end in time or is longer than an exchange may be.
    pub body: Option<Bytes>,
    /// The `Retry-After` header, if it could be read.
    pub retry_after: Option<RetryAfter>,
}

impl Outbound {
    /// A client as [`Self::new`] makes it whose exchanges may bring `bound` bytes each, as they
    /// come over the wire.
    pub fn with_bound(
        policy: Policy,
        proxy: Option<&Proxy>,
        deadline: Duration,
        bound: usize,
    ) -> Result<Self, BuildError> {
        let resolver = Resolver::system(policy);
        Ok(Self {
            client: client(Connector::new(&resolver, proxy, tls()?, bound)),
            resolver,
            proxy: proxy.cloned(),
            deadline,
            bound,
        })
    }

    /// Asks, and reads the whole answer. Redirects are answers like any other.
    pub async fn exchange(
        &self,
        url: &str,
        headers: &[(&'static str, &str)],
        asking: Asking,
    ) -> Result<WholeResponse, SendError> {
        let end = Instant::now() + self.deadline;
        let (method, body) = match asking {
            Asking::Get => (Method::GET, Bytes::new()),
            Asking::Post(body) => (Method::POST, body),
        };
        let asked = Asked {
            method,
            url,
            headers,
            body,
        };
        let (answer, body) = self.begin(asked, end).await?.into_parts();
        let reading = Limited::new(body, self.bound).collect();
        let read = tokio::time::timeout_at(end, reading).await;
        // If the connection lives on, the next exchange begins here.
        if let Some(meter) = answer.extensions.get::<Meter>() {
            meter.reset();
        }
        Ok(WholeResponse {
            status: answer.status.as_u16(),
            body: read.ok().and_then(Result::ok).map(Collected::to_bytes),
            retry_after: retry_after(&answer.headers),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::net::{
        client::tests::plain,
        receiver::{answering, endless, receiver},
    };
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn reader(deadline: u64, bound: usize) -> Outbound {
        let deadline = Duration::from_millis(deadline);
        Outbound::with_bound(Policy::private(), None, deadline, bound).unwrap()
    }

    #[tokio::test]
    async fn sends_what_it_is_told_and_reads_the_end_of_long_answers() {
        let (address, mut asked) = {
            let (told, requests) = tokio::sync::mpsc::unbounded_channel();
            let address = receiver(move |mut stream| {
                let told = told.clone();
                async move {
                    let mut request = [0; 4096];
                    while let Ok(length @ 1..) = stream.read(&mut request).await {
                        let _ = told.send(String::from_utf8_lossy(&request[..length]).into());
                        let body = "x".repeat(200_000);
                        let head =
                            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                        let _ = stream.write_all((head + &body).as_bytes()).await;
                    }
                }
            });
            (address.await, requests)
        };
        let outbound = reader(5000, 300_000);
        for asking in [Asking::Get, Asking::Post(Bytes::from_static(b"a=1"))] {
            let url = plain(address);
            let answer = outbound.exchange(&url, &[("x-key", "k")], asking.clone());
            let answer = answer.await.unwrap();
            assert_eq!((answer.status, answer.body.unwrap().len()), (200, 200_000));
            let heard: String = asked.recv().await.unwrap();
            let (method, end) = match asking {
                Asking::Get => ("GET", ""),
                Asking::Post(_) => ("POST", "a=1"),
            };
            assert!(
                heard.starts_with(&format!("{method} /hook HTTP/1.1\r\n")),
                "{heard}"
            );
            assert!(heard.contains("x-key: k\r\n") && heard.ends_with(&format!("\r\n\r\n{end}")));
        }
    }

    #[tokio::test]
    async fn what_is_too_long_or_breaks_off_leaves_the_status() {
        let long: &[u8] = b"HTTP/1.1 401 No\r\ncontent-length: 900000\r\n\r\n";
        let (too_long, _) = endless(long, &[b'x'; 1024], None).await;
        let (broken, _) = answering(b"HTTP/1.1 401 No\r\ncontent-length: 9\r\n\r\nab").await;
        for (address, deadline) in [(too_long, 5000), (broken, 300)] {
            let asking = reader(deadline, 10_000);
            let answer = asking.exchange(&plain(address), &[], Asking::Get).await;
            let answer = answer.unwrap();
            assert_eq!((answer.status, answer.body), (401, None));
        }
    }

    #[tokio::test]
    async fn goes_nowhere_that_the_policy_forbids() {
        let guarded = Outbound::with_bound(Policy::default(), None, Duration::from_secs(1), 1000);
        let guarded = guarded.unwrap();
        let answer = guarded.exchange("https://127.0.0.1/", &[], Asking::Get);
        assert_eq!(answer.await, Err(SendError::NotAllowed));
    }
}
