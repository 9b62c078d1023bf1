//! All connections of one thread: how many there may be, how many bytes they may keep in memory,
//! and which of them give way when there is too much of either. A complete request never gives way
//! to one that is not.

use crate::http::server::{
    connection_state::{ConnectionState, Rank},
    tally::{Tally, network},
};
use std::{
    cell::RefCell,
    cmp::Reverse,
    net::IpAddr,
    rc::{Rc, Weak},
    time::{Duration, Instant},
};

/// Most bytes that the clients of a thread may have sent without being answered, or asked for
/// without taking them: many times what full queues hold, and a bound on what slow clients cost.
const HELD_MAX: usize = 64 * 1024 * 1024;
/// How often connections are looked at for clients whose time is over.
const LOOK: Duration = Duration::from_secs(1);
/// Places beside all others, for requests that are answered even where there is no room: those of
/// health checks.
const RESERVED: usize = 16;

/// All connections of one thread.
#[derive(Debug)]
pub(in crate::http) struct Connections {
    most: usize,
    most_of_network: usize,
    states: RefCell<Vec<Weak<ConnectionState>>>,
    reserved: RefCell<Vec<Weak<ConnectionState>>>,
    tally: Rc<Tally>,
}

impl Connections {
    /// At most `most` connections, three quarters of them from one network.
    pub(in crate::http) fn new(most: usize) -> Rc<Self> {
        Rc::new(Self {
            most,
            most_of_network: most.saturating_sub(most / 4),
            states: RefCell::default(),
            reserved: RefCell::default(),
            tally: Rc::default(),
        })
    }

    /// Lets a connection in. Where there are too many, those end that give way first. If none does,
    /// the newcomer gets a place for health checks, if there is one.
    pub(in crate::http) fn admit(&self, peer: Option<IpAddr>) -> Option<Rc<ConnectionState>> {
        let network = peer.map(network);
        if network.is_some_and(|network| self.tally.of(network) >= self.most_of_network) {
            self.make_room(|state| state.network() == network);
        }
        if self.states.borrow().len() >= self.most {
            self.make_room(|_| true);
        }
        let mut states = self.states.borrow_mut();
        let crowded = network.is_some_and(|n| self.tally.of(n) >= self.most_of_network);
        if states.len() >= self.most || crowded {
            return self.admit_reserved();
        }
        let state = Rc::new(ConnectionState::new(Rc::clone(&self.tally), network, false));
        states.push(Rc::downgrade(&state));
        Some(state)
    }

    /// A place for a health check. A client that has one and no complete request gives way.
    fn admit_reserved(&self) -> Option<Rc<ConnectionState>> {
        let mut reserved = self.reserved.borrow_mut();
        if reserved.len() >= RESERVED {
            let mut here = present(&reserved);
            here.sort_unstable_by_key(|state| (state.rank(), state.since()));
            if here.len() >= RESERVED
                && let Some(first) = here.first().filter(|s| s.rank() < Rank::Answering)
            {
                first.end();
            }
            reserved.retain(is_present);
        }
        (reserved.len() < RESERVED).then(|| {
            let state = Rc::new(ConnectionState::new(Rc::clone(&self.tally), None, true));
            reserved.push(Rc::downgrade(&state));
            state
        })
    }

    /// Ends some of those `among` all: a sixteenth at a time, so that not every newcomer looks at
    /// all of them.
    fn make_room(&self, among: impl Fn(&ConnectionState) -> bool) {
        let share = self.most.div_ceil(16);
        let mut here = present(&self.states.borrow());
        let is_full = here.len().saturating_add(share) > self.most;
        here.retain(|state| among(state));
        if is_full || here.len() >= self.most_of_network {
            here.retain(|state| state.rank() < Rank::Answering);
            here.sort_unstable_by_key(|state| (state.rank(), state.since()));
            for state in here.iter().take(share) {
                state.end();
            }
        }
        self.states.borrow_mut().retain(is_present);
    }

    /// Where too many bytes are kept, those end that give way first, the largest of them before the
    /// others.
    pub(in crate::http) fn relieve(&self) {
        if self.tally.held.get() <= HELD_MAX {
            return;
        }
        let mut here = present(&self.states.borrow());
        here.sort_unstable_by_key(|state| (state.rank(), Reverse(state.held())));
        for state in here.iter().filter(|state| state.held() > 0) {
            if self.tally.held.get() <= HELD_MAX / 4 * 3 {
                break;
            }
            state.end();
        }
    }

    /// Ends the connections whose clients take longer than they may.
    fn look(&self, now: Instant) {
        for states in [&self.states, &self.reserved] {
            for state in present(&states.borrow()) {
                if state.is_overdue(now) {
                    state.end();
                }
            }
        }
    }
}

fn is_present(state: &Weak<ConnectionState>) -> bool {
    state.upgrade().is_some_and(|state| !state.is_ended())
}

/// Those that were not asked to end.
fn present(states: &[Weak<ConnectionState>]) -> Vec<Rc<ConnectionState>> {
    let present = states.iter().filter_map(Weak::upgrade);
    present.filter(|state| !state.is_ended()).collect()
}

/// Looks after the connections for as long as there are any to come.
pub(in crate::http) async fn watch(connections: Weak<Connections>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(connections) = connections.upgrade() else {
            return;
        };
        connections.look(Instant::now());
    }
}

#[cfg(test)]
mod tests;
