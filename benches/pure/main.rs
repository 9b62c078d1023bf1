//! The pure parts, timed: deciding, printing, signing, hashing, reading. Nothing here waits for a
//! disk or a network, so what gets slower did so by a change of the code.
//!
//! `cargo bench` runs all, `cargo bench -- decide` some; `.ci/run bench` holds them against the
//! last release.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

mod deciding;
#[expect(
    dead_code,
    reason = "shared with tests/simulation, which uses all of it"
)]
#[path = "../../tests/simulation/dice.rs"]
mod dice;
mod printing;
mod reading;
mod sealing;
mod stall;

use criterion::{Criterion, criterion_group, criterion_main};
use std::{hint::black_box, time::Duration};

/// Something to time, and what it is called.
type Case = (&'static str, Box<dyn Fn()>);

/// What `work` gives is thrown away, but made.
fn case<T>(name: &'static str, work: impl Fn() -> T + 'static) -> Case {
    (name, Box::new(move || drop(black_box(work()))))
}

fn time_all(criterion: &mut Criterion, group: &str, cases: Vec<Case>) {
    let mut group = criterion.benchmark_group(group);
    for (name, work) in cases {
        group.bench_function(name, |bencher| bencher.iter(&work));
    }
    group.finish();
}

/// Short: medians are steady after a second, and a comparison runs all of it many times.
fn settings() -> Criterion {
    Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .without_plots()
}

criterion_group! {
    name = pure;
    config = settings();
    targets = deciding::all, printing::all, sealing::all, reading::all
}
criterion_main!(pure);
