//! One connection to a service, which waits for each answer before it asks again. It knows as
//! much of HTTP as it needs, so that the processors are left to what is measured.

use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How long an answer may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a client waits before it asks again.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// A connection that is kept.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    out: Vec<u8>,
    input: Vec<u8>,
}

/// What is looked at in an answer.
#[derive(Debug)]
pub(super) struct Head {
    /// Its status.
    pub status: u16,
    /// Whether it is the answer to an earlier request with this key.
    pub replayed: bool,
    /// Its body.
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect(address).await?)
    }

    /// Takes what is connected.
    pub fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            out: Vec::new(),
            input: Vec::new(),
        })
    }

    /// Makes these bytes the next request.
    pub fn prepare_bytes(&mut self, request: &[u8]) {
        self.out.clear();
        self.out.extend_from_slice(request);
    }

    /// Makes the next request from its method and path, API key, idempotency key and body.
    pub fn prepare(&mut self, line: &str, (api_key, key): (&str, &str), body: &str) {
        let request = format!(
            "{line} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {api_key}\r\n\
            idempotency-key: {key}\r\ncontent-type: application/json\r\n\
            content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.prepare_bytes(request.as_bytes());
    }

    /// Makes the next request one for what is at `path`.
    pub fn prepare_get(&mut self, path: &str, api_key: &str) {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {api_key}\r\n\r\n"
        );
        self.prepare_bytes(request.as_bytes());
    }

    /// Sends the request and reads its answer to the end. A client that hears that the service is
    /// busy, as where a disk stops for a second, asks again.
    pub async fn exchange(&mut self) -> io::Result<Head> {
        let exchange = async {
            loop {
                let head = self.converse().await?;
                if head.status != 503 {
                    return Ok(head);
                }
                tokio::time::sleep(BUSY_PAUSE).await;
            }
        };
        let exchange = tokio::time::timeout(PATIENCE, exchange);
        exchange.await.map_err(io::Error::from)?
    }

    /// Sends the request once and reads its answer to the end, whatever it is.
    pub async fn exchange_once(&mut self) -> io::Result<Head> {
        let exchange = tokio::time::timeout(PATIENCE, self.converse());
        exchange.await.map_err(io::Error::from)?
    }

    async fn converse(&mut self) -> io::Result<Head> {
        self.stream.write_all(&self.out).await?;
        self.input.clear();
        loop {
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(head) = Head::read(&self.input)? {
                return Ok(head);
            }
        }
    }
}

impl Head {
    /// An answer once all of it is there.
    fn read(input: &[u8]) -> io::Result<Option<Self>> {
        let Some((head, body)) = message(input)? else {
            return Ok(None);
        };
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        let replayed = head.lines().filter_map(|line| line.split_once(':'));
        Ok(Some(Self {
            status: status.ok_or_else(|| io::Error::other("an answer is not HTTP"))?,
            replayed: replayed
                .map(|(name, _)| name)
                .any(|name| name.eq_ignore_ascii_case("idempotent-replayed")),
            body: body.to_owned(),
        }))
    }

    /// That the service did as it was asked.
    pub fn check(&self) -> io::Result<()> {
        if (200..300).contains(&self.status) {
            return Ok(());
        }
        let body = String::from_utf8_lossy(&self.body);
        let text = format!("an answer was {}: {body}", self.status);
        Err(io::Error::other(text))
    }
}

/// Head and body of the message that `input` begins with, once all of it is there.
pub(super) fn message(input: &[u8]) -> io::Result<Option<(&str, &[u8])>> {
    let Some(end) = input.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let bad = || io::Error::other("a message is not HTTP with a content-length");
    let (head, rest) = input.split_at(end + 4);
    let head = std::str::from_utf8(head).map_err(|_| bad())?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>())
    });
    let length = length.ok_or_else(bad)?.map_err(|_| bad())?;
    Ok(rest.get(..length).map(|body| (head, body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_all_of_it_is_there() {
        let answer =
            b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\nIdempotent-Replayed: true\r\n\r\n{}";
        for length in 0..answer.len() {
            assert!(Head::read(&answer[..length]).unwrap().is_none(), "{length}");
        }
        let head = Head::read(answer).unwrap().unwrap();
        assert_eq!((head.status, head.replayed), (201, true));
        assert_eq!(head.body, b"{}");
        assert!(head.check().is_ok());
        assert!(Head::read(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn an_error_is_named_with_its_body() {
        let answer = b"HTTP/1.1 503 No\r\ncontent-length: 4\r\n\r\nbusy";
        let head = Head::read(answer).unwrap().unwrap();
        assert_eq!(
            head.check().unwrap_err().to_string(),
            "an answer was 503: busy"
        );
    }
}
