//! Behind a forward proxy, which may stand in a private network itself.

use super::{
    tests::{post, with_names},
    *,
};
use crate::base::net::receiver::{over_tls, proxy};
use std::net::SocketAddr;

const OPEN: &[u8] = b"HTTP/1.1 200 Connected\r\n\r\n";

fn address(ip: [u8; 4]) -> Vec<SocketAddr> {
    vec![SocketAddr::from((ip, 0))]
}

/// Knows the proxy's name, and what else these tests ask for.
fn names(policy: Policy) -> Resolver {
    Resolver::fake(policy, |name| match name {
        "proxy.internal" | "inside.example" => address([127, 0, 0, 1]),
        "receiver.test" => address([93, 184, 215, 14]),
        "mixed.example" => [address([93, 184, 215, 14]), address([10, 0, 0, 1])].concat(),
        _ => vec![],
    })
}

#[tokio::test]
async fn everything_goes_through_the_proxy_even_if_that_is_private() {
    let target = over_tls(b"HTTP/1.1 202 OK\r\ncontent-length: 2\r\n\r\nok");
    for host in ["127.0.0.1", "proxy.internal"] {
        let (at, mut asked) = proxy(OPEN, target).await;
        let url = format!("http://me:p%40ss@{host}:{}", at.port());
        let outbound = with_names(names(Policy::default()), Proxy::parse(&url).as_ref());
        let answer = post(&outbound, "https://receiver.test/hook").await.unwrap();
        assert_eq!((answer.status, answer.head.as_str()), (202, "ok"));
        let request = asked.recv().await.unwrap().to_lowercase();
        assert!(request.starts_with("connect receiver.test:443 http/1.1\r\n"));
        // "me:p@ss" in base64.
        assert!(request.contains("proxy-authorization: basic bwu6cebzcw==\r\n"));
        assert!(!request.contains("webhook-id"), "{request}");
    }
}

#[tokio::test]
async fn plain_http_goes_through_it_too_where_that_is_allowed() {
    let (at, mut asked) = proxy(b"HTTP/1.1 204 None\r\n\r\n", ([127, 0, 0, 1], 9).into()).await;
    let url = Proxy::parse(&format!("http://me@{at}"));
    let outbound = with_names(names(Policy::private()), url.as_ref());
    let answer = post(&outbound, "http://bot:3000/hook").await.unwrap();
    assert_eq!(answer.status, 204);
    let request = asked.recv().await.unwrap().to_lowercase();
    assert!(request.starts_with("post http://bot:3000/hook http/1.1\r\n"));
    assert!(request.contains("host: bot:3000\r\n"));
    // "me:" in base64.
    assert!(request.contains("proxy-authorization: basic bwu6\r\n"));
}

#[tokio::test]
async fn the_proxy_may_have_tls_and_must_show_its_own_certificate() {
    let at = over_tls(b"HTTP/1.1 202 OK\r\ncontent-length: 2\r\n\r\nok");
    let resolver = Resolver::fake(Policy::private(), |_| address([127, 0, 0, 1]));
    for (name, expected) in [
        ("receiver.test", Ok(202)),
        ("other.test", Err(SendError::Tls)),
    ] {
        let url = Proxy::parse(&format!("https://{name}:{}", at.port()));
        let outbound = with_names(resolver.clone(), url.as_ref());
        let answer = post(&outbound, "http://bot:3000/hook").await;
        assert_eq!(answer.map(|answer| answer.status), expected, "{name}");
    }
}

#[tokio::test]
async fn the_proxy_is_not_asked_for_what_is_private() {
    let (at, mut asked) = proxy(OPEN, ([127, 0, 0, 1], 9).into()).await;
    let networks = vec!["10.20.0.0/16".parse().unwrap()];
    let url = format!("http://proxy.internal:{}", at.port());
    let proxy = Proxy::parse(&url);
    for policy in [
        Policy::default(),
        Policy {
            networks,
            ..Policy::default()
        },
    ] {
        let outbound = with_names(names(policy), proxy.as_ref());
        for url in [
            "https://127.0.0.1/",
            "https://10.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://127.0.0.1.nip.io/",
            "https://inside.example/",
            "https://mixed.example/",
            // The proxy's own name, and one that is looked for in the proxy's own network.
            "https://proxy.internal/",
            "https://metadata.google.internal/",
            "https://metadata/",
        ] {
            let answer = post(&outbound, url).await;
            assert_eq!(answer, Err(SendError::NotAllowed), "{url}");
            let registered = outbound.check(url).await;
            assert_eq!(registered, Err(UrlError::Host), "{url}");
        }
    }
    assert!(asked.try_recv().is_err());
}

#[tokio::test]
async fn a_name_that_is_not_known_here_is_left_to_the_proxy() {
    let target = over_tls(b"HTTP/1.1 204 None\r\n\r\n");
    let (at, mut asked) = proxy(OPEN, target).await;
    let url = Proxy::parse(&format!("http://{at}"));
    let nothing = Resolver::fake(Policy::default(), |_| vec![]);
    let outbound = with_names(nothing, url.as_ref());
    assert!(outbound.check("https://receiver.test/").await.is_ok());
    let answer = post(&outbound, "https://receiver.test/").await.unwrap();
    assert_eq!(answer.status, 204);
    let request = asked.recv().await.unwrap();
    assert!(request.starts_with("CONNECT receiver.test:443 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_proxy_that_refuses_or_is_away_is_a_failed_connection() {
    for refusal in [
        &b"HTTP/1.1 403 Forbidden\r\n\r\n"[..],
        b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        b"no http\r\n\r\n",
    ] {
        let (at, _asked) = proxy(refusal, ([127, 0, 0, 1], 9).into()).await;
        let url = Proxy::parse(&format!("http://{at}"));
        let outbound = with_names(names(Policy::default()), url.as_ref());
        let answer = post(&outbound, "https://receiver.test/").await;
        assert_eq!(answer, Err(SendError::Connect));
    }
    let away = Proxy::parse("http://127.0.0.1:9");
    let outbound = with_names(names(Policy::default()), away.as_ref());
    let answer = post(&outbound, "https://receiver.test/").await;
    assert_eq!(answer, Err(SendError::Connect));
}
