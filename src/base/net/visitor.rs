//! A client for one's own service, as a bot or a payer's browser would be: for the demo and for
//! `threadpay listen`.

use super::client::{BuildError, DEADLINE};
use bytes::Bytes;
use reqwest::{Client, Method, StatusCode, header, redirect};
use std::time::Duration;

/// There is no answer.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct VisitError(#[from] reqwest::Error);

/// An answer with what a visitor looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The HTTP status.
    pub status: u16,
    /// Where it sends the visitor, if anywhere.
    pub location: Option<String>,
    /// The body as text.
    pub body: String,
}

/// An HTTP status as people know it, such as `200 OK`.
pub fn status_line(status: u16) -> String {
    let known = StatusCode::from_u16(status).ok();
    match known.and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}

/// A client that goes wherever it is sent; never for addresses that a stranger names.
#[derive(Clone, Debug)]
pub struct Visitor {
    client: Client,
}

impl Visitor {
    /// A client that follows no redirects by itself.
    pub fn new() -> Result<Self, BuildError> {
        Self::patient(DEADLINE)
    }

    /// A client that waits so long for an answer.
    pub fn patient(deadline: Duration) -> Result<Self, BuildError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is `net`, where clients are built"
        )]
        let builder = Client::builder();
        let client = builder
            .tls_backend_preconfigured(super::connector::tls()?)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(deadline)
            .build()?;
        Ok(Self { client })
    }

    /// Gets a page or an object.
    pub async fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Visit, VisitError> {
        self.send(Method::GET, url, headers, Bytes::new()).await
    }

    /// Posts a body.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Visit, VisitError> {
        self.send(Method::POST, url, headers, body.into()).await
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Visit, VisitError> {
        let mut request = self.client.request(method, url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await?;
        let location = answer
            .headers()
            .get(header::LOCATION)
            .and_then(|value| value.to_str().ok());
        Ok(Visit {
            status: answer.status().as_u16(),
            location: location.map(str::to_owned),
            body: answer.text().await?,
        })
    }
}
