use super::*;
use crate::base::net::receiver::{answering, over_tls, receiver, trusting_tls};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{io::AsyncReadExt, net::TcpListener};

/// A client for receivers on this machine.
pub(super) fn local(deadline: u64) -> Outbound {
    let deadline = Duration::from_millis(deadline);
    Outbound::new(Policy::private(), None, deadline).unwrap()
}

/// A client that knows names from `resolver` only, and trusts `receiver.test`.
pub(super) fn with_names(resolver: Resolver, proxy: Option<&Proxy>) -> Outbound {
    Outbound::build(resolver, proxy, DEADLINE, trusting_tls())
}

pub(super) async fn post(outbound: &Outbound, url: &str) -> Result<Response, SendError> {
    let headers = [("webhook-id", "evt_1")];
    outbound
        .post(url, &headers, Bytes::from_static(b"{}"))
        .await
}

pub(super) fn plain(address: SocketAddr) -> String {
    format!("http://{address}/hook")
}

#[tokio::test]
async fn reads_an_answer() {
    let (address, _) =
        answering(b"HTTP/1.1 503 Busy\r\nretry-after: 120\r\ncontent-length: 5\r\n\r\na\0\xffbc")
            .await;
    let answer = post(&local(5000), &plain(address)).await.unwrap();
    assert_eq!(answer.status, 503);
    assert_eq!(answer.head, "a\u{fffd}\u{fffd}bc");
    let wait = Duration::from_mins(2);
    assert_eq!(answer.retry_after, Some(RetryAfter::Wait(wait)));
}

#[tokio::test]
async fn follows_no_redirect() {
    let (address, _) =
        answering(b"HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")
            .await;
    let answer = post(&local(5000), &plain(address)).await.unwrap();
    assert_eq!(answer.status, 307);
}

#[tokio::test]
async fn a_silent_receiver_costs_one_deadline() {
    let address = receiver(|mut stream| async move {
        let mut request = [0; 4096];
        while stream.read(&mut request).await.is_ok_and(|n| n > 0) {}
    })
    .await;
    let start = tokio::time::Instant::now();
    let answer = post(&local(300), &plain(address)).await;
    assert_eq!(answer, Err(SendError::Timeout));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn tells_faults_apart() {
    let (garbage, _) = answering(b"\x16\x03\x01 no http \r\n\r\n").await;
    let answer = post(&local(5000), &plain(garbage)).await;
    assert_eq!(answer, Err(SendError::Broken));
    let closing = receiver(|stream| async move { drop(stream) }).await;
    let answer = post(&local(5000), &plain(closing)).await;
    assert_eq!(answer, Err(SendError::Broken));
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = unused.local_addr().unwrap();
    drop(unused);
    let answer = post(&local(5000), &plain(nobody)).await;
    assert_eq!(answer, Err(SendError::Connect));
    let nowhere = with_names(Resolver::fake(Policy::default(), |_| vec![]), None);
    let answer = post(&nowhere, "https://a.test/").await;
    assert_eq!(answer, Err(SendError::Dns));
}

#[tokio::test]
async fn trusts_only_the_certificate_of_the_name_that_it_asked_for() {
    let address = over_tls(b"HTTP/1.1 204 None\r\n\r\n");
    let here = move |_: &str| vec![SocketAddr::new(address.ip(), 0)];
    let trusting = with_names(Resolver::fake(Policy::private(), here), None);
    let url = |name: &str| format!("https://{name}:{}/", address.port());
    let answer = post(&trusting, &url("receiver.test")).await.unwrap();
    assert_eq!(answer.status, 204);
    let other_name = post(&trusting, &url("other.test")).await;
    assert_eq!(other_name, Err(SendError::Tls));
    let self_signed = post(&local(5000), &url("127.0.0.1")).await;
    assert_eq!(self_signed, Err(SendError::Tls));
    let (no_tls, _) = answering(b"HTTP/1.1 200 OK\r\n\r\n").await;
    let answer = post(&local(5000), &format!("https://{no_tls}/")).await;
    assert_eq!(answer, Err(SendError::Tls));
    let closing = receiver(|stream| async move { drop(stream) }).await;
    let answer = post(&local(5000), &format!("https://{closing}/")).await;
    assert_eq!(answer, Err(SendError::Connect));
}

#[tokio::test]
async fn checks_what_it_dials() {
    let outbound = Outbound::new(Policy::default(), None, DEADLINE).unwrap();
    let literal = post(&outbound, "https://127.0.0.1/").await;
    assert_eq!(literal, Err(SendError::NotAllowed));
    // A name that was public when it was registered and is private now.
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let flipping = Resolver::fake(Policy::default(), move |_| {
        let first = count.fetch_add(1, Ordering::Relaxed) == 0;
        let public = SocketAddr::from(([93, 184, 215, 14], 0));
        let private = SocketAddr::from(([127, 0, 0, 1], 0));
        vec![if first { public } else { private }]
    });
    let outbound = with_names(flipping, None);
    assert!(outbound.check("https://flip.example/").await.is_ok());
    let dialed = post(&outbound, "https://flip.example/").await;
    assert_eq!(dialed, Err(SendError::NotAllowed));
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    let again = outbound.check("https://flip.example/").await;
    assert_eq!(again, Err(UrlError::Host));
}

#[tokio::test]
async fn dials_the_networks_that_it_is_told_of_by_address_and_by_name() {
    let address = over_tls(b"HTTP/1.1 204 None\r\n\r\n");
    let policy = Policy {
        ports: vec![address.port()],
        networks: vec!["127.0.0.0/30".parse().unwrap()],
        ..Policy::default()
    };
    let resolver = Resolver::fake(policy, move |name| {
        let last = if name == "outside.internal" { 9 } else { 1 };
        vec![SocketAddr::from(([127, 0, 0, last], 0))]
    });
    let outbound = with_names(resolver, None);
    let url = |host: &str| format!("https://{host}:{}/", address.port());
    let answer = post(&outbound, &url("receiver.test")).await.unwrap();
    assert_eq!(answer.status, 204);
    // The guard lets these through; their certificate is another's.
    for host in ["127.0.0.1", "bot", "bot.internal"] {
        assert!(outbound.check(&url(host)).await.is_ok(), "{host}");
        let answer = post(&outbound, &url(host)).await;
        assert_eq!(answer, Err(SendError::Tls), "{host}");
    }
    for host in ["127.0.0.9", "outside.internal"] {
        let registered = outbound.check(&url(host)).await;
        assert_eq!(registered, Err(UrlError::Host), "{host}");
        let answer = post(&outbound, &url(host)).await;
        assert_eq!(answer, Err(SendError::NotAllowed), "{host}");
    }
}

#[tokio::test]
async fn dials_exactly_the_address_that_was_checked() {
    let (address, _) = answering(b"HTTP/1.1 204 None\r\n\r\n").await;
    let resolver = Resolver::fake(Policy::private(), move |name| {
        assert_eq!(name, "name.test");
        vec![SocketAddr::new(address.ip(), 0)]
    });
    let url = format!("http://name.test:{}/", address.port());
    let answer = post(&with_names(resolver, None), &url).await.unwrap();
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
        assert_eq!(RetryAfter::parse(text), expected, "{text}");
    }
}
