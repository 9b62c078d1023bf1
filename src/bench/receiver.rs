//! Who is called back: as cheap as can be, on a thread of its own, at many addresses, so that
//! each endpoint is a host of its own to the client that calls it.

use super::{connection::message, failure::failed, side_runtime::SideRuntime};
use crate::base::ids::IntentId;
use crate::program::ProgramError;
use std::{
    collections::HashMap,
    fmt, io,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How many endpoints there are at most.
pub(super) const ENDPOINTS: usize = 20;

/// How long callbacks may take to come before the run is given up.
const PATIENCE: Duration = Duration::from_mins(5);
const LOOK: Duration = Duration::from_millis(2);
/// How long a slow endpoint takes: just less than a callback may.
const SLOW: Duration = Duration::from_millis(14_300);

/// When each intent first came to each endpoint.
pub(super) type Arrivals = HashMap<(usize, IntentId), Instant>;

/// How an endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// With 200, at once.
    Healthy,
    /// With 500, at once.
    Failing,
    /// With 200, when a sender is about to give up.
    Slow,
    /// Never.
    Silent,
}

impl Manner {
    const ALL: [Self; 4] = [Self::Healthy, Self::Failing, Self::Slow, Self::Silent];

    fn path(self) -> &'static str {
        match self {
            Self::Healthy => "/healthy",
            Self::Failing => "/failing",
            Self::Slow => "/slow",
            Self::Silent => "/silent",
        }
    }

    /// What the head of a request asks for. What follows a `?` makes endpoints of it that differ.
    fn asked(head: &str) -> Option<Self> {
        let path = head.split(' ').nth(1)?.split('?').next()?;
        Self::ALL.into_iter().find(|manner| manner.path() == path)
    }

    fn answer(self) -> Option<&'static [u8]> {
        match self {
            Self::Healthy | Self::Slow => Some(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
            Self::Failing => Some(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"),
            Self::Silent => None,
        }
    }
}

/// What came to healthy endpoints.
#[derive(Debug, Default)]
struct Heard {
    arrivals: Arrivals,
    /// When each post came, until it is forgotten.
    times: Vec<Instant>,
    posts: usize,
    body: Vec<u8>,
}

/// A receiver that runs.
pub(super) struct Receiver {
    /// Its thread.
    pub side: SideRuntime,
    ports: Vec<u16>,
    heard: Arc<Mutex<Heard>>,
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiver ({} ports)", self.ports.len())
    }
}

impl Receiver {
    /// Begins to listen.
    pub async fn start() -> Result<Self, ProgramError> {
        let mut receiver = Self {
            side: SideRuntime::start("receiver").map_err(ProgramError::Runtime)?,
            ports: Vec::new(),
            heard: Arc::default(),
        };
        for endpoint in 0..ENDPOINTS {
            let port = receiver.listen(endpoint).await?;
            receiver.ports.push(port);
        }
        Ok(receiver)
    }

    async fn listen(&self, endpoint: usize) -> Result<u16, ProgramError> {
        let heard = Arc::clone(&self.heard);
        let bind = async move {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            let port = listener.local_addr()?.port();
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, endpoint, Arc::clone(&heard)));
                }
            });
            Ok(port)
        };
        self.side.run(bind).await
    }

    /// The address of an endpoint that answers so.
    pub fn url(&self, endpoint: usize, manner: Manner) -> Result<String, ProgramError> {
        let port = self.ports.get(endpoint);
        let port = port.ok_or_else(|| failed("there are not so many endpoints"))?;
        Ok(format!("http://127.0.0.1:{port}{}", manner.path()))
    }

    /// How many deliveries have come to healthy endpoints.
    pub fn count(&self) -> usize {
        lock(&self.heard).arrivals.len()
    }

    /// The body that came last.
    pub fn body(&self) -> Vec<u8> {
        lock(&self.heard).body.clone()
    }

    /// How many posts came to healthy endpoints, since the start; those that tell no intent and
    /// those that come again are counted too.
    pub fn posts(&self) -> usize {
        lock(&self.heard).posts
    }

    /// How many posts came to healthy endpoints in a span that is not yet forgotten.
    pub fn posts_in(&self, span: &Range<Instant>) -> usize {
        let heard = lock(&self.heard);
        heard.times.iter().filter(|at| span.contains(*at)).count()
    }

    /// What counts its posts, for those who do not have the receiver.
    pub fn meter(&self) -> Meter {
        Meter(Arc::clone(&self.heard))
    }

    /// Waits until `count` deliveries have come, and forgets them.
    pub async fn take(&self, count: usize) -> Result<Arrivals, ProgramError> {
        let start = Instant::now();
        while self.count() < count {
            if start.elapsed() > PATIENCE {
                let (come, seconds) = (self.count(), PATIENCE.as_secs());
                return Err(failed(format!(
                    "only {come} of {count} callbacks came within {seconds} seconds"
                )));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(self.forget())
    }

    /// Begins anew.
    pub fn forget(&self) -> Arrivals {
        let mut heard = lock(&self.heard);
        heard.times.clear();
        std::mem::take(&mut heard.arrivals)
    }
}

/// Counts the posts to healthy endpoints.
#[derive(Clone)]
pub(super) struct Meter(Arc<Mutex<Heard>>);

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meter")
    }
}

