//! The outbound client: one deadline over the whole exchange, and a cap on what is read.

use super::{
    fault::{SendError, reason},
    guard::{Policy, UrlError, check_url},
    resolver::{LookupError, Resolver},
};
use bytes::Bytes;
use reqwest::{Client, header, redirect, retry};
use rustls::{ClientConfig, RootCertStore, crypto};
use std::{sync::Arc, time::Duration};
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};
use url::{Host, Url};

/// How long one exchange may take, from the look-up of the name to the answer's last byte.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// How long the one who registers a URL waits for its name to be resolved.
const NAME_PATIENCE: Duration = Duration::from_secs(3);

/// How much of an answer is read; the rest is left on the wire.
const HEAD_BYTES: usize = 4096;

/// How long an idle connection is kept. Shorter than the five seconds after which common servers
/// close theirs: a request that meets a closing connection is lost.
const KEEP_IDLE: Duration = Duration::from_secs(4);
const IDLE_PER_HOST: usize = 8;

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
    policy: Policy,
    deadline: Duration,
}

impl Outbound {
    /// A client that goes as far as `policy` lets it and gives each exchange `deadline`.
    pub fn new(policy: Policy, deadline: Duration) -> Result<Self, BuildError> {
        Self::build(policy, deadline, Resolver::system(policy))
    }

    fn build(policy: Policy, deadline: Duration, resolver: Resolver) -> Result<Self, BuildError> {
        #[expect(clippy::disallowed_methods, reason = "this is the one outbound client")]
        let client = Client::builder()
            .tls_backend_preconfigured(tls()?)
            .dns_resolver(Arc::new(resolver.clone()))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("threadpay/", env!("CARGO_PKG_VERSION")))
            .pool_idle_timeout(KEEP_IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .build()?;
        Ok(Self {
            client,
            resolver,
            policy,
            deadline,
        })
    }

    /// How far out requests may go.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Whether this URL may be called right now, its name's addresses included. A name that has
    /// no address yet passes: it is asked again at every call.
    pub async fn check(&self, url: &str) -> Result<Url, UrlError> {
        let url = check_url(url, self.policy)?;
        if let (Some(Host::Domain(name)), false) = (url.host(), self.policy.allow_private) {
            let found = self.resolver.addresses(name.to_owned());
            match tokio::time::timeout(NAME_PATIENCE, found).await {
                Ok(Err(LookupError::NotAllowed)) => return Err(UrlError::Host),
                Ok(Ok(_) | Err(LookupError::Unresolved(_))) | Err(_) => {}
            }
        }
        Ok(url)
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
        let url = check_url(url, self.policy).map_err(|_| SendError::NotAllowed)?;
        let mut request = self.client.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let end = tokio::time::Instant::now() + self.deadline;
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
    parse_retry_after(text.trim())
}

/// Seconds, or a date in the one form that RFC 9110 lets a sender make.
fn parse_retry_after(text: &str) -> Option<RetryAfter> {
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(RetryAfter::Wait(Duration::from_secs(seconds.into())));
    }
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let at = PrimitiveDateTime::parse(text, form).ok()?;
    Some(RetryAfter::At(at.assume_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        net::SocketAddr,
        sync::atomic::{AtomicUsize, Ordering},
    };
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    const PRIVATE: Policy = Policy {
        allow_private: true,
    };

    /// A receiver that treats each connection as `serve` does.
    async fn receiver<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
        address
    }

