//! Requests at a rate that does not care for the answers, each timed from when it was sent. How
//! long it had to wait for a free connection is counted apart: that is up to whoever asks.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
    time::sleep,
};

/// How many answers of a status there were, and how long they took.
#[derive(Debug, Default)]
pub struct Answers(Vec<Duration>);

impl Answers {
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What so many of a hundred took at most.
    pub fn percentile(&mut self, percent: usize) -> Duration {
        self.0.sort_unstable();
        let at = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(at).copied().unwrap_or_default()
    }
}

/// What became of all requests of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    pub made: Answers,
    pub refused: Answers,
    /// How long they were due before there was a connection to send them on.
    pub waited: Answers,
    /// Any other answer, or none.
    pub odd: usize,
}

/// Where requests wait for a connection that is free.
struct Line {
    due: Mutex<VecDeque<Instant>>,
    ready: Semaphore,
    number: AtomicUsize,
    over: AtomicBool,
    outcome: Mutex<Outcome>,
}

/// A service and who asks it.
#[derive(Clone)]
pub struct Target {
    pub address: String,
    pub key: String,
    /// What tells the idempotency keys of this run from those of others.
    pub run: &'static str,
}

/// Asks for `rate` payments a second over so many connections; as fast as they are answered if
/// there is no rate.
pub async fn load(
    target: Target,
    connections: usize,
    rate: Option<u32>,
    time: Duration,
) -> Outcome {
    let line = Arc::new(Line {
        due: Mutex::default(),
        ready: Semaphore::new(0),
        number: AtomicUsize::new(0),
        over: AtomicBool::new(false),
        outcome: Mutex::default(),
    });
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..connections {
        callers.spawn(caller(target.clone(), Arc::clone(&line), rate.is_none()));
    }
    sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    let mut sent = 0;
    while begun.elapsed() < time {
        if let Some(rate) = rate {
            let due = u128::from(rate) * begun.elapsed().as_micros() / 1_000_000;
            let due = usize::try_from(due).unwrap_or(usize::MAX);
            let now = Instant::now();
            line.due.lock().unwrap().extend((sent..due).map(|_| now));
            line.ready.add_permits(due - sent);
            sent = due;
        } else if sent == 0 {
            sent = connections;
            line.due.lock().unwrap().extend((0..sent).map(|_| begun));
            line.ready.add_permits(sent);
        }
        sleep(Duration::from_millis(1)).await;
    }
    line.over.store(true, Ordering::Relaxed);
    line.ready.add_permits(connections);
    callers.join_all().await;
    let mut outcome = line.outcome.lock().unwrap();
    std::mem::take(&mut *outcome)
}

async fn caller(target: Target, line: Arc<Line>, again: bool) {
    let mut stream = None;
    loop {
        if stream.is_none() {
            stream = TcpStream::connect(&target.address).await.ok();
        }
        line.ready.acquire().await.unwrap().forget();
        let due = line.due.lock().unwrap().pop_front();
        let over = line.over.load(Ordering::Relaxed);
        let (Some(due), false) = (due, over) else {
            return;
        };
        let number = line.number.fetch_add(1, Ordering::Relaxed);
        let sent = Instant::now();
        let status = match &mut stream {
            Some(stream) => ask(stream, &target, number).await.unwrap_or(0),
            None => 0,
        };
        if status == 0 {
            stream = None;
        }
        {
            let mut outcome = line.outcome.lock().unwrap();
            outcome.waited.0.push(sent - due);
            match status {
                201 => outcome.made.0.push(sent.elapsed()),
                503 => outcome.refused.0.push(sent.elapsed()),
                _ => outcome.odd += 1,
            }
        }
        if again {
            line.due.lock().unwrap().push_back(Instant::now());
            line.ready.add_permits(1);
        }
    }
}

/// One request on a connection of its own; the status of its answer.
async fn ask(stream: &mut TcpStream, target: &Target, number: usize) -> Option<u16> {
    let body = r#"{"amount":"1.00","currency":"EUR","reference":"load"}"#;
    let Target { key, run, .. } = target;
    let length = body.len();
    let request = format!(
        "POST /v1/payment_intents HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\n\
         idempotency-key: {run}-{number}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::with_capacity(2048);
    loop {
        if stream.read_buf(&mut answer).await.ok()? == 0 {
            return None;
        }
        let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let text = std::str::from_utf8(&answer[..head]).ok()?;
        let length = text
            .split("content-length: ")
            .nth(1)?
            .split("\r\n")
            .next()?;
        if answer.len() >= head + 4 + length.parse::<usize>().ok()? {
            return text.get(9..12)?.parse().ok();
        }
    }
}
