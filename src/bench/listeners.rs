//! Where the services answer: an HTTP server each, and one more that knows a single answer.

use super::{
    bare,
    connection::Connection,
    failure::failed,
    services::{Services, Variant},
    work::{Verb, Work},
};
use crate::program::ProgramError;
use crate::{
    app::{App, Reader},
    http::{
        State,
        server::{self, Running},
    },
};
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

/// How long a server may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// The servers.
#[derive(Debug)]
pub(super) struct Listeners {
    open: Vec<(Variant, Listening)>,
    bare: Option<Listening>,
}

#[derive(Debug)]
struct Listening {
    address: SocketAddr,
    running: Running,
}

impl Listeners {
    /// Opens one for each variant.
    pub fn open(services: &Services<'_>) -> Result<Self, ProgramError> {
        let mut open = Vec::new();
        for variant in [Variant::Batched, Variant::Plain, Variant::OneByOne] {
            let state = State::new(Arc::clone(services.app(variant)));
            let door = Listening::open(|listener| match variant {
                Variant::Batched => server::start(listener, state),
                Variant::Plain | Variant::OneByOne => {
                    server::start_with(listener, state, single_reads)
                }
            })?;
            open.push((variant, door));
        }
        Ok(Self { open, bare: None })
    }

    /// Where a variant answers.
    pub fn address(&self, variant: Variant) -> SocketAddr {
        let door = self.open.iter().find(|(of, _)| *of == variant);
        door.map_or((Ipv4Addr::LOCALHOST, 0).into(), |(_, door)| door.address)
    }

    /// Where a bare route answers with the bytes that the service answers the first read of
    /// `work` with.
    pub async fn bare(&mut self, work: &Work) -> Result<SocketAddr, ProgramError> {
        if let Some(door) = &self.bare {
            return Ok(door.address);
        }
        let (caller, intent) = match work.asker(0).next().await.map(|ask| (ask.caller, ask.verb)) {
            Some((caller, Verb::Get(intent))) => (work.callers.get(caller), intent),
            Some(_) | None => return Err(failed("there is nothing to read")),
        };
        let api_key = caller.map_or("", |caller| &caller.api_key);
        let mut connection = Connection::open(self.address(Variant::Batched)).await;
        let connection = connection.as_mut().map_err(|e| failed(e.to_string()))?;
        connection.prepare_get(&format!("/v1/payment_intents/{intent}"), api_key);
        let answer = connection.exchange().await.map_err(failed)?;
        answer.check().map_err(failed)?;
        let body = answer.body.into();
        let door = Listening::open(|listener| bare::start(listener, body))?;
        let address = door.address;
        self.bare = Some(door);
        Ok(address)
    }

    /// Ends the servers.
    pub async fn close(self) {
        let listeners = self.open.into_iter().map(|(_, door)| door);
        for door in listeners.chain(self.bare) {
            door.running.stop(GRACE).await;
        }
    }
}

/// A reader that nobody serves looks up each intent by a statement of its own.
fn single_reads(app: &App) -> Reader {
    Reader::new(app.config.database.clone(), app.pool.clone()).0
}

impl Listening {
    fn open(
        start: impl FnOnce(TcpListener) -> std::io::Result<Running>,
    ) -> Result<Self, ProgramError> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(ProgramError::Runtime)?;
        let address = listener.local_addr().map_err(ProgramError::Runtime)?;
        let running = start(listener).map_err(ProgramError::Runtime)?;
        Ok(Self { address, running })
    }
}
