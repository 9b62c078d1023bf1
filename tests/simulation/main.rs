//! The pure core under thousands of moves a second, all of them from a seed: two processes that
//! write for the same merchants, clients that ask again, a rail whose answers come late, twice or
//! never, receivers that fail, crashes, broken connections, clocks that leap and differ. After
//! each move everything that it wrote is checked; at the end all of it, from every side.
//!
//! No database: what SQL does stands in `store` and `outbox` a second time, small.
//!
//! A seed that breaks a rule is played again with ever fewer moves, and the shortest history that
//! still does is printed. `SIMULATION_SEED=… cargo test --test simulation` plays one seed again.
//! `cargo test --release simulation -- --ignored` plays new ones for an hour, or for
//! `SIMULATION_SECONDS`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod audit;
mod clients;
mod crowd;
mod dice;
mod dispatch;
mod ending;
mod mishaps;
mod moves;
mod outbox;
mod planted;
mod rail;
mod rules;
mod run;
mod shrink;
mod store;
mod truth;
mod words;
mod writers;

use moves::Kind;
use planted::Bug;
use shrink::try_seed;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Seeds that every run of the tests plays.
const RUNS: u64 = 80;

/// What happened in runs and how often, so that nobody takes an idle run for a good one.
#[derive(Clone, Debug, Default)]
pub struct Tally(BTreeMap<&'static str, usize>);

impl Tally {
    /// Something happened so many times.
    pub fn count(&mut self, what: &'static str, times: usize) {
        *self.0.entry(what).or_default() += times;
    }

    fn of(&self, what: &str) -> usize {
        self.0.get(what).copied().unwrap_or_default()
    }

    fn add(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            self.count(what, *times);
        }
    }
}

/// What must have happened, at least once in four runs.
const WANTED: [&str; 21] = [
    "answers given again",
    "batches that are run one by one",
    "batches that never happened",
    "batches that nobody is told of",
    "completed links",
    "deliveries taken",
    "deliveries that came again",
    "deliveries that wait for an earlier one",
    "deliveries under a new lease before the last one landed",
    "endpoints given up",
    "expiries",
    "facts told without being asked",
    "intents paid",
    "keys used for something else",
    "leases of the dead taken back",
    "movements",
    "movements resolved",
    "refunds",
    "replays",
    "requests that still run elsewhere",
    "waits for a lock",
];

/// Plays a seed; a failed one is told with its shortest history.
fn play(seed: u64) -> Tally {
    try_seed(seed, Kind::Everything, None).unwrap_or_else(|finding| panic!("\n{finding}"))
}

fn per_second(count: usize, since: Instant) -> u128 {
    let count = u128::try_from(count).unwrap();
    count * 1000 / since.elapsed().as_millis().max(1)
}

#[test]
fn every_rule_holds_in_every_run() {
    if let Ok(seed) = std::env::var("SIMULATION_SEED") {
        println!("{:#?}", play(seed.parse().unwrap()));
        return;
    }
    let (begun, mut total) = (Instant::now(), Tally::default());
    for seed in 0..RUNS {
        total.add(&play(seed));
    }
    println!("{total:#?}");
    println!("{} moves a second", per_second(total.of("moves"), begun));
    for what in WANTED {
        let count = u64::try_from(total.of(what)).unwrap();
        assert!(
            count >= RUNS / 4,
            "too few {what} to prove anything: {count}"
        );
    }
}

/// Short histories of what rails do: each ends with books that explain every cent.
const HISTORIES: u64 = 10_000;

#[test]
fn books_explain_what_rails_do_in_ten_thousand_histories() {
    let threads = std::thread::available_parallelism().unwrap().get();
    let threads = u64::try_from(threads).unwrap();
    let play_part = |part: u64| {
        let mut total = Tally::default();
        for seed in (part..HISTORIES).step_by(usize::try_from(threads).unwrap()) {
            let played = try_seed(seed, Kind::Rails, None);
            total.add(&played.unwrap_or_else(|finding| panic!("\n{finding}")));
        }
        total
    };
    let total = std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|part| scope.spawn(move || play_part(part)))
            .collect();
        let mut total = Tally::default();
        for part in parts {
            total.add(&part.join().unwrap());
        }
        total
    });
    println!("{total:#?}");
    for what in [
        "movements",
        "movements resolved",
        "facts told without being asked",
    ] {
        assert!(total.of(what) > 1000, "too few {what}");
    }
}

/// Each planted fault is found within a few seeds, and its history is short enough to be read.
#[test]
fn planted_faults_are_found_and_their_histories_are_short() {
    for (bug, rule, most) in [
        (Bug::LoadsBeforeLock, "next event", 8),
        (Bug::LocksInAnyOrder, "wait for each other in a circle", 8),
        (Bug::ForgetsKeys, "was told and is not kept", 8),
        (Bug::LosesBalances, "the balance of", 8),
        (Bug::BooksTwice, "one capture entry", 8),
        (Bug::TellsTooEarly, "was told and is not kept", 8),
        (Bug::SendsOutOfOrder, "arrived before", 8),
        (Bug::KeepsLeasesOfTheDead, "never come to an end", 8),
    ] {
        let found = (0..60).find_map(|seed| try_seed(seed, Kind::Everything, Some(bug)).err());
        let found = found.unwrap_or_else(|| panic!("nobody sees that {bug:?}"));
        println!("{bug:?}: {found}");
        assert!(
            found.fault.words.contains(rule),
            "{bug:?} broke another rule: {found}"
        );
        assert!(
            found.moves.len() <= most,
            "{bug:?} has a long history: {found}"
        );
    }
}

/// How long the simulation runs if nobody says otherwise.
const AN_HOUR: u64 = 3600;

#[test]
#[ignore = "takes an hour, or SIMULATION_SECONDS"]
fn simulation_runs_for_an_hour() {
    let wanted = std::env::var("SIMULATION_SECONDS").ok();
    let wanted = wanted.map_or(AN_HOUR, |seconds| seconds.parse().unwrap());
    let wanted = Duration::from_secs(wanted);
    let first = u64::from_ne_bytes(threadpay::base::ambient::Ambient::system().bytes()) >> 1;
    println!("seeds from {first} on, for {} seconds", wanted.as_secs());
    let (begun, mut said) = (Instant::now(), Instant::now());
    let (mut seeds, mut total) = (0, Tally::default());
    while begun.elapsed() < wanted {
        total.add(&play(first + seeds));
        seeds += 1;
        if said.elapsed() > Duration::from_secs(30) || begun.elapsed() >= wanted {
            said = Instant::now();
            let (seconds, moves) = (begun.elapsed().as_secs(), total.of("moves"));
            let rate = per_second(moves, begun);
            println!("{seconds} s: {seeds} seeds, {moves} moves, {rate} a second");
        }
    }
    println!("{total:#?}");
}
