//! A batch of commands, decided on a loaded world.

use super::stall::{Stall, create, post};
use criterion::{BatchSize, Criterion, Throughput};
use threadpay::{
    domain::{
        intents::Intent,
        rails::{PaymentMethod, SandboxMethod},
    },
    writer::{Command, PaymentCommand, Submission, World},
};

pub fn all(criterion: &mut Criterion) {
    let stall = Stall::open();
    for count in [1, 64] {
        let batch = |command: fn() -> Command| -> Vec<Submission> {
            let numbered = (0..count).map(|number| stall.submission(number, command()));
            numbered.collect()
        };
        let create = batch(create);
        time(criterion, (&stall, "create"), &[], &create);
        let mut world = stall.world();
        stall.decide(&mut world, &create);
        let intents: Vec<Intent> = world.intents.values().cloned().collect();
        time(criterion, (&stall, "pay"), &intents, &pay(&stall, &intents));
        time(criterion, (&stall, "post"), &[], &batch(post));
    }
}

/// Confirms each, which the sandbox answers at once: attempt, books, events and answer.
fn pay(stall: &Stall, intents: &[Intent]) -> Vec<Submission> {
    let confirm = |(number, intent): (usize, &Intent)| {
        let method = PaymentMethod::Sandbox(SandboxMethod::Ok);
        stall.submission(
            number,
            PaymentCommand::Confirm(intent.id, method.into()).into(),
        )
    };
    intents.iter().enumerate().map(confirm).collect()
}

fn time(
    criterion: &mut Criterion,
    (stall, name): (&Stall, &str),
    intents: &[Intent],
    batch: &[Submission],
) {
    let load = || -> World {
        let mut world = stall.world();
        for intent in intents {
            let key = (stall.merchant, intent.id);
            world.intents.load(key, intent.clone());
        }
        world
    };
    let mut group = criterion.benchmark_group("decide");
    group.throughput(Throughput::Elements(u64::try_from(batch.len()).unwrap()));
    group.bench_function(format!("{name}_{}", batch.len()), |bencher| {
        let decide = |mut world: World| {
            stall.decide(&mut world, batch);
            world
        };
        bencher.iter_batched(load, decide, BatchSize::SmallInput);
    });
    group.finish();
}