impl Meter {
    /// How many came since the start.
    pub fn posts(&self) -> usize {
        lock(&self.0).posts
    }
}

fn lock(heard: &Mutex<Heard>) -> std::sync::MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers one connection's posts until it closes.
async fn serve(mut stream: TcpStream, endpoint: usize, heard: Arc<Mutex<Heard>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = Vec::with_capacity(4096);
    while stream.read_buf(&mut input).await? > 0 {
        while let Some((head, body)) = message(&input)? {
            let manner = Manner::asked(head);
            if manner == Some(Manner::Healthy) {
                hear(&heard, endpoint, body);
            }
            let length = head.len() + body.len();
            input.drain(..length);
            if manner == Some(Manner::Slow) {
                tokio::time::sleep(SLOW).await;
            }
            if let Some(answer) = manner.and_then(Manner::answer) {
                stream.write_all(answer).await?;
            }
        }
    }
    Ok(())
}

fn hear(heard: &Mutex<Heard>, endpoint: usize, body: &[u8]) {
    let intent = intent(body);
    let now = Instant::now();
    let mut heard = lock(heard);
    heard.posts += 1;
    heard.times.push(now);
    heard.body.clear();
    heard.body.extend_from_slice(body);
    if let Some(intent) = intent {
        heard.arrivals.entry((endpoint, intent)).or_insert(now);
    }
}

/// The `data.id` of an event that is about an intent: the first field of `data`.
fn intent(body: &[u8]) -> Option<IntentId> {
    const BEFORE: &[u8] = br#""data":{"id":""#;
    let at = body.windows(BEFORE.len()).position(|w| w == BEFORE)?;
    let rest = body.get(at + BEFORE.len()..)?;
    let id = rest.split(|byte| *byte == b'"').next()?;
    std::str::from_utf8(id).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tells_which_intent_came_to_which_endpoint() {
        let (receiver, start) = (Receiver::start().await.unwrap(), Instant::now());
        let id = "pi_00000000000000000000000002";
        let body = format!(r#"{{"id":"evt_1","data":{{"id":"{id}","amount":"1.00"}}}}"#);
        for (manner, status) in [(Manner::Healthy, "200"), (Manner::Failing, "500")] {
            let url = receiver.url(3, manner).unwrap();
            let (address, path) = url["http://".len()..].split_once('/').unwrap();
            let mut stream = TcpStream::connect(address).await.unwrap();
            for _ in 0..2 {
                let post = format!(
                    "POST /{path} HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(post.as_bytes()).await.unwrap();
                let mut answer = [0; 100];
                let length = stream.read(&mut answer).await.unwrap();
                let answer = std::str::from_utf8(&answer[..length]).unwrap();
                assert!(
                    answer.starts_with(&format!("HTTP/1.1 {status}")),
                    "{answer}"
                );
            }
        }
        assert_eq!(receiver.posts(), 2);
        let now = Instant::now();
        assert_eq!(receiver.posts_in(&(start..now)), 2);
        assert_eq!(receiver.posts_in(&(now..now + PATIENCE)), 0);
        let arrivals = receiver.take(1).await.unwrap();
        assert_eq!(
            arrivals.keys().collect::<Vec<_>>(),
            [&(3, id.parse().unwrap())]
        );
        assert_eq!(receiver.count(), 0);
    }
}
