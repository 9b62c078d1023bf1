//! All connections of one thread: how many there may be, how much they may send before they are
//! answered, and which of them end first when there is too much of either.

use super::connection::Line;
use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    rc::{Rc, Weak},
    time::{Duration, Instant},
};

/// Most bytes that the clients of a thread may have sent without being answered: a hundred times
/// what full queues hold, and a bound on what slow heads and bodies cost.
const UNANSWERED_MAX: usize = 64 * 1024 * 1024;
/// How often somebody looks whose time is over.
const LOOK: Duration = Duration::from_secs(1);

/// All connections of one thread.
#[derive(Debug)]
pub(super) struct Crowd {
    most: usize,
    lines: RefCell<Vec<Weak<Line>>>,
    unanswered: Cell<usize>,
}

impl Crowd {
    /// At most `most` connections.
    pub(super) fn new(most: usize) -> Rc<Self> {
        Rc::new(Self {
            most,
            lines: RefCell::default(),
            unanswered: Cell::default(),
        })
    }

    /// Lets a connection in. Where there are too many, those end that have been quiet for longest;
    /// if all of them are being answered, there is no room.
    pub(super) fn admit(self: &Rc<Self>) -> Option<Rc<Line>> {
        if self.lines.borrow().len() >= self.most {
            self.make_room();
        }
        let mut lines = self.lines.borrow_mut();
        (lines.len() < self.most).then(|| {
            let line = Rc::new(Line::new(Rc::clone(self)));
            lines.push(Rc::downgrade(&line));
            line
        })
    }

    /// A sixteenth at a time, so that not every newcomer looks at all of them.
    fn make_room(&self) {
        let share = self.most.div_ceil(16);
        let mut here = self.here();
        if here.len().saturating_add(share) > self.most {
            here.retain(|line| !line.is_answering());
            here.sort_unstable_by_key(|line| line.active());
            here.truncate(share);
            here.iter().for_each(|line| line.end());
        }
        let mut lines = self.lines.borrow_mut();
        lines.retain(|line| line.upgrade().is_some_and(|line| !line.is_ended()));
    }

    /// The connections that were not told to end.
    fn here(&self) -> Vec<Rc<Line>> {
        let lines = self.lines.borrow();
        let here = lines.iter().filter_map(Weak::upgrade);
        here.filter(|line| !line.is_ended()).collect()
    }

    /// A client sent so many bytes. If all have sent too many, those end that sent most.
    pub(super) fn remember(&self, bytes: usize) {
        self.unanswered
            .set(self.unanswered.get().saturating_add(bytes));
        if self.unanswered.get() > UNANSWERED_MAX {
            let mut here = self.here();
            here.sort_unstable_by_key(|line| Reverse(line.unanswered()));
            for line in here {
                if self.unanswered.get() <= UNANSWERED_MAX / 4 * 3 {
                    break;
                }
                line.end();
            }
        }
    }

    /// So many bytes were answered, or are not going to be.
    pub(super) fn forget(&self, bytes: usize) {
        self.unanswered
            .set(self.unanswered.get().saturating_sub(bytes));
    }

    /// Ends the connections whose clients take longer than they may.
    fn look(&self, now: Instant) {
        for line in self.here() {
            if line.is_overdue(now) {
                line.end();
            }
        }
    }
}

/// Looks after the crowd for as long as there is one.
pub(super) async fn watch(crowd: Weak<Crowd>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(crowd) = crowd.upgrade() else {
            return;
        };
        crowd.look(Instant::now());
    }
}
