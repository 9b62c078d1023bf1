//! Plays histories, catches the rule that one breaks, and takes away every move that the fault
//! can do without.

use super::{
    Tally,
    moves::{Kind, Move, history},
    planted::Bug,
    run::{Diary, Run},
};
use std::{
    cell::{Cell, RefCell},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    rc::Rc,
    sync::Once,
};

/// A rule that a run broke: where it stands, and in what words it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub place: String,
    pub words: String,
    /// How many moves had been played.
    after: usize,
}

/// A seed that breaks a rule, with as few of its moves as still do.
#[derive(Debug)]
pub struct Finding {
    pub seed: u64,
    pub fault: Fault,
    pub moves: Vec<Move>,
    diary: Vec<String>,
}

thread_local! {
    /// What this thread's last panic said, while it plays.
    static SAID: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
    static PLAYING: Cell<bool> = const { Cell::new(false) };
}

/// While a thread plays, its panics are kept instead of printed.
fn keep_panics() {
    static KEEP: Once = Once::new();
    KEEP.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |info| {
            if !PLAYING.get() {
                return usual(info);
            }
            let place = info.location().map(ToString::to_string);
            let words = info.payload_as_str().unwrap_or("no words").to_owned();
            SAID.set(Some((place.unwrap_or_default(), words)));
        }));
    });
}

fn play(
    seed: u64,
    bug: Option<Bug>,
    moves: &[Move],
    diary: Option<Rc<Diary>>,
) -> Result<Tally, Fault> {
    keep_panics();
    let played = Cell::new(0);
    PLAYING.set(true);
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut run = Run::new(seed, bug, diary);
        for step in moves {
            played.set(played.get() + 1);
            run.play(step);
        }
        run.end()
    }));
    PLAYING.set(false);
    result.map_err(|_| {
        let (place, words) = SAID.take().unwrap_or_default();
        Fault {
            place,
            words,
            after: played.get(),
        }
    })
}

/// Plays a seed. If it breaks a rule, finds the shortest history that breaks the same one.
pub fn try_seed(seed: u64, kind: Kind, bug: Option<Bug>) -> Result<Tally, Box<Finding>> {
    let mut moves = history(seed, kind);
    let fault = match play(seed, bug, &moves, None) {
        Ok(tally) => return Ok(tally),
        Err(fault) => fault,
    };
    moves.truncate(fault.after);
    let same = |moves: &[Move]| {
        let again = play(seed, bug, moves, None).err();
        again.is_some_and(|again| again.place == fault.place)
    };
    let moves = shrink(moves, same);
    let diary = Rc::new(Diary::default());
    let fault = play(seed, bug, &moves, Some(Rc::clone(&diary))).err();
    Err(Box::new(Finding {
        seed,
        fault: fault.expect("it has failed before"),
        diary: diary.take(),
        moves,
    }))
}

/// Takes away ever smaller parts, as long as what is left fails in the same way, until no move and
/// no two moves can be taken away.
fn shrink<T: Clone>(mut moves: Vec<T>, fails: impl Fn(&[T]) -> bool) -> Vec<T> {
    let mut size = moves.len().div_ceil(2);
    while size > 0 {
        let before = moves.len();
        let mut start = 0;
        while start < moves.len() {
            let mut fewer = moves.clone();
            fewer.drain(start..moves.len().min(start + size));
            if fails(&fewer) {
                moves = fewer;
            } else {
                start += size;
            }
        }
        if size > 1 {
            size /= 2;
        } else if moves.len() == before && !shrink_by_two(&mut moves, &fails) {
            size = 0;
        }
    }
    moves
}

/// Takes away the first two moves that are not needed, or only by each other.
fn shrink_by_two<T: Clone>(moves: &mut Vec<T>, fails: impl Fn(&[T]) -> bool) -> bool {
    for second in (0..moves.len()).rev() {
        for first in 0..second {
            let mut fewer = moves.clone();
            fewer.remove(second);
            fewer.remove(first);
            if fails(&fewer) {
                *moves = fewer;
                return true;
            }
        }
    }
    false
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "SIMULATION_SEED={} breaks a rule:", self.seed)?;
        writeln!(f, "{} ({})", self.fault.words, self.fault.place)?;
        writeln!(
            f,
            "The shortest history of it that does, {} moves:",
            self.moves.len()
        )?;
        for line in &self.diary {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

#[test]
fn shrinking_leaves_what_a_fault_needs() {
    let needs = |moves: &[u32]| [3, 41, 42, 97].iter().all(|n| moves.contains(n));
    assert_eq!(shrink((0..100).collect(), needs), [3, 41, 42, 97]);
    // The two are needed only by each other.
    let pair = |moves: &[u32]| needs(moves) && moves.contains(&5) == moves.contains(&80);
    assert_eq!(shrink((0..100).collect(), pair), [3, 41, 42, 97]);
    assert!(shrink((0..100).collect(), |_: &[u32]| true).is_empty());
}
