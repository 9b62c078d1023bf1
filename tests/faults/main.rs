//! Real processes under load while faults rain on them: two services, their Postgres, its disk,
//! their clocks, and every connection between them. Whatever was answered is there once, nothing is
//! there by half, and every event is delivered.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, and names the cases that matter"
)]

mod books;
mod caller;
mod checks;
#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "../api/harness/client.rs"]
mod client;
mod database;
#[expect(
    dead_code,
    reason = "shared with tests/simulation, which uses all of it"
)]
#[path = "../simulation/dice.rs"]
mod dice;
mod faults;
mod place;
mod processes;
mod proxy;
mod receiver;
mod rest;
mod service;
mod stories;
mod world;

use caller::{Caller, Crowd};
use dice::Dice;
use faults::Fault;
use receiver::Inbox;
use std::{
    collections::BTreeMap,
    env,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use stories::Teller;
use threadpay::ambient::Ambient;
use tokio::{
    sync::Mutex,
    task::{JoinSet, spawn_blocking},
};
use world::World;

const CALLERS: usize = 16;
/// Held by the test that runs: side by side they would starve each other of the processor.
static ALONE: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_faults_lose_nothing_and_leave_nothing_by_half() {
    run(200).await;
}

/// `THREADPAY_FAULTS=2000 cargo test --test faults -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a quarter of an hour: for the figures in docs/reliability.md"]
async fn as_many_faults_as_wished_lose_nothing() {
    let faults = env::var("THREADPAY_FAULTS").map_or(2000, |number| number.parse().unwrap());
    run(faults).await;
}

async fn run(faults: usize) {
    let _alone = ALONE.lock().await;
    let seed = env::var("THREADPAY_FAULTS_SEED").map_or_else(
        |_| u64::from_be_bytes(Ambient::system().bytes()),
        |seed| seed.parse().unwrap(),
    );
    println!("THREADPAY_FAULTS_SEED={seed}");
    let mut dice = Dice::new(seed);
    let world = World::make().await;
    let crowd = Arc::new(Crowd::default());
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let teller = teller(&world, &crowd, number, Dice::new(dice.roll()));
        callers.spawn(async move { (number, teller.run().await) });
    }
    let happened = faults::rain(&world, faults, dice).await;
    let rained = begun.elapsed();
    crowd.stop.store(true, Ordering::Relaxed);
    let mut tellers = BTreeMap::new();
    while let Some(teller) = callers.join_next().await {
        let (number, teller) = teller.unwrap();
        tellers.insert(number, teller);
    }
    let mut tellers: Vec<Teller> = tellers.into_values().collect();
    let by_hand = rest::rest(&world).await;
    let rested = begun.elapsed();
    let inboxes = world.receiver.inboxes();
    report(&happened, &tellers, &inboxes);
    println!("{rested:>8.1?}  in all, {rained:.1?} of it under faults");
    println!("{by_hand:>8}  callbacks sent by hand");
    let mut db = world.database.connect().await;
    books::nothing_is_there_by_half(&world, &mut db).await;
    checks::every_answer_holds(&world, &tellers, &mut db).await;
    checks::every_event_arrived(&world.merchants, &inboxes).await;
    checks::every_answer_is_given_again(&mut tellers, seed).await;
    for service in &world.services {
        assert!(!service.log().contains("panicked"), "a service panicked");
    }
    let world = Arc::into_inner(world).unwrap();
    spawn_blocking(|| world.stop()).await.unwrap();
}

fn teller(world: &World, crowd: &Arc<Crowd>, number: usize, dice: Dice) -> Teller {
    let merchants = world.merchants.len();
    let merchant = &world.merchants[number % merchants];
    let (services, crowd) = (merchant.services.clone(), Arc::clone(crowd));
    let changes = number < merchants;
    Teller {
        caller: Caller::new(format!("caller-{number}"), services, dice, crowd),
        known: stories::Known::default(),
        endpoint: changes.then(|| merchant.changing_endpoint.clone()),
    }
}

fn report(happened: &BTreeMap<Fault, usize>, tellers: &[Teller], inboxes: &[Inbox]) {
    for (fault, times) in happened {
        println!("{times:>8}  {}", fault.name());
    }
    let crowd = &tellers[0].caller.crowd;
    let events: usize = inboxes.iter().map(|inbox| inbox.events.len()).sum();
    let arrivals: usize = inboxes.iter().map(|inbox| inbox.arrivals).sum();
    let waited: Option<Duration> = tellers.iter().map(|t| t.caller.longest_wait).max();
    for (number, what) in [
        (happened.values().sum(), "faults"),
        (
            crowd.answers.load(Ordering::Relaxed),
            "asked until answered",
        ),
        (
            crowd.repeats.load(Ordering::Relaxed),
            "asked again, told the same",
        ),
        (
            crowd.silences.load(Ordering::Relaxed),
            "tries without an answer",
        ),
        (
            crowd.refusals.load(Ordering::Relaxed),
            "tries answered 503, or 409 as still running",
        ),
        (
            crowd.given_up.load(Ordering::Relaxed),
            "given up by the caller",
        ),
        (events, "events owed to endpoints"),
        (arrivals - events, "of them sent more than once"),
    ] {
        println!("{number:>8}  {what}");
    }
    println!(
        "{:>8.1?}  the longest that a caller waited",
        waited.unwrap()
    );
}
