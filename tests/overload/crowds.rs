//! Clients that take their time, and many of them: others are served all along, and in the end
//! the service has rid itself of all of them.

use super::{ALONE, Client, House, raw::Raw, service::Service};
use futures_util::future::join_all;
use serde_json::json;
use std::{future::Future, time::Duration};
use tokio::{task::JoinSet, time::timeout};

/// Connections of each kind of slow client.
const SLOW: usize = 100;
/// Of those who do not take their answers, fewer: their requests are real work for debug builds.
const DEAF: usize = 10;
/// How long a slow client may live: the longest patience is 20 seconds.
const LIFE: Duration = Duration::from_mins(1);
/// How long somebody who behaves waits for an answer.
const DEADLINE: Duration = Duration::from_secs(20);
/// What the process may take, in KiB.
const MEMORY: u64 = 500 * 1024;

/// Bots ask and payers pay until `crowd` is done; gives how many were served.
async fn served_beside<T>(house: &House, crowd: impl Future<Output = T>) -> (usize, T) {
    let mut crowd = std::pin::pin!(crowd);
    let mut served = 0;
    loop {
        let pay = timeout(DEADLINE, house.bot.paid("2.00", "EUR"));
        tokio::select! {
            done = &mut crowd => return (served, done),
            paid = pay => { paid.expect("others are served"); }
        }
        served += 1;
        let memory = house.process.memory();
        assert!(memory < MEMORY, "{memory} KiB");
    }
}

const HEAD: &[u8] = b"POST /v1/oauth/token HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\n";

/// One of each kind of slow client, until the service has enough of it.
async fn slow_client(kind: usize, address: String) {
    let mut raw = Raw::open(&address).await;
    match kind {
        // The head of a first request, and of a second.
        0 => raw.drip(b"x").await,
        1 => {
            assert!(raw.ask().await.starts_with("HTTP/1.1 200"));
            raw.drip(b"x").await;
        }
        // Bodies: one that is waited for, and one whose request was refused before it came.
        2 => {
            raw.send(&[HEAD, b"content-length: 60000\r\n\r\n"].concat())
                .await;
            raw.drip(b"x").await;
        }
        3 => {
            let head = b"POST /v1/payment_intents HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
            raw.send(head).await;
            raw.drip(b"1\r\nx\r\n").await;
        }
        // Answers that are not taken.
        _ => {
            raw.ask_and_never_read(b"GET /docs HTTP/1.1\r\nhost: a\r\n\r\n")
                .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_take_their_time_stop_nobody_and_are_gone_in_the_end() {
    let _alone = ALONE.lock().await;
    let house = House::start("slow").await;
    house.bot.paid("2.00", "EUR").await;
    let files = house.process.files();
    let mut slow = JoinSet::new();
    for number in 0..4 * SLOW + DEAF {
        slow.spawn(slow_client(number / SLOW, house.address.clone()));
    }
    let (served, ended) = served_beside(&house, timeout(LIFE, slow.join_all())).await;
    ended.expect("the service hangs up on all of them");
    println!("{served} served beside slow clients");
    assert!(served > 0);
    house.process.has_at_most(files + 2).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_headers_and_bodies_stop_nobody() {
    let _alone = ALONE.lock().await;
    let house = House::start("floods").await;
    house.bot.paid("2.00", "EUR").await;
    let files = house.process.files();
    let many = "x-many: 1\r\n".repeat(10_000);
    let long = format!("x: {}\r\n", "x".repeat(1_000_000));
    let endless = "x".repeat(100_000);
    let heads = async {
        for head in [&many, &long, &endless] {
            let head = format!("GET /healthz HTTP/1.1\r\nhost: a\r\n{head}");
            let asked = (0..50).map(|_| async {
                let mut raw = Raw::open(&house.address).await;
                // It may hang up before it has read all.
                raw.send(head.as_bytes()).await;
                raw.answer().await
            });
            for answer in join_all(asked).await {
                let refused = ["HTTP/1.1 431", "HTTP/1.1 400", "HTTP/1.1 408"];
                let is_refused = refused.iter().any(|r| answer.starts_with(r));
                assert!(answer.is_empty() || is_refused, "{answer}");
            }
        }
    };
    let (served, ()) = served_beside(&house, heads).await;
    assert!(served > 0);

    // The largest body that is read at all, by hundreds at once: each is answered by its merits.
    let text = "x".repeat(64 * 1024 - 60);
    let body = json!({"amount": "1.00", "currency": "EUR", "reference": text}).to_string();
    assert!(body.len() <= 64 * 1024);
    let bodies = join_all((0..400).map(|n| {
        let request = house
            .bot
            .post_request(&format!("body-{n}"), "/v1/payment_intents", &body);
        house.bot.send(request)
    }));
    let (_, answers) = served_beside(&house, bodies).await;
    for answer in answers {
        answer.problem(422, "invalid_request");
    }
    house.process.has_at_most(files + 400 + 2).await;
    house.stop().await;
}

/// Connections that were used once and then left alone.
async fn idle(address: &str, count: usize) -> Vec<Raw> {
    let mut idle = Vec::new();
    while idle.len() < count {
        let some = join_all((0..100).map(|_| async {
            let mut raw = Raw::open(address).await;
            assert!(raw.ask().await.starts_with("HTTP/1.1 200"));
            raw
        }));
        idle.extend(some.await);
    }
    idle
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_stop_nobody() {
    let _alone = ALONE.lock().await;
    let house = House::start("idle").await;
    house.bot.paid("2.00", "EUR").await;
    let files = house.process.files();
    // Where fewer files may be opened, the service makes room by itself: the next test.
    let count = usize::try_from(super::process::raise_files()).unwrap();
    let count = count.saturating_sub(1500).min(10_000);
    let (served, crowd) = served_beside(&house, idle(&house.address, count)).await;
    println!(
        "{served} served while {count} came, {} KiB",
        house.process.memory()
    );
    house.bot.paid("2.00", "EUR").await;
    drop(crowd);
    house.process.has_at_most(files + 2).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_more_fit_the_idlest_make_room() {
    let _alone = ALONE.lock().await;
    super::process::raise_files();
    let service = tokio::task::spawn_blocking(|| Service::within("full", 600));
    let house = House::of(service.await.unwrap());
    house.bot.paid("2.00", "EUR").await;
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.extend(idle(&house.address, 100).await);
        // Somebody who comes only now.
        let bot = Client::new(&house.service.fact("base_url"));
        let bot = bot.with_key(&house.service.fact("api_key"));
        bot.paid("2.00", "EUR").await;
    }
    let newest = crowd.last_mut().unwrap().ask().await;
    assert!(newest.starts_with("HTTP/1.1 200"), "{newest}");
    assert_eq!(crowd[0].ask().await, "", "the idlest was closed");
    house.stop().await;
}
