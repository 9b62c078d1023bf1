//! The load over HTTP: one thread, one socket a connection, each of which waits for its answer
//! before it asks again. Its own ceiling is printed beside the figures.

use super::{
    connection::{Connection, Head},
    pace::Pace,
    sample::Sample,
    side_runtime::SideRuntime,
    work::{Ask, Asker, CONFIRM, INTENT, POSTING, Verb, Work},
};
use crate::program::ProgramError;
use std::{io, net::SocketAddr, time::Instant};
use tokio::task::JoinSet;

/// What every connection sends.
#[derive(Clone, Debug)]
pub(super) enum Load {
    /// The requests of this work.
    Work(Work),
    /// `GET /healthz`, again and again: what the door and this load can do at most.
    Health,
}

/// How many ask, since when, and how fast.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    /// How many connections.
    pub connections: u16,
    /// What samples count from.
    pub start: Instant,
    /// When each asks.
    pub pace: Pace,
}

/// Runs `load` on the thread of `bots`, to its end.
pub(super) async fn run(
    bots: &SideRuntime,
    (address, load): (SocketAddr, Load),
    crowd: Crowd,
) -> Result<Vec<Sample>, ProgramError> {
    bots.run(all(address, load, crowd)).await
}

async fn all(address: SocketAddr, load: Load, crowd: Crowd) -> io::Result<Vec<Sample>> {
    let mut tasks = JoinSet::new();
    for number in 0..crowd.connections.into() {
        let asker = match &load {
            Load::Work(work) => Some((work.clone(), work.asker(number))),
            Load::Health => None,
        };
        tasks.spawn(one(address, asker, crowd.clone()));
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
    crowd: Crowd,
) -> io::Result<Sample> {
    let mut connection = Connection::open(address).await?;
    let mut sample = Sample::default();
    loop {
        let ask = match &mut asker {
            None => None,
            Some((work, asker)) => {
                let Some(ask) = asker.next().await else {
                    sample.ran_out = true;
                    break;
                };
                prepare(&mut connection, work, &ask);
                Some(ask)
            }
        };
        if ask.is_none() {
            connection.prepare_bytes(HEALTH);
        }
        let Some(due) = crowd.pace.due().await else {
            break;
        };
        let head = connection.exchange().await?;
        let now = Instant::now();
        sample.requests.push((now - crowd.start, now - due));
        check(&head, ask.is_some_and(|ask| ask.repeated))?;
    }
    Ok(sample)
}

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: bench\r\n\r\n";

fn prepare(connection: &mut Connection, work: &Work, ask: &Ask) {
    let caller = work.callers.get(ask.caller);
    let api_key = caller.map_or("", |caller| &caller.api_key);
    let mut post = |path: &str, body: &str| {
        connection.prepare(&format!("POST /v1/{path}"), (api_key, &ask.key), body);
    };
    match ask.verb {
        Verb::Create => post("payment_intents", &INTENT.replace("REFERENCE", &ask.key)),
        Verb::Confirm(id) => post(&format!("payment_intents/{id}/confirm"), CONFIRM),
        Verb::Refund(id) => post(&format!("payment_intents/{id}/refunds"), "{}"),
        Verb::Post => post("sandbox/journal_entries", POSTING),
        Verb::Get(id) => connection.prepare_get(&format!("/v1/payment_intents/{id}"), api_key),
        Verb::List => connection.prepare_get("/v1/payment_intents?limit=10", api_key),
    }
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