    async fn begin(mut stream: TcpStream, answer: &[u8]) -> TcpStream {
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer).await;
        let _ = stream.write_all(answer).await;
        stream
    }

    /// Reads a request, writes `answer` and keeps the connection open.
    async fn answering(answer: &'static [u8]) -> SocketAddr {
        receiver(move |stream| async move {
            let mut stream = begin(stream, answer).await;
            let mut rest = [0; 4096];
            while stream.read(&mut rest).await.is_ok_and(|n| n > 0) {}
        })
        .await
    }

    async fn post(address: SocketAddr, deadline: u64) -> Result<Response, SendError> {
        let outbound = Outbound::new(PRIVATE, Duration::from_millis(deadline)).unwrap();
        let url = format!("http://{address}/hook");
        outbound
            .post(&url, &[("webhook-id", "evt_1")], Bytes::from_static(b"{}"))
            .await
    }

    #[tokio::test]
    async fn reads_an_answer() {
        let address = answering(
            b"HTTP/1.1 503 Busy\r\nretry-after: 120\r\ncontent-length: 5\r\n\r\na\0\xffbc",
        )
        .await;
        let answer = post(address, 5000).await.unwrap();
        assert_eq!(answer.status, 503);
        assert_eq!(answer.head, "a\u{fffd}\u{fffd}bc");
        let wait = Duration::from_mins(2);
        assert_eq!(answer.retry_after, Some(RetryAfter::Wait(wait)));
    }

    #[tokio::test]
    async fn follows_no_redirect() {
        let address = answering(
            b"HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        )
        .await;
        assert_eq!(post(address, 5000).await.unwrap().status, 307);
    }

    #[tokio::test]
    async fn a_slow_or_silent_receiver_costs_one_deadline() {
        let silent = receiver(|stream| async move {
            tokio::time::sleep(Duration::from_secs(9)).await;
            drop(stream);
        })
        .await;
        let dripping = receiver(|stream| async move {
            let mut stream = begin(stream, b"HTTP/1.1 200 OK\r\n").await;
            while stream.write_all(b"x: y\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        for address in [silent, dripping] {
            let start = tokio::time::Instant::now();
            assert_eq!(post(address, 300).await, Err(SendError::Timeout));
            assert!(start.elapsed() < Duration::from_secs(2));
        }
    }

    #[tokio::test]
    async fn an_endless_body_is_cut_and_its_status_counts() {
        let flooding = receiver(|stream| async move {
            let mut stream = begin(stream, b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[b'x'; 1000]).await.is_ok() {}
        })
        .await;
        let dripping = receiver(|stream| async move {
            let mut stream = begin(stream, b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
        let flooded = post(flooding, 5000).await.unwrap();
        assert_eq!((flooded.status, flooded.head.len()), (200, HEAD_BYTES));
        let start = tokio::time::Instant::now();
        let dripped = post(dripping, 300).await.unwrap();
        assert_eq!(dripped.status, 200);
        assert!(start.elapsed() < Duration::from_secs(2));
    }

    #[tokio::test]
    async fn tells_faults_apart() {
        let garbage = answering(b"\x16\x03\x01 no http \r\n\r\n").await;
        assert_eq!(post(garbage, 5000).await, Err(SendError::Broken));
        let closing = receiver(|stream| async move { drop(stream) }).await;
        assert_eq!(post(closing, 5000).await, Err(SendError::Broken));
        let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nobody = unused.local_addr().unwrap();
        drop(unused);
        assert_eq!(post(nobody, 5000).await, Err(SendError::Connect));
        let outbound = Outbound::new(PRIVATE, DEADLINE).unwrap();
        let plain = answering(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let tls = outbound
            .post(&format!("https://{plain}/"), &[], Bytes::new())
            .await;
        assert_eq!(tls, Err(SendError::Tls));
        let nowhere = Resolver::fake(PRIVATE, |_| vec![]);
        let outbound = Outbound::build(PRIVATE, DEADLINE, nowhere).unwrap();
        let unknown = outbound.post("https://a.test/", &[], Bytes::new());
        assert_eq!(unknown.await, Err(SendError::Dns));
    }

    #[tokio::test]
    async fn checks_what_it_dials() {
        let policy = Policy::default();
        let outbound = Outbound::new(policy, DEADLINE).unwrap();
        let literal = outbound.post("https://127.0.0.1/", &[], Bytes::new());
        assert_eq!(literal.await, Err(SendError::NotAllowed));
        // A name that was public when it was registered and is private now.
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let flipping = Resolver::fake(policy, move |_| {
            let first = count.fetch_add(1, Ordering::Relaxed) == 0;
            let public = SocketAddr::from(([93, 184, 215, 14], 0));
            let private = SocketAddr::from(([127, 0, 0, 1], 0));
            vec![if first { public } else { private }]
        });
        let outbound = Outbound::build(policy, DEADLINE, flipping).unwrap();
        assert!(outbound.check("https://flip.example/").await.is_ok());
        let dialed = outbound.post("https://flip.example/", &[], Bytes::new());
        assert_eq!(dialed.await, Err(SendError::NotAllowed));
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        let again = outbound.check("https://flip.example/").await;
        assert_eq!(again, Err(UrlError::Host));
    }

    #[tokio::test]
    async fn dials_exactly_the_address_that_was_checked() {
        let address = answering(b"HTTP/1.1 204 None\r\n\r\n").await;
        let resolver = Resolver::fake(PRIVATE, move |name| {
            assert_eq!(name, "name.test");
            vec![SocketAddr::new(address.ip(), 0)]
        });
        let outbound = Outbound::build(PRIVATE, DEADLINE, resolver).unwrap();
        let url = format!("http://name.test:{}/", address.port());
        let answer = outbound.post(&url, &[], Bytes::new()).await.unwrap();
        assert_eq!(answer.status, 204);
    }

    #[test]
    fn reads_retry_after() {
        let at = time::macros::datetime!(2026-11-22 08:40:00 UTC);
        for (text, expected) in [
            ("0", Some(RetryAfter::Wait(Duration::ZERO))),
            ("Sun, 22 Nov 2026 08:40:00 GMT", Some(RetryAfter::At(at))),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("99999999999", None),
        ] {
            assert_eq!(parse_retry_after(text), expected, "{text}");
        }
    }
}
