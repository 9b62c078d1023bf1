//! The load over HTTP: one thread, one socket a connection, each of which waits for its answer
//! before it asks again. Its own ceiling is printed beside the figures.

use super::{
    connection::{Connection, Head},
    sample::Sample,
    work::{Ask, Asker, CONFIRM, INTENT, Scenario, Work},
};
use std::{
    io,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

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
    let mut connection = Connection::open(address).await?;
    let mut sample = Sample::default();
    while start.elapsed() < time {
        let mut repeated = false;
        match &mut asker {
            None => connection.prepare_bytes(HEALTH),
            Some((work, asker)) => {
                let Some(ask) = asker.next() else {
                    sample.ran_out = true;
                    break;
                };
                repeated = ask.repeated;
                prepare(&mut connection, work, &ask);
            }
        }
        let begun = Instant::now();
        let head = connection.exchange().await?;
        sample.requests.push((start.elapsed(), begun.elapsed()));
        check(&head, repeated)?;
    }
    Ok(sample)
}

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: bench\r\n\r\n";

fn prepare(connection: &mut Connection, work: &Work, ask: &Ask) {
    let caller = work.callers.get(ask.caller);
    let api_key = caller.map_or("", |caller| &caller.api_key);
    let body = match work.scenario {
        Scenario::Create => &INTENT.replace("REFERENCE", &ask.key),
        Scenario::Pay => CONFIRM,
    };
    let line = ask.intent.map_or_else(
        || "POST /v1/payment_intents".to_owned(),
        |intent| format!("POST /v1/payment_intents/{intent}/confirm"),
    );
    connection.prepare(&line, (api_key, &ask.key), body);
}

fn check(head: &Head, repeated: bool) -> io::Result<()> {
    head.check()?;
    if head.replayed == repeated {
        Ok(())
    } else {
        let verb = if repeated { "was not" } else { "was" };
        Err(io::Error::other(format!(
            "an answer {verb} a replay; that is wrong"
        )))
    }
}
