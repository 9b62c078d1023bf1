//! The outbound client: one deadline over the whole exchange, and a cap on what is read.

mod whole;

use super::{
    connector::{AGENT, Connector, EXCHANGE_BYTES, HttpClient, client, tls},
    fault::{SendError, reason},
    guard::{UrlError, check_url},
    meter::Meter,
    policy::Policy,
    proxy::Proxy,
    resolver::{LookupError, Resolver},
    zones::is_local,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Method, Request, Response as HttpResponse,
    body::Incoming,
    header::{ACCEPT, CONTENT_LENGTH, PROXY_AUTHORIZATION, RETRY_AFTER, USER_AGENT},
};
use rustls::ClientConfig;
use std::time::Duration;
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};
use tokio::time::Instant;
use url::{Host, Url};

pub use whole::{Asking, WholeResponse};

/// How long one exchange may take, from the look-up of the name to the answer's last byte.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// How long a URL waits for its name to be resolved, where no address is needed yet.
const NAME_PATIENCE: Duration = Duration::from_secs(3);

/// How much of an answer is read; the rest is left on the wire.
const HEAD_BYTES: usize = 4096;

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The TLS library refuses the protocol versions.
    #[error("the outbound client cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// When the receiver asks to be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// So long after its answer.
    Wait(Duration),
    /// At that time.
    At(OffsetDateTime),
}

impl RetryAfter {
    /// Reads seconds, or a date in the one form that RFC 9110 lets a sender make.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(seconds) = text.parse::<u32>() {
            return Some(Self::Wait(Duration::from_secs(seconds.into())));
        }
        let form = format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        let at = PrimitiveDateTime::parse(text, form).ok()?;
        Some(Self::At(at.assume_utc()))
    }
}

/// An answer, as far as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The body's first 4 KiB as text: what is not UTF-8, and NUL, which Postgres cannot keep,
    /// are replaced.
    pub head: String,
    /// The `Retry-After` header, if it could be read.
    pub retry_after: Option<RetryAfter>,
}

/// The one outbound client. Clones share its connections.
#[derive(Clone)]
pub struct Outbound {
    client: HttpClient,
    resolver: Resolver,
    /// Who dials for us, if anybody: then it alone sees which address a name leads to.
    proxy: Option<Proxy>,
    deadline: Duration,
    /// How many bytes an exchange may bring.
    bound: usize,
}

/// What is sent, and where to.
struct Asked<'a> {
    method: Method,
    url: &'a str,
    headers: &'a [(&'static str, &'a str)],
    body: Bytes,
}

impl Outbound {
    /// A client that goes as far as `policy` lets it, through `proxy` if there is one, and gives
    /// each exchange `deadline`.
    pub fn new(
        policy: Policy,
        proxy: Option<&Proxy>,
        deadline: Duration,
    ) -> Result<Self, BuildError> {
        let resolver = Resolver::system(policy);
        Ok(Self::build(resolver, proxy, deadline, tls()?))
    }

    fn build(
        resolver: Resolver,
        proxy: Option<&Proxy>,
        deadline: Duration,
        tls: ClientConfig,
    ) -> Self {
        Self {
            client: client(Connector::new(&resolver, proxy, tls, EXCHANGE_BYTES)),
            resolver,
            proxy: proxy.cloned(),
            deadline,
            bound: EXCHANGE_BYTES,
        }
    }

    /// How far out requests may go.
    pub fn policy(&self) -> &Policy {
        self.resolver.policy()
    }

    /// Whether this URL may be called right now, its name's addresses included. A name that has
    /// no address yet passes: it is asked again at every call.
    pub async fn check(&self, url: &str) -> Result<Url, UrlError> {
        let url = check_url(url, self.policy())?;
        if self.leads_astray(&url).await {
            Err(UrlError::Host)
        } else {
            Ok(url)
        }
    }

