//! What happens in a run, as data: a seed gives a list of moves, and any part of a list can be
//! played as well.
//!
//! A move never names a thing that another one makes. Where it needs one it takes, of those that
//! are there, the one that its own chance prefers.

use super::{
    dice::Dice,
    writers::{LANES, LaneName, Stage},
};
use time::Duration;

/// How long a history is, and what it is about.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A long one, about everything.
    Everything,
    /// A short one, in which the rail does and tells more than it is asked for.
    Rails,
}

impl Kind {
    /// Moves of a run, before all comes to an end.
    fn moves(self) -> u32 {
        match self {
            Self::Everything => 600,
            Self::Rails => 60,
        }
    }

    fn weights(self) -> Weights {
        match self {
            Self::Everything => USUAL,
            Self::Rails => MUCH_OF_RAILS,
        }
    }
}

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// Its place in the list that the seed gave, which names it and what it asks for.
    pub serial: u32,
    /// All that chance decides in it.
    pub chance: u64,
    pub act: Act,
}

/// What happens. `at` is one of the two processes.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// A client asks for something new.
    Ask { at: usize },
    /// A client sends a request once more; sometimes another one under its key.
    Again { at: usize, other: bool },
    /// A lane works, as far as it can, until its batch has come to this stage.
    Work { lane: LaneName, until: Stage },
    /// A call to the rail comes to an end.
    Rail(Fate),
    /// Something happens at the rail that nobody here asked for.
    Happen,
    /// The rail tells something without being asked.
    Ring { at: usize },
    /// Somebody reports what an intent waits for, or does not.
    Report { at: usize },
    /// A worker looks for what it has to do.
    Tick { at: usize, worker: Worker },
    /// Tries of deliveries end, at most so many.
    Land { at: usize, most: usize },
    /// A receiver takes to behaving otherwise.
    Mood,
    /// A process dies and another takes its place.
    Crash { at: usize },
    /// A lane's connection breaks: before its batch is committed, or just after.
    Cut { lane: LaneName, committed: bool },
    /// The database refuses a lane's batch.
    Refuse { lane: LaneName },
    /// Time passes.
    Pass(Duration),
    /// A process's clock is set wrong by so much.
    Set { at: usize, off: Duration },
}

/// What becomes of a call to the rail.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    /// The answer comes.
    Answered,
    /// It comes, and will come again.
    Twice,
    /// The rail did it, and the answer is lost.
    Lost,
}

#[derive(Clone, Copy, Debug)]
pub enum Worker {
    Resolve,
    Expire,
    Dispatch,
    Settle,
    Replay,
}

/// How often each kind of move comes, in a thousand. Each seed has its own: in some nothing
/// crashes, in others nobody asks twice, so that no fault hides behind another.
struct Weights([usize; 15]);

const USUAL: Weights = Weights([260, 80, 330, 100, 20, 120, 70, 16, 8, 14, 8, 60, 6, 20, 60]);
const MUCH_OF_RAILS: Weights =
    Weights([240, 60, 330, 140, 30, 110, 0, 0, 8, 12, 6, 60, 4, 60, 120]);
/// Those that each seed has: without them nothing would ever happen.
const ALWAYS: [usize; 4] = [0, 2, 3, 11];

impl Weights {
    fn of(kind: Kind, dice: &mut Dice) -> Self {
        let mut weights = kind.weights();
        for (kind, weight) in weights.0.iter_mut().enumerate() {
            let factor = dice.pick(&[0, 1, 1, 3]).unwrap();
            if !ALWAYS.contains(&kind) {
                *weight *= factor;
            }
        }
        weights
    }

    fn pick(&self, dice: &mut Dice) -> usize {
        let mut place = dice.below(self.0.iter().sum());
        for (kind, weight) in self.0.iter().enumerate() {
            if place < *weight {
                return kind;
            }
            place -= weight;
        }
        0
    }
}

/// The moves of a seed.
pub fn history(seed: u64, kind: Kind) -> Vec<Move> {
    let mut dice = Dice::new(seed);
    let weights = Weights::of(kind, &mut dice);
    let one = |serial| Move {
        serial,
        chance: dice.roll(),
        act: act(&weights, &mut dice),
    };
    (0..kind.moves()).map(one).collect()
}

fn act(weights: &Weights, dice: &mut Dice) -> Act {
    let at = dice.below(LANES.len());
    let lane = LaneName {
        process: at,
        number: dice.below(LANES[at]),
    };
    match weights.pick(dice) {
        0 => Act::Ask { at },
        1 => Act::Again {
            at,
            other: dice.percent(15),
        },
        2 => Act::Work {
            lane,
            until: until(dice),
        },
        3 => Act::Rail(match dice.below(100) {
            0..80 => Fate::Answered,
            80..90 => Fate::Twice,
            _ => Fate::Lost,
        }),
        4 => Act::Report { at },
        5 => Act::Tick {
            at,
            worker: worker(dice),
        },
        6 => Act::Land {
            at,
            most: 1 + dice.below(8),
        },
        7 => Act::Mood,
        8 => Act::Crash { at },
        9 => Act::Cut {
            lane,
            committed: dice.percent(50),
        },
        10 => Act::Refuse { lane },
        11 => Act::Pass(some_time(dice)),
        12 => Act::Set {
            at,
            off: some_error(dice),
        },
        13 => Act::Happen,
        _ => Act::Ring { at },
    }
}

fn until(dice: &mut Dice) -> Stage {
    let stages = [
        Stage::Locking,
        Stage::Locked,
        Stage::Decided,
        Stage::Committed,
    ];
    if dice.percent(65) {
        Stage::Idle
    } else {
        dice.pick(&stages).unwrap()
    }
}

fn worker(dice: &mut Dice) -> Worker {
    match dice.below(100) {
        0..20 => Worker::Resolve,
        20..35 => Worker::Expire,
        35..80 => Worker::Dispatch,
        80..92 => Worker::Settle,
        _ => Worker::Replay,
    }
}

fn whole(dice: &mut Dice, most: usize) -> i64 {
    i64::try_from(dice.below(most)).unwrap()
}

fn some_time(dice: &mut Dice) -> Duration {
    match dice.below(100) {
        0..60 => Duration::milliseconds(whole(dice, 300)),
        60..92 => Duration::seconds(whole(dice, 30)),
        92..97 => Duration::seconds(61),
        97..99 => Duration::minutes(16),
        _ => Duration::hours(2),
    }
}

/// Mostly small; now and then somebody's clock is hours ahead.
fn some_error(dice: &mut Dice) -> Duration {
    match dice.below(10) {
        0..3 => Duration::ZERO,
        3..9 => Duration::milliseconds(whole(dice, 6_000) - 3_000),
        _ => Duration::hours(3),
    }
}
