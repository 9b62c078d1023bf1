//! A merchant who behaves, with its bot and its payers, at a fixed pace.

use super::{
    super::{
        connection::{Connection, Head},
        environment::Environment,
        pace::{Ticks, metronome},
        receiver::Manner,
        services::Caller,
        stage::Stage,
        work::INTENT,
    },
    waits::{Diary, Wait},
};
use crate::base::{ambient::Ambient, ids::IntentId};
use crate::program::ProgramError;
use serde::Deserialize;
use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Sales a second of each shop: its key is asked three times for each, far below its limit.
pub(super) const SALES_PER_SECOND: u32 = 10;
/// How many of its sales can be under way at a time.
const COUNTERS: usize = 16;

/// A shop with one endpoint.
#[derive(Clone, Debug)]
pub(super) struct Shop {
    address: SocketAddr,
    caller: Caller,
    endpoint: usize,
}

/// What shops saw, and which callbacks are due.
#[derive(Debug, Default)]
pub(super) struct Day {
    /// What they waited for, callbacks excepted.
    pub diary: Diary,
    /// What was paid: at which endpoint its callback is to come, and since when it is waited for.
    pub paid: Vec<((usize, IntentId), Instant)>,
}

#[derive(Deserialize)]
struct Made {
    id: IntentId,
    pay_url: String,
}

impl Shop {
    /// Gives a merchant an endpoint that hears of its payments.
    pub async fn open(
        environment: &Environment,
        stage: &Stage,
        (caller, endpoint): (Caller, usize),
    ) -> Result<Self, ProgramError> {
        let url = environment.receiver.url(endpoint, Manner::Healthy)?;
        let event = "payment_intent.succeeded";
        stage.register(&caller, &url, event).await?;
        Ok(Self {
            address: stage.address,
            caller,
            endpoint,
        })
    }

    /// Sells until the ticks end.
    async fn serve(self, ticks: Ticks) -> Day {
        let mut day = Day::default();
        while let Some((_, due)) = ticks.next().await {
            let mut sale = Sale {
                shop: &self,
                day: &mut day,
                since: due,
                wait: Wait::Ask,
            };
            if let Err(error) = sale.run().await {
                let failure = format!("{}: {error}", sale.wait.name());
                day.diary.failures.push(failure);
            }
        }
        day
    }
}

/// All shops sell for so long.
pub(super) async fn sell(shops: Vec<Shop>, time: Duration) -> io::Result<Day> {
    let mut counters = JoinSet::new();
    let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    for shop in shops {
        let ticks = metronome(SALES_PER_SECOND, SALES_PER_SECOND.saturating_mul(seconds))?;
        for _ in 0..COUNTERS {
            counters.spawn(shop.clone().serve(ticks.clone()));
        }
    }
    let mut all = Day::default();
    while let Some(day) = counters.join_next().await {
        let day = day.map_err(io::Error::other)?;
        all.diary.extend(day.diary);
        all.paid.extend(day.paid);
    }
    Ok(all)
}

/// One sale: the bot asks for money, the payer opens the page and pays, the bot looks.
struct Sale<'a> {
    shop: &'a Shop,
    day: &'a mut Day,
    /// Since when the answer is waited for: at first, since the sale was due.
    since: Instant,
    /// What is waited for.
    wait: Wait,
}

impl Sale<'_> {
    async fn run(&mut self) -> io::Result<()> {
        let shop = self.shop;
        let api_key = &*shop.caller.api_key;
        // A bot and a payer who come by now and then find their last connection closed.
        let mut connection = Connection::open(shop.address).await?;
        let key = Ambient::system().id::<Uuid>().to_string();
        let body = INTENT.replace("REFERENCE", &key);
        connection.prepare("POST /v1/payment_intents", (api_key, &key), &body);
        let made = self.answer(&mut connection, Wait::Ask).await?;
        let Made { id, pay_url } = serde_json::from_slice(&made.body)?;
        let page = pay_url.strip_prefix(&format!("http://{}", shop.address));
        let page = page.ok_or_else(|| io::Error::other("a page is somewhere else"))?;
        connection.prepare_bytes(open(page).as_bytes());
        let form = self.answer(&mut connection, Wait::Open).await?;
        connection.prepare_bytes(pay(page, &form, "pm_sandbox_ok")?.as_bytes());
        let sent = self.since;
        self.answer(&mut connection, Wait::Pay).await?;
        self.day.paid.push(((shop.endpoint, id), sent));
        connection.prepare_get(&format!("/v1/payment_intents/{id}"), api_key);
        let read = self.answer(&mut connection, Wait::Read).await?;
        if !String::from_utf8_lossy(&read.body).contains(r#""status":"succeeded""#) {
            return Err(io::Error::other("what was paid is not"));
        }
        connection.prepare_get("/v1/payment_intents?limit=10", api_key);
        self.answer(&mut connection, Wait::List).await?;
        Ok(())
    }

    /// Sends what is prepared, once, and notes how long its answer took.
    async fn answer(&mut self, connection: &mut Connection, wait: Wait) -> io::Result<Head> {
        self.wait = wait;
        let head = connection.exchange_once().await?;
        if head.status >= 400 {
            head.check()?;
        }
        let now = Instant::now();
        let waits = &mut self.day.diary.waits;
        waits.push((wait, now.duration_since(self.since)));
        self.since = now;
        Ok(head)
    }
}

/// The request for a page.
pub(super) fn open(page: &str) -> String {
    format!("GET {page} HTTP/1.1\r\nhost: bench\r\n\r\n")
}

/// The form that a page was answered with, filled in.
pub(super) fn pay(page: &str, form: &Head, method: &str) -> io::Result<String> {
    let text = String::from_utf8_lossy(&form.body);
    let csrf = text.split_once(r#"name="csrf" value=""#);
    let csrf = csrf.and_then(|(_, rest)| rest.split('"').next());
    let csrf = csrf.ok_or_else(|| io::Error::other("a page has no form"))?;
    let body = format!("csrf={csrf}&payment_method={method}");
    Ok(format!(
        "POST {page}/pay HTTP/1.1\r\nhost: bench\r\n\
        content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}
