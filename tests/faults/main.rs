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

mod attacks;
mod books;
mod caller;
mod checks;
#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "../api/harness/client.rs"]
mod client;
mod database;
mod dev;
#[expect(
    dead_code,
    reason = "shared with tests/simulation, which uses all of it"
)]
#[path = "../simulation/dice.rs"]
mod dice;
mod fairness;
mod faults;
mod load;
mod place;
mod processes;
mod proxy;
mod receiver;
mod rest;
mod service;
mod stories;
mod world;

use books::nothing_is_there_by_half;
use database::connect;
use dice::Dice;
use faults::Fault;
use load::Load;
use receiver::Inbox;
use rest::rest;
use std::{
    collections::BTreeMap,
    env,
    io::Write,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use stories::Teller;
use threadpay::base::ambient::Ambient;
use tokio::{sync::Mutex, task::spawn_blocking};
use world::World;

const CALLERS: usize = 16;
/// Held by the test that runs: side by side they would starve each other of the processor.
static ALONE: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_faults_lose_nothing_and_leave_nothing_by_half() {
    run(200).await;
}

/// `FAULTS=2000 cargo test --test faults -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a quarter of an hour: for the figures in docs/reliability.md"]
async fn as_many_faults_as_wished_lose_nothing() {
    let faults = env::var("FAULTS").map_or(2000, |number| number.parse().unwrap());
    run(faults).await;
}

async fn run(faults: usize) {
    let _alone = ALONE.lock().await;
    let seed = seed();
    let mut dice = Dice::new(seed);
    let world = World::make().await;
    say_what_is_left_out(&world);
    let begun = Instant::now();
    let load = Load::start(&world.merchants, CALLERS, &mut dice);
    let happened = faults::rain(&world, faults, dice).await;
    let rained = begun.elapsed();
    let mut tellers = load.stop().await;
    let mut db = connect(&world.database.url()).await;
    let by_hand = rest(&mut db, &world.merchants).await;
    let took = begun.elapsed();
    let inboxes = world.receiver.inboxes();
    report(&happened, &tellers, &inboxes);
    println!("{by_hand:>8}  callbacks sent by hand");
    println!("{took:>8.1?}  in all, {rained:.1?} of it under faults");
    nothing_is_there_by_half(&mut db, world.database.url()).await;
    checks::every_answer_holds(&world.merchants, &tellers, &mut db).await;
    checks::every_event_arrived(&world.merchants, &inboxes).await;
    checks::every_answer_is_given_again(&mut tellers, seed).await;
    for service in &world.services {
        assert!(!service.log().contains("panicked"), "a service panicked");
    }
    let world = Arc::into_inner(world).unwrap();
    spawn_blocking(|| world.stop()).await.unwrap();
}

/// The seed of a run: chance decides what happens when; the processes decide what comes of it.
fn seed() -> u64 {
    let seed = env::var("FAULTS_SEED").map_or_else(
        |_| u64::from_be_bytes(Ambient::system().bytes()),
        |seed| seed.parse().unwrap(),
    );
    println!("FAULTS_SEED={seed}");
    seed
}

/// Past the capture of a test's output, which nobody reads when it holds.
fn say_what_is_left_out(world: &World) {
    let mut beside = std::io::stderr();
    let disk = world.database.disk.can_be_full;
    for (is_tested, what) in [
        (disk, "a full disk, since this user may not mount one"),
        (world.has_faketime, "clocks, since faketime is missing"),
    ] {
        if !is_tested {
            writeln!(beside, "NOT TESTED: {what}").unwrap();
        }
    }
}

fn report(happened: &BTreeMap<Fault, usize>, tellers: &[Teller], inboxes: &[Inbox]) {
    for (fault, times) in happened {
        println!("{times:>8}  {}", fault.name());
    }
    let crowd = &tellers[0].caller.crowd;
    let events: usize = inboxes.iter().map(|inbox| inbox.events.len()).sum();
    let arrivals: Vec<usize> = inboxes
        .iter()
        .flat_map(|i| i.arrivals.values())
        .copied()
        .collect();
    let repeated = arrivals.iter().filter(|times| **times > 1).count();
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
        (repeated, "of them that came more than once"),
        (
            arrivals.iter().max().copied().unwrap_or(0),
            "times that one came at most",
        ),
    ] {
        println!("{number:>8}  {what}");
    }
    println!(
        "{:>8.1?}  the longest that a caller waited",
        waited.unwrap()
    );
}
