//! A client for one's own service, as a bot or a payer's browser would be: for the demo and for
//! `threadpay listen`.

use super::{
    client::{BuildError, DEADLINE},
    connector::{Connector, HttpClient, client, tls},
    policy::Policy,
    resolver::Resolver,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    header::{ACCEPT, LOCATION},
    http,
};
use hyper_util::client::legacy;
use std::time::Duration;
use url::Url;

/// There is no answer.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// The URL cannot be read.
    #[error("the URL cannot be read")]
    Url(#[from] url::ParseError),
    /// The library cannot write the URL or a header.
    #[error("the request cannot be written")]
    Request(#[from] http::Error),
    /// No answer came.
    #[error("the request cannot be sent")]
    Send(#[from] legacy::Error),
    /// The answer broke off.
    #[error("the answer breaks off")]
    Body(#[from] hyper::Error),
    /// It took too long.
    #[error("no answer in time")]
    Timeout(#[from] tokio::time::error::Elapsed),
}

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
    client: HttpClient,
    deadline: Duration,
}

impl Visitor {
    /// A client that follows no redirects by itself.
    pub fn new() -> Result<Self, BuildError> {
        Self::patient(DEADLINE)
    }

    /// A client that waits so long for an answer.
    pub fn patient(deadline: Duration) -> Result<Self, BuildError> {
        let resolver = Resolver::system(Policy::private());
        // It reads all that it is told.
        let connector = Connector::new(&resolver, None, tls()?, usize::MAX);
        Ok(Self {
            client: client(connector),
            deadline,
        })
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
        // The library would read names with other letters than ASCII's, and ports, by itself.
        let url = Url::parse(url)?;
        let mut request = Request::builder().method(method).uri(url.as_str());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header(ACCEPT, "*/*").body(Full::new(body))?;
        tokio::time::timeout(self.deadline, self.exchange(request)).await?
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Visit, VisitError> {
        let (answer, body) = self.client.request(request).await?.into_parts();
        let location = answer.headers.get(LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        let body = body.collect().await?.to_bytes();
        Ok(Visit {
            status: answer.status.as_u16(),
            location: location.map(str::to_owned),
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}
