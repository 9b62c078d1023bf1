//! The faults: what each does, for how long, and how it is undone.

use super::{dice::Dice, proxy::Mode, world::World};
use nix::sys::signal::Signal;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::sleep,
};

/// From one fault to the next, in milliseconds: at least, and what chance adds.
const APART: (u64, u64) = (100, 280);
/// How long a service may take to stop in good order before it is killed, as by an orchestrator.
const GRACE: Duration = Duration::from_secs(15);
/// Longer than the lease of a delivery and the deadline of a batch.
const OUTLASTING: Duration = Duration::from_secs(33);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    ServiceKilled,
    ServiceStopped,
    ServiceFrozen,
    ServiceFrozenLong,
    ClockShifted,
    CallersCut,
    CallersHalf,
    CallersHole,
    CallersSlow,
    DatabaseLineCut,
    DatabaseLineHalf,
    DatabaseLineHole,
    DatabaseLineHoleLong,
    DatabaseLineSlow,
    ConnectionsEnded,
    PostgresKilled,
    BackendKilled,
    PostgresStopped,
    PostgresFrozen,
    DiskFull,
    ReceiverFails,
    ReceiverCut,
    ReceiverHole,
}

/// Each fault, how often it comes, and what it is.
const FAULTS: [(Fault, usize, &str); 23] = [
    (Fault::ServiceKilled, 12, "service killed (SIGKILL)"),
    (Fault::ServiceStopped, 3, "service told to stop (SIGTERM)"),
    (
        Fault::ServiceFrozen,
        8,
        "service frozen (SIGSTOP), up to 3 s",
    ),
    (
        Fault::ServiceFrozenLong,
        0,
        "service frozen (SIGSTOP), 33 s",
    ),
    (
        Fault::ClockShifted,
        7,
        "clock of a service put off, up to a day",
    ),
    (Fault::CallersCut, 6, "connections of callers cut (RST)"),
    (Fault::CallersHalf, 5, "answers to callers cut half-way"),
    (
        Fault::CallersHole,
        4,
        "line to callers swallows all, up to 3 s",
    ),
    (Fault::CallersSlow, 3, "line to callers slow, up to 3 s"),
    (
        Fault::DatabaseLineCut,
        7,
        "connections to Postgres cut (RST)",
    ),
    (
        Fault::DatabaseLineHalf,
        5,
        "answers of Postgres cut half-way",
    ),
    (
        Fault::DatabaseLineHole,
        5,
        "line to Postgres swallows all, up to 3 s",
    ),
    (
        Fault::DatabaseLineHoleLong,
        0,
        "line to Postgres swallows all, 33 s",
    ),
    (
        Fault::DatabaseLineSlow,
        3,
        "line to Postgres slow, up to 3 s",
    ),
    (
        Fault::ConnectionsEnded,
        6,
        "connections ended by pg_terminate_backend",
    ),
    (Fault::PostgresKilled, 4, "Postgres killed (SIGKILL)"),
    (
        Fault::BackendKilled,
        4,
        "process of Postgres killed (SIGKILL)",
    ),
    (
        Fault::PostgresStopped,
        2,
        "Postgres stopped at once (SIGQUIT)",
    ),
    (
        Fault::PostgresFrozen,
        3,
        "Postgres frozen (SIGSTOP), up to 3 s",
    ),
    (Fault::DiskFull, 3, "disk of Postgres full, up to 3 s"),
    (Fault::ReceiverFails, 2, "receiver answers 500"),
    (
        Fault::ReceiverCut,
        2,
        "receiver refuses connections, up to 1 s",
    ),
    (Fault::ReceiverHole, 1, "receiver swallows all, up to 3 s"),
];

