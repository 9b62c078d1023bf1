//! One who attacks, over a connection that it opens anew where the service hangs up.

use super::{
    super::{
        connection::{Connection, Head},
        work::{CONFIRM, INTENT},
    },
    attacks::{Attack, Count},
    shop,
    tenant::Tenant,
};
use crate::base::{ambient::Ambient, ids::IntentId};
use serde::Deserialize;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};
use uuid::Uuid;

/// Where all attacks come from: who has no key is counted by address, so payers have another.
const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(127, 0, 0, 2), 0);
/// How long a poll is held before it is left.
const HELD: Duration = Duration::from_secs(2);
/// A slow reader takes so much at a time, just fast enough not to be cut off.
const PIECE: usize = 1024;
const PIECE_EVERY: Duration = Duration::from_millis(100);

/// Lists that take long, or find nothing.
const LISTS: [&str; 4] = [
    "/v1/payment_intents?limit=100",
    "/v1/payment_intents?status=canceled&thread=none&conversation=none",
    "/v1/events?limit=100",
    "/v1/events?conversation=none&limit=100",
];
const POLL: &str = "/v1/events?after=latest&type=payment_intent.expired&wait=30";
const EXPORT: &str = "GET /v1/exports/journal?from=2020-01-01&to=2099-01-01&format=csv";
const HALF_FORM: &str = "POST /v1/oauth/token HTTP/1.1\r\nhost: bench\r\n\
    content-type: application/x-www-form-urlencoded\r\ncontent-length: 1000\r\n\r\ngrant_";

/// One who attacks.
#[derive(Debug)]
pub(super) struct Attacker {
    /// Whom.
    pub service: SocketAddr,
    /// With whose keys.
    pub tenant: Arc<Tenant>,
    /// How.
    pub attack: Attack,
    /// What comes of it.
    pub count: Arc<Count>,
}

#[derive(Deserialize)]
struct Made {
    id: IntentId,
}

impl Attacker {
    /// Attacks until it is dropped; `number` sets it apart from those who do the same.
    pub async fn run(self, number: usize) {
        let (mut kept, mut turn) = (None, number);
        loop {
            // Whatever comes of it is counted already.
            let _ = self.once(&mut kept, turn).await;
            turn = turn.wrapping_add(1);
            sleep(self.attack.rest()).await;
        }
    }

    async fn once(&self, kept: &mut Option<Connection>, turn: usize) -> io::Result<()> {
        match self.attack {
            Attack::Payments => self.pay(kept, turn).await,
            Attack::Lists => {
                let list = LISTS.get(turn % LISTS.len()).copied().unwrap_or_default();
                self.ask(kept, |c| c.prepare_get(list, &self.tenant.lists))
                    .await?;
                Ok(())
            }
            Attack::Exports => self.export_slowly().await,
            Attack::Polls => {
                let poll = self.ask(kept, |c| c.prepare_get(POLL, &self.tenant.polls));
                // Who leaves closes the connection.
                timeout(HELD, poll).await??;
                Ok(())
            }
            Attack::Declines => {
                let page = &*self.tenant.page;
                let form = shop::open(page);
                let form = self.ask(kept, |c| c.prepare_bytes(form.as_bytes())).await?;
                let form = shop::pay(page, &form, "pm_sandbox_insufficient_funds")?;
                self.ask(kept, |c| c.prepare_bytes(form.as_bytes())).await?;
                Ok(())
            }
            Attack::Guesses => self.guess(kept, turn).await,
            Attack::HalfForms => {
                let half = |c: &mut Connection| c.prepare_bytes(HALF_FORM.as_bytes());
                self.ask(kept, half).await?;
                Ok(())
            }
        }
    }

    async fn pay(&self, kept: &mut Option<Connection>, turn: usize) -> io::Result<()> {
        let keys = &self.tenant.floods;
        let key = turn.checked_rem(keys.len()).and_then(|at| keys.get(at));
        let key = key.map(String::as_str).unwrap_or_default();
        let post = |line: String, body: String| {
            move |c: &mut Connection| {
                let idempotency_key = Ambient::system().id::<Uuid>().to_string();
                c.prepare(&line, (key, &idempotency_key), &body);
            }
        };
        let line = "POST /v1/payment_intents";
        let made = self.ask(kept, post(line.to_owned(), INTENT.to_owned()));
        let Made { id } = serde_json::from_slice(&made.await?.body)?;
        let line = format!("{line}/{id}/confirm");
        self.ask(kept, post(line, CONFIRM.to_owned())).await?;
        Ok(())
    }

    async fn guess(&self, kept: &mut Option<Connection>, turn: usize) -> io::Result<()> {
        let guess = match turn % 3 {
            0 => shop::open(&format!("/p/{turn:024}")),
            1 => {
                let secret = "x".repeat(43);
                let key = format!("tp_test_00{turn:026}_{secret}");
                format!(
                    "GET /v1/events HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\n\r\n"
                )
            }
            _ => {
                let (client, _) = self.tenant.polls.rsplit_once('_').unwrap_or_default();
                let form =
                    format!("grant_type=client_credentials&client_id={client}&client_secret=wrong");
                let line = "POST /v1/oauth/token HTTP/1.1\r\nhost: bench";
                let kind = "content-type: application/x-www-form-urlencoded";
                let length = form.len();
                format!("{line}\r\n{kind}\r\ncontent-length: {length}\r\n\r\n{form}")
            }
        };
        self.ask(kept, |c| c.prepare_bytes(guess.as_bytes()))
            .await?;
        Ok(())
    }

    /// Asks once, over the connection that is kept or a new one, and counts what comes of it.
    async fn ask(
        &self,
        kept: &mut Option<Connection>,
        prepare: impl FnOnce(&mut Connection),
    ) -> io::Result<Head> {
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => Connection::over(self.connect().await?)?,
        };
        prepare(&mut connection);
        self.count.request();
        let answer = connection.exchange_once().await;
        match &answer {
            Ok(head) if head.status < 400 => *kept = Some(connection),
            Ok(_) => {
                self.count.refused();
                *kept = Some(connection);
            }
            Err(_) => self.count.refused(),
        }
        answer
    }

    async fn export_slowly(&self) -> io::Result<()> {
        let mut stream = self.connect().await?;
        let key = &self.tenant.exports;
        let head = format!(
            "{EXPORT} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\nauthorization: Bearer {key}\r\n\r\n"
        );
        self.count.request();
        stream.write_all(head.as_bytes()).await?;
        let (mut piece, mut is_first) = ([0; PIECE], true);
        loop {
            let length = stream.read(&mut piece).await?;
            let piece = piece.get(..length).unwrap_or_default();
            if is_first && !piece.starts_with(b"HTTP/1.1 200") {
                self.count.refused();
            }
            if piece.is_empty() {
                return Ok(());
            }
            is_first = false;
            sleep(PIECE_EVERY).await;
        }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        // What is not read waits with the service and not in our own kernel.
        socket.set_recv_buffer_size(4096)?;
        socket.bind(ELSEWHERE.into())?;
        socket.connect(self.service).await
    }
}
