//! The bots that ask for money: as fast as they get answers, or at a steady pace.

use super::super::{
    connection::Connection,
    failure::failed,
    pace::{Ticks, metronome},
    services::Caller,
    side_runtime::SideRuntime,
    work::INTENT,
};
use crate::base::{ambient::Ambient, ids::IntentId};
use crate::program::ProgramError;
use serde::Deserialize;
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Connections of the bots that ask as fast as they can.
const CONNECTIONS: usize = 64;
/// Connections of those that keep a pace: more than there are requests under way at a time.
const PACED_CONNECTIONS: usize = 16;

/// An intent, and when it should have been asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// The time of the schedule: who asked late waited too.
    pub at: Instant,
    /// The intent that it became.
    pub intent: IntentId,
}

/// When to stop asking.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until {
    /// After so many.
    pub count: u64,
    /// After so long.
    pub time: Duration,
}

/// Asks a service in the names of some merchants, in turns.
#[derive(Clone, Debug)]
pub(super) struct Load {
    address: SocketAddr,
    callers: Arc<[Caller]>,
    /// Makes idempotency keys that no other load has.
    run: Uuid,
}

#[derive(Deserialize)]
struct Made {
    id: IntentId,
}

impl Load {
    /// A load that has not begun.
    pub fn new(address: SocketAddr, callers: &[Caller]) -> Self {
        Self {
            address,
            callers: callers.into(),
            run: Ambient::system().id(),
        }
    }

    /// Asks as fast as answers come, and says how often.
    pub async fn rush(self, side: &SideRuntime, until: Until) -> Result<u64, ProgramError> {
        side.run(self.all(until)).await
    }

    async fn all(self, until: Until) -> io::Result<u64> {
        let (start, turn) = (Instant::now(), Arc::new(AtomicU64::new(0)));
        let mut tasks = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (load, turn) = (self.clone(), Arc::clone(&turn));
            tasks.spawn(async move {
                let mut connection = Connection::open(load.address).await?;
                let mut made = 0;
                while start.elapsed() < until.time {
                    let number = turn.fetch_add(1, Ordering::Relaxed);
                    if number >= until.count {
                        break;
                    }
                    load.ask(&mut connection, number).await?;
                    made += 1;
                }
                Ok::<u64, io::Error>(made)
            });
        }
        let mut made = 0;
        while let Some(done) = tasks.join_next().await {
            made += done.map_err(io::Error::other)??;
        }
        Ok(made)
    }

    /// Asks `count` times, so many times a second, whether or not earlier answers have come.
    pub async fn pace(
        self,
        side: &SideRuntime,
        per_second: u32,
        count: u32,
    ) -> Result<Vec<Asked>, ProgramError> {
        let ticks = metronome(per_second, count).map_err(failed)?;
        let mut tasks = JoinSet::new();
        for _ in 0..PACED_CONNECTIONS {
            let follow = self.clone().follow(ticks.clone());
            tasks.spawn_on(follow, side.handle());
        }
        let mut asked = Vec::new();
        while let Some(done) = tasks.join_next().await {
            asked.extend(done.map_err(failed)?.map_err(failed)?);
        }
        Ok(asked)
    }

    async fn follow(self, ticks: Ticks) -> io::Result<Vec<Asked>> {
        let mut connection = Connection::open(self.address).await?;
        let mut asked = Vec::new();
        while let Some((number, at)) = ticks.next().await {
            let intent = self.ask(&mut connection, number).await?;
            asked.push(Asked { at, intent });
        }
        Ok(asked)
    }

    async fn ask(&self, connection: &mut Connection, number: u64) -> io::Result<IntentId> {
        let turn = usize::try_from(number).unwrap_or(usize::MAX);
        let caller = turn.checked_rem(self.callers.len());
        let api_key = caller
            .and_then(|index| self.callers.get(index))
            .map_or("", |caller| &caller.api_key);
        let key = format!("{}-{number}", self.run.simple());
        let body = INTENT.replace("REFERENCE", &key);
        connection.prepare("POST /v1/payment_intents", (api_key, &key), &body);
        let answer = connection.exchange().await?;
        answer.check()?;
        let Made { id } = serde_json::from_slice(&answer.body)?;
        Ok(id)
    }
}
