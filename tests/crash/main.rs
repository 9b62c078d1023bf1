//! The real program under load while it and its Postgres are killed at random: whatever was
//! answered is there, nothing is there by half, and every event is delivered.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod callbacks;
#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "../api/harness/client.rs"]
mod client;
mod load;
#[expect(dead_code, reason = "shared with tests/overload")]
mod service;
#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "../api/harness/sink.rs"]
mod sink;

use client::Client;
use load::{Load, Told};
use serde_json::Value;
use service::{Service, program};
use sink::Sink;
use sqlx::{Connection, PgConnection};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use threadpay::ambient::Ambient;
use tokio::sync::Mutex;

/// For how long nothing may come nearer to rest after the last crash: longer than the resolver
/// waits before it asks, shorter than a lease lasts, which is to be taken back and not waited for.
const STANDSTILL: Duration = Duration::from_secs(20);
const CALLERS: usize = 6;
/// Held by the test that runs: side by side they would starve each other of the processor.
static ALONE: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_loses_nothing_and_leaves_nothing_by_half() {
    crash("short", Duration::from_secs(8)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: for a change of the writer, the dispatcher or the private Postgres"]
async fn many_crashes_lose_nothing() {
    crash("long", Duration::from_mins(2)).await;
}

async fn crash(name: &'static str, how_long: Duration) {
    let _alone = ALONE.lock().await;
    let start = tokio::task::spawn_blocking(move || Service::start(name));
    let mut service = start.await.unwrap();
    let bot = Client::new(&service.fact("base_url")).with_key(&service.fact("api_key"));
    let sink = Sink::start(&[]);
    let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
    let load = Load::new(bot.clone());
    let callers = futures_util::future::join_all((0..CALLERS).map(|_| load.run()));
    let killer = async {
        let (begun, mut kills) = (Instant::now(), [0, 0]);
        while begun.elapsed() < how_long {
            let [wait, whom] = Ambient::system().bytes();
            tokio::time::sleep(Duration::from_millis(100 + 6 * u64::from(wait))).await;
            let crash = move || {
                let whole = whom % 2 == 0;
                if whole {
                    service.kill_and_restart();
                }
                let database = !whole && service.kill_postgres();
                (service, [u32::from(whole), u32::from(database)])
            };
            let (running, [whole, database]) = tokio::task::spawn_blocking(crash).await.unwrap();
            service = running;
            kills = [kills[0] + whole, kills[1] + database];
        }
        load.stop();
        (service, kills)
    };
    let ((service, kills), _) = futures_util::future::join(killer, callers).await;
    let told = load.told();
    let [services, databases] = kills;
    println!(
        "killed {services} services and {databases} databases, {} answers",
        told.len()
    );
    let bot = Client::new(&service.fact("base_url")).with_key(&service.fact("api_key"));
    everything_answered_is_there(&bot, &told).await;
    rest(&service).await;
    nothing_is_there_by_half(&service).await;
    let events = bot.events().await;
    every_event_arrived(&events, &sink, endpoint["secret"].as_str().unwrap());
    tokio::task::spawn_blocking(|| service.stop())
        .await
        .unwrap();
}

/// The same request gives the same answer.
async fn everything_answered_is_there(bot: &Client, told: &[Told]) {
    assert!(
        told.len() > CALLERS,
        "only {} requests were answered",
        told.len()
    );
    for told in told {
        let again = bot.post_with(&told.key, &told.path, &told.body).await;
        let first = &told.answer;
        assert_eq!(
            (again.status, again.text()),
            (first.status, first.text()),
            "{}",
            told.key
        );
        assert_eq!(
            again.header("idempotent-replayed"),
            Some("true"),
            "{}",
            told.key
        );
    }
}

async fn count(db: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(db).await.unwrap()
}

async fn connect(service: &Service) -> PgConnection {
    let mut db = PgConnection::connect(&service.fact("database_url"))
        .await
        .unwrap();
    sqlx::query("SET search_path = cell_00")
        .execute(&mut db)
        .await
        .unwrap();
    db
}

/// Waits until the resolver has asked about every attempt and every delivery is made, as long as
/// they become fewer.
async fn rest(service: &Service) {
    let mut db = connect(service).await;
    let (mut fewest, mut since) = (i64::MAX, Instant::now());
    loop {
        let open = "SELECT count(*) FROM attempts WHERE ask_at IS NOT NULL";
        let owed = "SELECT count(*) FROM deliveries WHERE status <> 'delivered'";
        let left = (count(&mut db, open).await, count(&mut db, owed).await);
        if left == (0, 0) {
            return;
        }
        if left.0 + left.1 < fewest {
            (fewest, since) = (left.0 + left.1, Instant::now());
        }
        assert!(
            since.elapsed() < STANDSTILL,
            "open attempts and owed deliveries: {left:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn nothing_is_there_by_half(service: &Service) {
    let mut verify = program();
    verify
        .args(["verify"])
        .env("DATABASE_URL", service.fact("database_url"));
    let verify = tokio::task::spawn_blocking(move || verify.output().unwrap());
    let verify = verify.await.unwrap();
    let said = String::from_utf8_lossy(&verify.stderr).into_owned();
    assert!(verify.status.success(), "{said}");
    let mut db = connect(service).await;
    for (fault, sql) in [
        (
            "one request made two intents",
            "SELECT count(*) - count(DISTINCT reference) FROM payment_intents",
        ),
        (
            "a request never got its answer",
            "SELECT count(*) FROM idempotency_keys WHERE status IS NULL",
        ),
        (
            "a payment hangs",
            "SELECT count(*) FROM payment_intents WHERE status = 'processing' OR amount_refunding <> 0",
        ),
        (
            "an attempt was made twice",
            "SELECT count(*) - count(DISTINCT idempotency_key) FROM attempts",
        ),
    ] {
        assert_eq!(count(&mut db, sql).await, 0, "{fault}");
    }
}

/// Each event of the feed came at least once, signed, always with the same bytes.
fn every_event_arrived(events: &[Value], sink: &Sink, secret: &str) {
    let mut received: HashMap<String, Vec<u8>> = HashMap::new();
    for callback in sink.received() {
        // The library takes signatures of the last five minutes: longer than any run of ours.
        callback.verify(secret);
        let first = received.entry(callback.id().to_owned());
        assert_eq!(
            *first.or_insert_with(|| callback.body.clone()),
            callback.body
        );
    }
    for event in events {
        let id = event["id"].as_str().unwrap();
        let body = received
            .get(id)
            .unwrap_or_else(|| panic!("never delivered: {event}"));
        assert_eq!(&serde_json::from_slice::<Value>(body).unwrap(), event);
    }
    assert_eq!(events.len(), received.len());
}