impl Fault {
    pub fn name(self) -> &'static str {
        let found = FAULTS.iter().find(|(fault, ..)| *fault == self);
        found.map_or("", |(_, _, name)| name)
    }

    fn pick(dice: &mut Dice, world: &World) -> Self {
        let all: usize = FAULTS.iter().map(|(_, weight, _)| weight).sum();
        loop {
            let mut at = dice.below(all);
            let found = FAULTS.iter().find(|(_, weight, _)| {
                let is_here = at < *weight;
                at = at.saturating_sub(*weight);
                is_here
            });
            if let Some((fault, ..)) = found
                && fault.is_possible(world)
            {
                return *fault;
            }
        }
    }

    fn is_possible(self, world: &World) -> bool {
        match self {
            Self::DiskFull => world.database.disk.can_be_full,
            Self::ClockShifted => world.has_faketime,
            _ => true,
        }
    }

    /// Does it, holds it, and undoes it.
    async fn happen(self, world: Arc<World>, mut dice: Dice) {
        let side = dice.below(2);
        let hold = Duration::from_millis(200 + dice.roll() % 2800);
        let service = &world.services[side];
        match self {
            Self::ServiceKilled => service.signal(Signal::SIGKILL),
            Self::ServiceStopped => stop(&world, side).await,
            Self::ServiceFrozen => freeze(&world, side, hold).await,
            Self::ServiceFrozenLong => freeze(&world, side, OUTLASTING).await,
            Self::ClockShifted => {
                let seconds = [1 + dice.below(4), 20, 86_400][dice.below(3)];
                let seconds = i64::try_from(seconds).unwrap();
                let seconds = if dice.percent(50) { seconds } else { -seconds };
                service.shift_clock(seconds);
                sleep(hold * 3).await;
                service.shift_clock(0);
            }
            Self::CallersCut => world.to_services[side].cut(),
            Self::DatabaseLineCut => world.to_database[side].cut(),
            Self::CallersHalf | Self::CallersHole | Self::CallersSlow => {
                world.to_services[side].hold(self.mode(), hold).await;
            }
            Self::DatabaseLineHalf | Self::DatabaseLineHole | Self::DatabaseLineSlow => {
                world.to_database[side].hold(self.mode(), hold).await;
            }
            Self::DatabaseLineHoleLong => {
                world.to_database[side].hold(Mode::Hole, OUTLASTING).await;
            }
            Self::ReceiverCut | Self::ReceiverHole => {
                world.receiver.proxy.hold(self.mode(), hold).await;
            }
            Self::ReceiverFails => world.receiver.fail(1 + dice.below(3)),
            Self::ConnectionsEnded => {
                let connections = i64::try_from(1 + dice.below(6)).unwrap();
                world.database.terminate(connections).await;
            }
            Self::PostgresKilled => world.database.signal(Signal::SIGKILL),
            Self::PostgresStopped => world.database.signal(Signal::SIGQUIT),
            Self::BackendKilled => world.database.kill_backend(&mut dice),
            Self::PostgresFrozen => {
                world.database.freeze();
                sleep(hold).await;
                world.database.thaw();
            }
            Self::DiskFull => fill(&world, hold).await,
        }
    }

    fn mode(self) -> Mode {
        match self {
            Self::CallersHalf | Self::DatabaseLineHalf => Mode::Half,
            Self::CallersSlow | Self::DatabaseLineSlow => Mode::Slow,
            Self::ReceiverCut => Mode::Shut,
            _ => Mode::Hole,
        }
    }
}

async fn freeze(world: &World, side: usize, hold: Duration) {
    world.services[side].signal(Signal::SIGSTOP);
    sleep(hold).await;
    world.services[side].signal(Signal::SIGCONT);
}

async fn stop(world: &World, side: usize) {
    let service = &world.services[side];
    let starts = service.starts();
    service.signal(Signal::SIGTERM);
    sleep(GRACE).await;
    if service.starts() == starts {
        service.signal(Signal::SIGKILL);
    }
}

async fn fill(world: &Arc<World>, hold: Duration) {
    let filled = Arc::clone(world);
    spawn_blocking(move || filled.database.disk.fill())
        .await
        .unwrap();
    sleep(hold).await;
    let freed = Arc::clone(world);
    spawn_blocking(move || freed.database.disk.free())
        .await
        .unwrap();
}

/// Lets so many faults happen, one upon the other, and gives how many of each when all are undone.
pub async fn rain(world: &Arc<World>, faults: usize, mut dice: Dice) -> BTreeMap<Fault, usize> {
    let mut happened = BTreeMap::new();
    let mut at_work = JoinSet::new();
    for number in 0..faults {
        let (least, more) = APART;
        sleep(Duration::from_millis(least + dice.roll() % more)).await;
        // Those that last long are dealt out, so that they are not all there is.
        let fault = match number % 100 {
            20 => Fault::ServiceFrozenLong,
            55 => Fault::DatabaseLineHoleLong,
            _ => Fault::pick(&mut dice, world),
        };
        *happened.entry(fault).or_default() += 1;
        at_work.spawn(fault.happen(Arc::clone(world), Dice::new(dice.roll())));
    }
    while let Some(done) = at_work.join_next().await {
        done.unwrap();
    }
    world.heal();
    happened
}