    /// Whether the URL's name has an address that may not be dialed, as far as can be told here
    /// and now. Behind a proxy there may be no DNS: then the proxy decides, but not over a name
    /// that means something on its own network.
    async fn leads_astray(&self, url: &Url) -> bool {
        let Some(Host::Domain(name)) = url.host() else {
            return false;
        };
        if self.policy().allow_private {
            return false;
        }
        let found = self.resolver.addresses(name.to_owned());
        match tokio::time::timeout(NAME_PATIENCE, found).await {
            Ok(Ok(_)) => false,
            Ok(Err(LookupError::NotAllowed)) => true,
            Ok(Err(LookupError::Unresolved(_))) | Err(_) => self.proxy.is_some() && is_local(name),
        }
    }

    /// Posts `body` and reads the answer's status and the first of its body. Redirects are
    /// answers like any other. An answer whose body breaks off or does not end in time counts by
    /// its status: the receiver has decided.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, &str)],
        body: Bytes,
    ) -> Result<Response, SendError> {
        let end = Instant::now() + self.deadline;
        let asked = Asked {
            method: Method::POST,
            url,
            headers,
            body,
        };
        let (answer, mut body) = self.begin(asked, end).await?.into_parts();
        let mut head = Vec::new();
        // Late or broken, what has come of the body is enough.
        tokio::time::timeout_at(end, read_head(&mut body, &mut head))
            .await
            .ok();
        // If the connection lives on, the next exchange begins here.
        if let Some(meter) = answer.extensions.get::<Meter>() {
            meter.reset();
        }
        Ok(Response {
            status: answer.status.as_u16(),
            head: String::from_utf8_lossy(&head).replace('\0', "\u{fffd}"),
            retry_after: retry_after(&answer.headers),
        })
    }

    /// Sends what is asked and waits for the head of the answer.
    async fn begin(
        &self,
        asked: Asked<'_>,
        end: Instant,
    ) -> Result<HttpResponse<Incoming>, SendError> {
        // The connector dials addresses in a URL without asking the resolver.
        let url = check_url(asked.url, self.policy()).map_err(|_| SendError::NotAllowed)?;
        // Nor does it ask for names that a proxy dials.
        if self.proxy.is_some() && self.leads_astray(&url).await {
            return Err(SendError::NotAllowed);
        }
        let request = self.request(&url, asked)?;
        let answer = tokio::time::timeout_at(end, self.client.request(request)).await;
        answer
            .map_err(|_| SendError::Timeout)?
            .map_err(|error| reason(&error))
    }

    fn request(&self, url: &Url, asked: Asked<'_>) -> Result<Request<Full<Bytes>>, SendError> {
        // The library says nothing of an empty body, and some servers wait for one then.
        let is_empty = asked.method == Method::POST && asked.body.is_empty();
        let mut request = Request::builder().method(asked.method).uri(url.as_str());
        if is_empty {
            request = request.header(CONTENT_LENGTH, 0);
        }
        for (name, value) in asked.headers {
            request = request.header(*name, *value);
        }
        request = request.header(ACCEPT, "*/*").header(USER_AGENT, AGENT);
        // A proxy that passes on what it cannot read is told when the connection is made.
        let known = self.proxy.as_ref().and_then(Proxy::credentials);
        if let (Some(known), "http") = (known, url.scheme()) {
            request = request.header(PROXY_AUTHORIZATION, known);
        }
        // What the library cannot write is not sent.
        request
            .body(Full::new(asked.body))
            .map_err(|_| SendError::Broken)
    }
}

/// Reads to the end, so that the connection can be used again, but not past the cap.
async fn read_head(body: &mut Incoming, head: &mut Vec<u8>) {
    while let Some(Ok(frame)) = body.frame().await {
        let chunk = frame.into_data().unwrap_or_default();
        let room = HEAD_BYTES.saturating_sub(head.len());
        head.extend(chunk.iter().take(room));
        if chunk.len() > room {
            return;
        }
    }
}

fn retry_after(headers: &HeaderMap) -> Option<RetryAfter> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    RetryAfter::parse(text.trim())
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod proxied;
#[cfg(test)]
mod tests;
