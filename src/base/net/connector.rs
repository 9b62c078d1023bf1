//! Connections for the HTTP library: dialed to addresses that the resolver let through, secured
//! by TLS, through a proxy if there is one, and counted.

use super::{meter::Metered, proxy::Proxy, resolver::Resolver};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    HeaderMap, Uri,
    header::{HeaderValue, PROXY_AUTHORIZATION, USER_AGENT},
};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{HttpConnector, proxy::Tunnel},
    },
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto};
use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tower_service::Service;

/// How many bytes an exchange with a stranger may bring over the wire: an honest head, the few
/// KiB that we read of a body, and what TLS says, with room to spare. The library bounds a head,
/// but it forgets interim answers (1xx) as it reads them, and TLS forgets its own messages: of
/// both a receiver could send us as much as the deadline has room for.
pub(super) const EXCHANGE_BYTES: usize = 64 * 1024;

/// Who we say that we are.
pub(super) const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("threadpay/", env!("CARGO_PKG_VERSION")));

/// How long an idle connection is kept. Shorter than the five seconds after which common servers
/// close theirs: a request that meets a closing connection is lost.
const KEEP_IDLE: Duration = Duration::from_secs(4);
/// As many as an endpoint may have tries under way.
const IDLE_PER_HOST: usize = 64;

/// The HTTP library's client over our connections. It is large, and lives in many futures.
pub(super) type HttpClient = Arc<Client<Connector, Full<Bytes>>>;

/// A client that keeps connections for the next request. It follows no redirects, and sends
/// again only what it could not begin to send, because an idle connection was closed.
pub(super) fn client(connector: Connector) -> HttpClient {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is `net`, where clients are built"
    )]
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(KEEP_IDLE)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .http1_max_buf_size(EXCHANGE_BYTES);
    Arc::new(builder.build(connector))
}

/// TLS that trusts the roots that browsers trust.
pub(super) fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

type BoxError = Box<dyn Error + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// TLS, if the URL asks for it, over a connection to the receiver or to the proxy, which may
/// have TLS of its own.
type Stream = MaybeHttpsStream<MaybeHttpsStream<TokioIo<Metered>>>;

/// Makes connections to where a URL leads.
#[derive(Clone)]
pub(super) struct Connector {
    direct: HttpsConnector<Dialer>,
    detour: Option<Detour>,
}

/// The way through a proxy.
#[derive(Clone)]
struct Detour {
    address: Uri,
    /// For `http`: the proxy reads the request and sends it on.
    reader: HttpsConnector<Dialer>,
    /// For `https`: the proxy passes on what it cannot read.
    tunnel: HttpsConnector<Tunnel<HttpsConnector<Dialer>>>,
}

impl Connector {
    /// Connections to what `resolver` lets through, whose exchanges may bring `bound` bytes each.
    pub(super) fn new(
        resolver: &Resolver,
        proxy: Option<&Proxy>,
        mut tls: ClientConfig,
        bound: usize,
    ) -> Self {
        // Exchanges that share a connection, as those of HTTP/2 do, could not be counted apart.
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let tls = Arc::new(tls);
        let secured = |dialer| HttpsConnector::from((dialer, Arc::clone(&tls)));
        let detour = proxy.map(|proxy| {
            let dialer = Dialer::new(resolver.clone().and_proxy(proxy), bound);
            let mut reader = dialer.clone();
            reader.for_proxy = true;
            let mut headers = HeaderMap::from_iter([(USER_AGENT, AGENT)]);
            headers.extend(
                proxy
                    .credentials()
                    .map(|known| (PROXY_AUTHORIZATION, known.clone())),
            );
            let tunnel = Tunnel::new(proxy.address().clone(), secured(dialer));
            Detour {
                address: proxy.address().clone(),
                reader: secured(reader),
                tunnel: HttpsConnector::from((tunnel.with_headers(headers), Arc::clone(&tls))),
            }
        });
        Self {
            direct: secured(Dialer::new(resolver.clone(), bound)),
            detour,
        }
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Connecting<Stream>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // No part of it ever has to wait before it is called.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Connecting<Stream> {
        let connecting = match &mut self.detour {
            None => self.direct.call(to),
            Some(detour) if to.scheme_str() == Some("https") => return detour.tunnel.call(to),
            Some(detour) => detour.reader.call(detour.address.clone()),
        };
        Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) })
    }
}

/// Dials, and puts a meter into each connection.
#[derive(Clone)]
struct Dialer {
    tcp: HttpConnector<Resolver>,
    bound: usize,
    for_proxy: bool,
}

impl Dialer {
    fn new(resolver: Resolver, bound: usize) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        // TLS is put on top.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Self {
            tcp,
            bound,
            for_proxy: false,
        }
    }
}

impl Service<Uri> for Dialer {
    type Response = TokioIo<Metered>;
    type Error = BoxError;
    type Future = Connecting<TokioIo<Metered>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Connecting<TokioIo<Metered>> {
        let dialing = self.tcp.call(to);
        let (bound, for_proxy) = (self.bound, self.for_proxy);
        Box::pin(async move {
            let stream = dialing.await?.into_inner();
            Ok(TokioIo::new(Metered::new(stream, bound, for_proxy)))
        })
    }
}
