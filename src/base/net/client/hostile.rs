//! Receivers that mean harm: each costs one try, one deadline at most, and no memory.

use super::{
    tests::{local, plain, post, with_names},
    *,
};
use crate::base::net::receiver::{
    answering, begin, endless, over_tls, proxy, receiver, with_tickets,
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::io::AsyncWriteExt;

/// What the buffers of two sockets and the library's own hold, with room to spare.
const BUFFERED: usize = 32 << 20;
const DRIP: Option<Duration> = Some(Duration::from_millis(20));
const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

#[tokio::test]
async fn a_head_without_end_is_cut_by_its_size() {
    for (start, more) in [
        (&b"HTTP/1.1 200 OK\r\n"[..], &b"x: y\r\n"[..]),
        (b"HTTP/1.1 200 OK\r\nx: ", &[b'y'; 1000]),
        (b"HTTP/1.1 200 OK\r\n", &[b'x'; 1000]),
        (b"HTTP/1.1 200 ", &[b'O'; 1000]),
        (b"", &[b'H'; 1000]),
    ] {
        let (address, mut ends) = endless(start, more, None).await;
        let answer = post(&local(10_000), &plain(address)).await;
        assert_eq!(answer, Err(SendError::Broken));
        assert!(ends.recv().await.unwrap() < BUFFERED);
    }
}

#[tokio::test]
async fn a_head_that_takes_forever_is_cut_by_the_deadline() {
    for (start, more) in [
        (&b"HTTP/1.1 200 OK\r\n"[..], &b"x: y\r\n"[..]),
        (b"", INTERIM),
    ] {
        let (address, mut ends) = endless(start, more, DRIP).await;
        let begun = tokio::time::Instant::now();
        let answer = post(&local(300), &plain(address)).await;
        assert_eq!(answer, Err(SendError::Timeout));
        assert!(begun.elapsed() < Duration::from_secs(2));
        // The connection does not outlive the try.
        assert!(ends.recv().await.is_some());
    }
}

/// The library forgets them as it reads them, so only the bytes of the connection tell.
#[tokio::test]
async fn interim_answers_without_end_are_cut_by_their_size() {
    let (address, mut ends) = endless(b"", INTERIM, None).await;
    let begun = tokio::time::Instant::now();
    let answer = post(&local(10_000), &plain(address)).await;
    assert_eq!(answer, Err(SendError::Broken));
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert!(ends.recv().await.unwrap() < BUFFERED);
}

/// Interim answers of more than an answer may have, and then a good one.
fn late_answer() -> &'static [u8] {
    let flood = INTERIM.repeat(50_000);
    [&flood[..], b"HTTP/1.1 204 None\r\n\r\n"].concat().leak()
}

/// A client that finds `receiver.test` at this machine, and how often it dialed.
fn dialing(policy: Policy, proxy: Option<&Proxy>) -> (Outbound, Arc<AtomicUsize>) {
    let dialed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&dialed);
    let resolver = Resolver::fake(policy, move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        vec![SocketAddr::from(([127, 0, 0, 1], 0))]
    });
    (with_names(resolver, proxy), dialed)
}

fn secure(address: SocketAddr) -> String {
    format!("https://receiver.test:{}/", address.port())
}

#[tokio::test]
async fn interim_answers_are_counted_behind_tls_and_a_proxy_too() {
    let (direct, _) = dialing(Policy::private(), None);
    let answer = post(&direct, &secure(over_tls(late_answer()))).await;
    assert_eq!(answer, Err(SendError::Broken));
    for (url, answer) in [
        ("https://receiver.test/", &b"HTTP/1.1 200 OK\r\n\r\n"[..]),
        ("http://receiver.test/", late_answer()),
    ] {
        let (at, _asked) = proxy(answer, over_tls(late_answer())).await;
        let way = Proxy::parse(&format!("http://{at}"));
        let (proxied, _) = dialing(Policy::private(), way.as_ref());
        assert_eq!(post(&proxied, url).await, Err(SendError::Broken), "{url}");
    }
}

/// TLS has messages of its own, of which HTTP sees nothing: here tickets, of 80 bytes each.
#[tokio::test]
async fn what_tls_says_for_itself_is_counted() {
    let long = format!("HTTP/1.1 204 None\r\nx: {}\r\n\r\n", "y".repeat(30_000)).leak();
    let (outbound, _) = dialing(Policy::private(), None);
    for (tickets, expected) in [(2, Ok(204)), (600, Err(SendError::Broken))] {
        let address = with_tickets(long.as_bytes(), tickets);
        let answer = post(&outbound, &secure(address)).await;
        assert_eq!(answer.map(|answer| answer.status), expected, "{tickets}");
    }
}

