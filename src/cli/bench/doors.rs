//! Where the services answer: an HTTP server each, and one more that knows a single answer.

use super::{
    CliError,
    connection::Connection,
    site::{Site, Variant, failed},
    work::{Verb, Work},
};
use crate::http::{self, State, server::Running};
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

/// How long a server may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// The servers.
#[derive(Debug)]
pub(super) struct Doors {
    open: Vec<(Variant, Door)>,
    bare: Option<Door>,
}

#[derive(Debug)]
struct Door {
    address: SocketAddr,
    running: Running,
}

impl Doors {
    /// Opens one for each variant.
    pub fn open(site: &Site<'_>) -> Result<Self, CliError> {
        let mut open = Vec::new();
        for variant in [Variant::Batched, Variant::Plain, Variant::OneByOne] {
            let state = State::new(Arc::clone(site.app(variant)));
            let state = match variant {
                Variant::Batched => state,
                Variant::Plain | Variant::OneByOne => state.with_plain_reads(),
            };
            let door = Door::open(|listener| http::server::start(listener, state))?;
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
    pub async fn bare(&mut self, work: &Work) -> Result<SocketAddr, CliError> {
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
        let door = Door::open(|listener| http::bare::start(listener, body))?;
        let address = door.address;
        self.bare = Some(door);
        Ok(address)
    }

    /// Ends the servers.
    pub async fn close(self) {
        let doors = self.open.into_iter().map(|(_, door)| door);
        for door in doors.chain(self.bare) {
            door.running.stop(GRACE).await;
        }
    }
}

impl Door {
    fn open(start: impl FnOnce(TcpListener) -> std::io::Result<Running>) -> Result<Self, CliError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(CliError::Runtime)?;
        let address = listener.local_addr().map_err(CliError::Runtime)?;
        let running = start(listener).map_err(CliError::Runtime)?;
        Ok(Self { address, running })
    }
}
