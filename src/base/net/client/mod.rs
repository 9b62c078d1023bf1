//! The outbound client: one deadline over the whole exchange, and a cap on what is read.

use super::{
    fault::{SendError, reason},
    guard::{UrlError, check_url},
    policy::Policy,
    proxy::Proxy,
    resolver::{LookupError, Resolver},
    zones::is_local,
};
use bytes::Bytes;
use reqwest::{Client, header, redirect, retry};
use rustls::{ClientConfig, RootCertStore, crypto};
use std::{sync::Arc, time::Duration};
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};
use url::{Host, Url};

/// How long one exchange may take, from the look-up of the name to the answer's last byte.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// How long a URL waits for its name to be resolved, where no address is needed yet.
const NAME_PATIENCE: Duration = Duration::from_secs(3);

/// How much of an answer is read; the rest is left on the wire.
const HEAD_BYTES: usize = 4096;

/// How long an idle connection is kept. Shorter than the five seconds after which common servers
/// close theirs: a request that meets a closing connection is lost.
const KEEP_IDLE: Duration = Duration::from_secs(4);
/// As many as an endpoint may have tries under way.
const IDLE_PER_HOST: usize = 64;

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The TLS library refuses the protocol versions.
    #[error("the outbound client cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The HTTP library refuses the settings.
    #[error("the outbound client cannot be built: {0}")]
    Client(#[from] reqwest::Error),
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
    client: Client,
    resolver: Resolver,
    /// Whether a proxy dials for us: then it alone sees which address a name leads to.
    proxied: bool,
    deadline: Duration,
}

impl Outbound {
    /// A client that goes as far as `policy` lets it, through `proxy` if there is one, and gives
    /// each exchange `deadline`.
    pub fn new(
        policy: Policy,
        proxy: Option<&Proxy>,
        deadline: Duration,
    ) -> Result<Self, BuildError> {
        Self::build(Resolver::system(policy), proxy, deadline, tls()?)
    }

    fn build(
        resolver: Resolver,
        proxy: Option<&Proxy>,
        deadline: Duration,
        tls: ClientConfig,
    ) -> Result<Self, BuildError> {
        #[expect(clippy::disallowed_methods, reason = "this is the one outbound client")]
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("threadpay/", env!("CARGO_PKG_VERSION")))
            .pool_idle_timeout(KEEP_IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST);
        let mut dialer = resolver.clone();
        if let Some(proxy) = proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy.url())?);
            dialer = dialer.and_proxy(proxy);
        }
        Ok(Self {
            client: builder.dns_resolver(Arc::new(dialer)).build()?,
            resolver,
            proxied: proxy.is_some(),
            deadline,
        })
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
            Ok(Err(LookupError::Unresolved(_))) | Err(_) => self.proxied && is_local(name),
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
        // The connector dials addresses in a URL without asking the resolver.
        let url = check_url(url, self.policy()).map_err(|_| SendError::NotAllowed)?;
        let end = tokio::time::Instant::now() + self.deadline;
        // Nor does it ask for names that a proxy dials.
        if self.proxied && self.leads_astray(&url).await {
            return Err(SendError::NotAllowed);
        }
        let mut request = self.client.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = tokio::time::timeout_at(end, request.send()).await;
        let mut answer = answer
            .map_err(|_| SendError::Timeout)?
            .map_err(|error| reason(&error))?;
        let mut head = Vec::new();
        // Late or broken, what has come of the body is enough.
        tokio::time::timeout_at(end, read_head(&mut answer, &mut head))
            .await
            .ok();
        Ok(Response {
            status: answer.status().as_u16(),
            head: String::from_utf8_lossy(&head).replace('\0', "\u{fffd}"),
            retry_after: retry_after(&answer),
        })
    }
}

pub(super) fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Reads to the end, so that the connection can be used again, but not past the cap.
async fn read_head(answer: &mut reqwest::Response, head: &mut Vec<u8>) {
    while let Ok(Some(chunk)) = answer.chunk().await {
        let room = HEAD_BYTES.saturating_sub(head.len());
        head.extend(chunk.iter().take(room));
        if chunk.len() > room {
            return;
        }
    }
}

fn retry_after(answer: &reqwest::Response) -> Option<RetryAfter> {
    let text = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    RetryAfter::parse(text.trim())
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod proxied;
#[cfg(test)]
mod tests;
