//! Receivers that mean harm: each costs one try, one deadline at most, and no memory.

use super::{
    tests::{local, plain, post},
    *,
};
use crate::base::net::receiver::{answering, begin, endless, receiver};
use tokio::io::AsyncWriteExt;

/// What the buffers of two sockets and the library's own hold, with room to spare.
const BUFFERED: usize = 32 << 20;
const DRIP: Option<Duration> = Some(Duration::from_millis(20));

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
    for (more, pause) in [
        (&b"x: y\r\n"[..], DRIP),
        (b"HTTP/1.1 100 Continue\r\n\r\n", DRIP),
        // However fast it comes: it is forgotten as it is read.
        (b"HTTP/1.1 100 Continue\r\n\r\n", None),
    ] {
        let start = if more.starts_with(b"HTTP") {
            &b""[..]
        } else {
            b"HTTP/1.1 200 OK\r\n"
        };
        let (address, mut ends) = endless(start, more, pause).await;
        let begun = tokio::time::Instant::now();
        let answer = post(&local(300), &plain(address)).await;
        assert_eq!(answer, Err(SendError::Timeout));
        assert!(begun.elapsed() < Duration::from_secs(2));
        // The connection does not outlive the try.
        assert!(ends.recv().await.is_some());
    }
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
