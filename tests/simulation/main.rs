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
mod moves;
mod outbox;
mod planted;
mod rail;
mod rules;
mod run;
mod shrink;
mod store;
mod words;
mod writers;

use planted::Bug;
use shrink::try_seed;
use std::time::{Duration, Instant};

/// What a run came to, so that nobody takes an idle run for a good one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Moves that were played.
    pub steps: usize,
    /// Commands that were committed.
    pub commands: usize,
    /// Intents that succeeded.
    pub paid: usize,
    /// Refunds that were begun.
    pub refunds: usize,
    /// Answers that were given again.
    pub replays: usize,
    /// Intents and links that were overdue.
    pub expired: usize,
    /// Links that had all their payments.
    pub completed_links: usize,
    /// Deliveries that were taken.
    pub delivered: usize,
}

/// Plays seeds and stops at the first that breaks a rule.
fn play(seeds: impl Iterator<Item = u64>) -> Vec<Tally> {
    let chosen = std::env::var("SIMULATION_SEED").ok();
    let tally = |seed| try_seed(seed, None).unwrap_or_else(|finding| panic!("\n{finding}"));
    match chosen {
        Some(seed) => vec![tally(seed.parse().unwrap())],
        None => seeds.map(tally).collect(),
    }
}

#[test]
fn every_rule_holds_in_every_run() {
    let begun = Instant::now();
    let tallies = play(0..60);
    let total = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    println!(
        "{} moves and {} commands in {} runs, {} moves a second",
        total(|t| t.steps),
        total(|t| t.commands),
        tallies.len(),
        total(|t| t.steps) / usize::try_from(begun.elapsed().as_secs()).unwrap().max(1),
    );
    for (what, count) in [
        ("paid intents", total(|t| t.paid)),
        ("refunds", total(|t| t.refunds)),
        ("replays", total(|t| t.replays)),
        ("expiries", total(|t| t.expired)),
        ("completed links", total(|t| t.completed_links)),
        ("deliveries", total(|t| t.delivered)),
    ] {
        println!("{count} {what}");
        assert!(
            count >= tallies.len(),
            "too few {what} to prove anything: {count}"
        );
    }
}

/// Each planted fault is found within a few seeds, and its history is short enough to be read.
#[test]
fn planted_faults_are_found_and_their_histories_are_short() {
    for (bug, rule, most) in [
        (Bug::LoadsBeforeLock, "", 8),
        (Bug::LocksInAnyOrder, "wait for each other in a circle", 8),
        (Bug::ForgetsKeys, "", 8),
        (Bug::LosesBalances, "the balance of", 8),
        (Bug::BooksTwice, "one capture entry", 8),
        (Bug::TellsTooEarly, "is told and is not kept", 8),
        (Bug::SendsOutOfOrder, "arrived before", 8),
        (Bug::KeepsLeasesOfTheDead, "never come to an end", 8),
    ] {
        let found = (0..60).find_map(|seed| try_seed(seed, Some(bug)).err());
        let found = found.unwrap_or_else(|| panic!("nobody sees that {bug:?}"));
        println!("{bug:?}: {found}");
        assert!(found.fault.words.contains(rule), "{bug:?} broke another rule: {found}");
        assert!(found.moves.len() <= most, "{bug:?} has a long history: {found}");
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
    let first = u64::from_ne_bytes(threadpay::ambient::Ambient::system().bytes()) >> 1;
    println!("seeds from {first} on, for {} seconds", wanted.as_secs());
    let (begun, mut said) = (Instant::now(), Instant::now());
    let (mut seeds, mut steps) = (0_u64, 0);
    while begun.elapsed() < wanted {
        let tally = try_seed(first + seeds, None).unwrap_or_else(|finding| panic!("\n{finding}"));
        seeds += 1;
        steps += tally.steps;
        if said.elapsed() > Duration::from_secs(30) || begun.elapsed() >= wanted {
            said = Instant::now();
            let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap().max(1);
            println!("{seconds} s: {seeds} seeds, {steps} moves, {} a second", steps / seconds);
        }
    }
}
