//! Requests that the HTTP parser refuses, such as one with raw bytes above ASCII in its URL. They
//! never reach a handler: the parser answers by itself, with a head and nothing else. Here that
//! answer is replaced by a problem or, for who wanted a page, by a page.

use crate::base::{ambient::Ambient, ids, language::Locale};
use crate::http::Problem;
use crate::views::pages::{PAGE_HEADERS, Reader, not_found_page};
use actix_web::http::StatusCode;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::io::AsyncWrite;
use uuid::Uuid;

/// How every answer of the parser's own begins: it blames the client.
const BLAME: &[u8] = b"HTTP/1.1 4";

/// Whether the bytes begin with a request for a page of payers; none where no request begins.
fn wants_page(bytes: &[u8], root: &str) -> Option<bool> {
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    let mut words = line.split(|byte| *byte == b' ');
    let method = words.next()?;
    let is_method = !method.is_empty() && method.iter().all(u8::is_ascii_uppercase);
    let path = words.next().filter(|_| is_method)?;
    let path = path.strip_prefix(root.as_bytes()).unwrap_or(path);
    Some(path.starts_with(b"/p/") || path.starts_with(b"/r/"))
}

/// Sees to the answers of the parser's own on one connection.
#[derive(Debug)]
pub(in crate::http) struct Malformed {
    ambient: Ambient,
    /// Who reads a page: nobody of whom more is known.
    reader: Reader,
    /// Whether the last request that came was for a page.
    wants_page: bool,
    /// What is sent instead of what the parser answered, and how much of it has gone.
    instead: Option<(Vec<u8>, usize)>,
}

impl Malformed {
    /// For a new connection; the ids of requests come from `ambient`, and pages begin at `root`.
    pub fn new(ambient: Ambient, root: Arc<str>) -> Self {
        let locale = Locale::negotiate("");
        Self {
            ambient,
            reader: Reader { locale, root },
            wants_page: false,
            instead: None,
        }
    }

    /// Hears what came from the client.
    pub fn hear(&mut self, bytes: &[u8]) {
        let wants_page = wants_page(bytes, &self.reader.root);
        self.wants_page = wants_page.unwrap_or(self.wants_page);
    }

    /// Sends bytes, or what stands in for them; that counts as sent once all of it has gone.
    pub fn send(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.instead.is_none() {
            self.instead = self.instead_of(bytes).map(|instead| (instead, 0));
        }
        let Some((instead, gone)) = &mut self.instead else {
            return Pin::new(stream).poll_write(context, bytes);
        };
        while let Some(rest) = instead.get(*gone..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut *stream).poll_write(context, rest))? {
                0 => return Poll::Ready(Ok(0)),
                sent => *gone = gone.saturating_add(sent),
            }
        }
        self.instead = None;
        Poll::Ready(Ok(bytes.len()))
    }

    /// What to send instead of `bytes`, if they end with an answer of the parser's own.
    fn instead_of(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (before, status) = bare_answer(bytes)?;
        let id = ids::printed("req", self.ambient.id::<Uuid>());
        tracing::info!(
            target: "threadpay::access",
            status = status.as_u16(),
            request_id = id,
            "malformed request"
        );
        let answer = if self.wants_page {
            page(status, &id, &self.reader)
        } else {
            problem(status, &id)
        };
        Some([before, answer.as_bytes()].concat())
    }
}

/// The status of the parser's answer at the end of `bytes`, and what is before it. Answers of
/// ours name their request, and have a body.
fn bare_answer(bytes: &[u8]) -> Option<(&[u8], StatusCode)> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let start = bytes
        .windows(BLAME.len())
        .rposition(|window| window == BLAME)?;
    let (before, head) = bytes.split_at_checked(start)?;
    let head = std::str::from_utf8(head).ok()?.to_ascii_lowercase();
    let has = |field: &str| head.lines().any(|line| line.starts_with(field));
    let is_bare = has("content-length: 0") && !has("request-id:");
    let status = head.split(' ').nth(1)?.parse().ok()?;
    is_bare.then_some((before, status))
}

fn problem(status: StatusCode, id: &str) -> String {
    let problem = Problem::of_status(status).with_request_id(id);
    let body = serde_json::to_string(problem.body()).unwrap_or_default();
    let kind = [
        ("content-type", "application/problem+json"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ];
    print(status, id, &kind, &body)
}

/// An address that cannot be read leads nowhere.
fn page(status: StatusCode, id: &str, reader: &Reader) -> String {
    let status = match status {
        StatusCode::BAD_REQUEST => StatusCode::NOT_FOUND,
        other => other,
    };
    let body = not_found_page(reader).unwrap_or_default();
    print(status, id, &PAGE_HEADERS, &body)
}

fn print(status: StatusCode, id: &str, headers: &[(&str, &str)], body: &str) -> String {
    let fields = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    let fields: String = fields.collect();
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\nrequest-id: {id}\r\n{fields}content-length: {length}\r\n\r\n{body}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &[u8] =
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\ndate: x\r\n\r\n";

    #[test]
    fn only_an_answer_of_the_parser_is_replaced() {
        assert_eq!(bare_answer(BARE), Some((&b""[..], StatusCode::BAD_REQUEST)));
        let late = [b"before".as_slice(), BARE].concat();
        assert_eq!(
            bare_answer(&late).map(|(before, _)| before),
            Some(&b"before"[..])
        );
        for other in [
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nrequest-id: req_1\r\n\r\n".as_slice(),
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 3\r\n\r\n",
            b"HTTP/1.1 304 Not Modified\r\ncontent-length: 0\r\n\r\n",
            b"0\r\n\r\n",
            b"{}",
            b"",
        ] {
            assert_eq!(bare_answer(other), None);
        }
    }

    #[test]
    fn who_wanted_a_page_is_known_by_the_path() {
        for (bytes, page) in [
            (b"GET /p/abc HTTP/1.1\r\n".as_slice(), Some(true)),
            (b"POST /r/x", Some(true)),
            (b"GET /v1/\xc3\xa9 HTTP/1.1", Some(false)),
            (b"GET", None),
            (b"host: x", None),
            (b"{\"a\": /p/", None),
            (b"", None),
        ] {
            assert_eq!(wants_page(bytes, ""), page);
            assert_eq!(wants_page(bytes, "/shop"), page);
        }
        let kept = wants_page(b"GET /shop/p/abc HTTP/1.1\r\n", "/shop");
        assert_eq!(kept, Some(true));
    }
}