#[tokio::test]
async fn each_exchange_of_a_connection_is_counted_anew() {
    let body = "x".repeat(2000);
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n{body}").leak();
    let tls = over_tls(answer.as_bytes());
    let (address, mut opened) = answering(answer.as_bytes()).await;
    let (at, mut asked) = proxy(b"HTTP/1.1 200 OK\r\n\r\n", tls).await;
    let way = Proxy::parse(&format!("http://{at}"));
    let (direct, dialed) = dialing(Policy::private(), None);
    let (proxied, _) = dialing(Policy::private(), way.as_ref());
    for (outbound, url) in [
        (&direct, plain(address)),
        (&direct, secure(tls)),
        (&proxied, "https://receiver.test/".to_owned()),
    ] {
        for _ in 0..100 {
            let answer = post(outbound, &url).await.unwrap();
            assert_eq!((answer.status, answer.head.len()), (200, 2000), "{url}");
        }
    }
    let openings = std::iter::from_fn(|| opened.try_recv().ok()).count();
    let tunnels = std::iter::from_fn(|| asked.try_recv().ok()).count();
    let dialed = dialed.load(Ordering::Relaxed);
    assert_eq!((openings, dialed, tunnels), (1, 1, 1));
}

#[tokio::test]
async fn a_body_without_end_is_cut_and_its_status_counts() {
    let flood = endless(b"HTTP/1.1 200 OK\r\n\r\n", &[b'x'; 1000], None);
    let (address, mut ends) = flood.await;
    let answer = post(&local(10_000), &plain(address)).await.unwrap();
    assert_eq!((answer.status, answer.head.len()), (200, HEAD_BYTES));
    assert!(ends.recv().await.unwrap() < BUFFERED);
    let (address, mut ends) = endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x", DRIP).await;
    let begun = tokio::time::Instant::now();
    let answer = post(&local(300), &plain(address)).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert!(ends.recv().await.is_some());
}

#[tokio::test]
async fn a_body_that_breaks_off_counts_by_its_status() {
    for (start, head) in [
        (
            &b"HTTP/1.1 202 OK\r\ncontent-length: 100\r\n\r\nhalf"[..],
            "half",
        ),
        (
            b"HTTP/1.1 202 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            "half",
        ),
        (
            b"HTTP/1.1 202 OK\r\ntransfer-encoding: chunked\r\n\r\nno size",
            "",
        ),
    ] {
        let address = receiver(move |stream| async move {
            begin(stream, start).await.shutdown().await.ok();
        });
        let answer = post(&local(5000), &plain(address.await)).await.unwrap();
        assert_eq!((answer.status, answer.head.as_str()), (202, head));
    }
}

#[tokio::test]
async fn a_long_body_of_any_bytes_is_kept_as_text() {
    let address = receiver(|stream| async move {
        let start = b"HTTP/1.1 500 Oh\r\ncontent-length: 9000\r\n\r\n";
        let mut stream = begin(stream, start).await;
        stream.write_all(&[0xff; 9000]).await.ok();
    });
    let answer = post(&local(5000), &plain(address.await)).await.unwrap();
    assert_eq!(answer.status, 500);
    assert_eq!(answer.head, "\u{fffd}".repeat(HEAD_BYTES));
}

#[tokio::test]
async fn a_head_that_smuggles_or_contradicts_itself_is_no_answer() {
    for head in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nna me: x\r\n\r\n",
        b"HTTP/1.1 000 OK\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let (address, _) = answering(head).await;
        let answer = post(&local(5000), &plain(address)).await;
        assert_eq!(answer, Err(SendError::Broken), "{}", head.escape_ascii());
    }
}

/// How many connections three tries take.
async fn connections(answer: &'static [u8], deadline: u64) -> usize {
    let (address, mut opened) = answering(answer).await;
    let outbound = local(deadline);
    for _ in 0..3 {
        let _ = post(&outbound, &plain(address)).await;
    }
    std::iter::from_fn(|| opened.try_recv().ok()).count()
}

#[tokio::test]
async fn only_a_connection_whose_answer_was_read_whole_is_used_again() {
    let long = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
    let long = format!("{long}{}", "x".repeat(1_000_000)).leak();
    for (answer, deadline, expected) in [
        (
            &b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"[..],
            10_000,
            1,
        ),
        (b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", 10_000, 1),
        (long.as_bytes(), 10_000, 3),
        (
            b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            10_000,
            3,
        ),
        (
            b"HTTP/1.1 101 Go\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            10_000,
            3,
        ),
        // More than was promised, so perhaps the answer to what is asked next.
        (
            b"HTTP/1.1 204 None\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            10_000,
            3,
        ),
        (b"\x16\x03\x01", 200, 3),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\nhalf",
            200,
            3,
        ),
        (b"HTTP/1.1 200 OK\r\n", 200, 3),
    ] {
        let found = connections(answer, deadline).await;
        let start = answer.get(..60).unwrap_or(answer).escape_ascii();
        assert_eq!(found, expected, "{start}");
    }
}
