//! The load over HTTP: one thread, one socket a connection, each of which waits for its answer
//! before it asks again. It knows as much of HTTP as it needs, so that the processors are left to
//! what is measured; its own ceiling is printed beside the figures.

use super::{
    sample::Sample,
    work::{Ask, Asker, CONFIRM, INTENT, Scenario, Work},
};
use std::{
    io::{self, Write},
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// How long an answer may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What every connection sends.
#[derive(Clone, Debug)]
pub(super) enum Load {
    /// The requests of this work.
    Work(Work),
    /// `GET /healthz`, again and again: what the door and this load can do at most.
    Health,
}

/// Runs `load` over so many connections for `time`, on a thread of its own.
pub(super) async fn run(
    address: SocketAddr,
    load: Load,
    (connections, time): (u16, Duration),
) -> io::Result<Vec<Sample>> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let samples =
            runtime.and_then(|runtime| runtime.block_on(all(address, load, (connections, time))));
        // Whoever asked may have been interrupted.
        let _ = send.send(samples);
    };
    thread::Builder::new().name("load".to_owned()).spawn(work)?;
    receive
        .await
        .unwrap_or_else(|_| Err(io::Error::other("the load's thread died")))
}

async fn all(
    address: SocketAddr,
    load: Load,
    (connections, time): (u16, Duration),
) -> io::Result<Vec<Sample>> {
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for number in 0..connections.into() {
        let asker = match &load {
            Load::Work(work) => Some((work.clone(), work.asker(number))),
            Load::Health => None,
        };
        tasks.spawn(one(address, asker, (start, time)));
    }
    let mut samples = Vec::new();
    while let Some(sample) = tasks.join_next().await {
        samples.push(sample.map_err(io::Error::other)??);
    }
    Ok(samples)
}

async fn one(
    address: SocketAddr,
    mut asker: Option<(Work, Asker)>,
    (start, time): (Instant, Duration),
) -> io::Result<Sample> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut connection = Connection {
        stream,
        out: Vec::new(),
        input: Vec::new(),
    };
    let mut sample = Sample::default();
    while start.elapsed() < time {
        connection.out.clear();
        let mut repeated = false;
        match &mut asker {
            None => connection.out.extend_from_slice(HEALTH),
            Some((work, asker)) => {
                let Some(ask) = asker.next() else {
                    sample.ran_out = true;
                    break;
                };
                repeated = ask.repeated;
                write_request(&mut connection.out, work, &ask)?;
            }
        }
        let begun = Instant::now();
        let exchange = tokio::time::timeout(PATIENCE, connection.exchange());
        let head = exchange.await.map_err(io::Error::from)??;
        sample.requests.push((start.elapsed(), begun.elapsed()));
        check(&head, repeated)?;
    }
    Ok(sample)
}

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: bench\r\n\r\n";

fn write_request(out: &mut Vec<u8>, work: &Work, ask: &Ask) -> io::Result<()> {
    let body = match work.scenario {
        Scenario::Create => &INTENT.replace("REFERENCE", &ask.key),
        Scenario::Pay => CONFIRM,
    };
    write!(out, "POST /v1/payment_intents")?;
    if let Some(intent) = ask.intent {
        write!(out, "/{intent}/confirm")?;
    }
    let api_key = work
        .callers
        .get(ask.caller)
        .map_or("", |caller| &caller.api_key);
    write!(
        out,
        " HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {api_key}\r\nidempotency-key: {}\r\n\
        content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        ask.key,
        body.len()
    )
}

/// What the load looks at in an answer.
#[derive(Debug)]
struct Head {
    status: u16,
    replayed: bool,
    body: String,
}

fn check(head: &Head, repeated: bool) -> io::Result<()> {
    if !(200..300).contains(&head.status) {
        let Head { status, body, .. } = head;
        return Err(io::Error::other(format!("an answer was {status}: {body}")));
    }
    if head.replayed == repeated {
        Ok(())
    } else {
        let verb = if repeated { "was not" } else { "was" };
        Err(io::Error::other(format!(
            "an answer {verb} a replay; that is wrong"
        )))
    }
}

struct Connection {
    stream: TcpStream,
    out: Vec<u8>,
    input: Vec<u8>,
}

impl Connection {
    /// Sends what is in `out` and reads one answer to its end.
    async fn exchange(&mut self) -> io::Result<Head> {
        self.stream.write_all(&self.out).await?;
        self.input.clear();
        loop {
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(head) = read_head(&self.input)? {
                return Ok(head);
            }
        }
    }
}

/// The head of an answer once all of it is there.
fn read_head(input: &[u8]) -> io::Result<Option<Head>> {
    let Some(end) = input.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, body) = input.split_at(end + 4);
    let bad = || io::Error::other("an answer is not HTTP with a content-length");
    let head = std::str::from_utf8(head).map_err(|_| bad())?;
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .ok_or_else(bad)?;
    let (mut length, mut replayed) = (None, false);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse::<usize>().ok();
        }
        replayed |= name.eq_ignore_ascii_case("idempotent-replayed");
    }
    if body.len() < length.ok_or_else(bad)? {
        return Ok(None);
    }
    let body = if status >= 300 {
        String::from_utf8_lossy(body).into_owned()
    } else {
        String::new()
    };
    Ok(Some(Head {
        status,
        replayed,
        body,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_all_of_it_is_there() {
        let answer =
            b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\nIdempotent-Replayed: true\r\n\r\n{}";
        for length in 0..answer.len() {
            assert!(read_head(&answer[..length]).unwrap().is_none(), "{length}");
        }
        let head = read_head(answer).unwrap().unwrap();
        assert_eq!((head.status, head.replayed), (201, true));
        assert!(check(&head, true).is_ok() && check(&head, false).is_err());
        assert!(read_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn an_error_is_named_with_its_body() {
        let answer = b"HTTP/1.1 503 No\r\ncontent-length: 4\r\n\r\nbusy";
        let head = read_head(answer).unwrap().unwrap();
        assert_eq!(
            check(&head, false).unwrap_err().to_string(),
            "an answer was 503: busy"
        );
    }
}
