//! What is known of a client's connection: which part of a request it is at, how long the client
//! may take for it, and how readily the connection is given up for others.

use crate::http::server::tally::Tally;
use std::{
    cell::{Cell, RefCell},
    fmt,
    net::IpAddr,
    rc::Rc,
    task::{Context, Waker},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// How long the head of a request may take to arrive.
pub(in crate::http) const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// Over so long a client that makes us wait must have taken its answer at the least rate. An
/// export holds a snapshot of the database meanwhile.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);
/// The least rate at which an answer must be taken, in bytes a second.
const ANSWER_RATE: u64 = 8 * 1024;

/// Bytes that may come at once without the connection being closed after the answer.
const KEPT_MAX: usize = 32 * 1024;

/// Who gives way first where there are too many connections or too many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::http) enum Rank {
    /// A stranger's request that is not complete.
    Unfinished,
    /// A stranger's connection without a request.
    Idle,
    /// A stranger that does not take its answer.
    Reading,
    /// A poll that waits for events: it may be answered without any.
    Waiting,
    /// A connection that a valid key came by, and whose next request is not complete.
    Known,
    /// A complete request that is being answered.
    Answering,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No handler works for it.
    Idle,
    /// A handler has the head of a request, and not yet all of its body.
    Receiving,
    /// A handler works on a complete request, or its answer is streamed.
    Answering,
    /// A handler waits for events.
    Waiting,
}

/// What is known of a connection, shared by its bytes, its requests and the list of all.
pub(in crate::http) struct ConnectionState {
    tally: Rc<Tally>,
    network: Option<IpAddr>,
    /// Whether it has one of the places kept for health checks.
    reserved: bool,
    phase: Cell<Phase>,
    /// Whether a valid key came by it.
    known: Cell<bool>,
    /// When a byte last came or went.
    active: Cell<Instant>,
    /// When the first byte came of a request that is not complete.
    begun: Cell<Option<Instant>>,
    /// Since when the client makes us wait for it to take its answer, and how much it took since.
    slow: Cell<Option<(Instant, usize)>>,
    /// When what it is answered must have been taken.
    deadline: Cell<Option<Instant>>,
    /// Bytes that came since bytes last went.
    unanswered: Cell<usize>,
    /// Bytes of an answer that the client does not take.
    untaken: Cell<usize>,
    ended: Cell<bool>,
    left: Cell<bool>,
    gone: Notify,
    waker: RefCell<Option<Waker>>,
}

impl fmt::Debug for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (phase, held) = (self.phase.get(), self.held());
        write!(f, "ConnectionState({phase:?}, {held} bytes held)")
    }
}

impl ConnectionState {
    pub(in crate::http) fn new(tally: Rc<Tally>, network: Option<IpAddr>, reserved: bool) -> Self {
        if let Some(network) = network {
            tally.enter(network);
        }
        Self {
            tally,
            network,
            reserved,
            phase: Cell::new(Phase::Idle),
            known: Cell::default(),
            active: Cell::new(Instant::now()),
            begun: Cell::default(),
            slow: Cell::default(),
            deadline: Cell::default(),
            unanswered: Cell::default(),
            untaken: Cell::default(),
            ended: Cell::default(),
            left: Cell::default(),
            gone: Notify::new(),
            waker: RefCell::default(),
        }
    }

    /// A handler has a request, whose body is there if it is `complete`, until the turn is dropped.
    pub(in crate::http) fn turn(self: Rc<Self>, complete: bool) -> Turn {
        self.deadline.set(None);
        if complete {
            self.received();
        } else {
            self.phase.set(Phase::Receiving);
        }
        Turn(self)
    }

    /// The request has arrived to its end.
    pub(in crate::http) fn received(&self) {
        self.phase.set(Phase::Answering);
        self.begun.set(None);
    }

    /// A valid key came by it.
    pub(in crate::http) fn recognize(&self) {
        self.known.set(true);
    }

    /// The answer must have been taken by then.
    pub(in crate::http) fn must_end_by(&self, deadline: Instant) {
        self.deadline.set(Some(deadline));
    }

    /// A handler waits for events, until what is given back is dropped.
    pub(in crate::http) fn wait(self: Rc<Self>) -> Wait {
        let before = self.phase.replace(match self.phase.get() {
            Phase::Answering => Phase::Waiting,
            // A client that waits before its request is complete gains nothing by it.
            phase @ (Phase::Idle | Phase::Receiving | Phase::Waiting) => phase,
        });
        Wait {
            connection: self,
            before,
        }
    }

    /// How readily it gives way.
    pub(in crate::http) fn rank(&self) -> Rank {
        let known = self.known.get();
        match self.phase.get() {
            Phase::Answering => Rank::Answering,
            Phase::Waiting => Rank::Waiting,
            Phase::Idle if self.untaken.get() > 0 && known => Rank::Answering,
            Phase::Idle | Phase::Receiving if known => Rank::Known,
            Phase::Idle if self.untaken.get() > 0 => Rank::Reading,
            Phase::Idle if self.begun.get().is_none() => Rank::Idle,
            Phase::Idle | Phase::Receiving => Rank::Unfinished,
        }
    }

    /// When it came to where it is: of those of one rank the first gives way.
    pub(in crate::http) fn since(&self) -> Instant {
        self.begun.get().unwrap_or_else(|| self.active.get())
    }

    /// Where it comes from.
    pub(in crate::http) fn network(&self) -> Option<IpAddr> {
        self.network
    }

    /// Whether it has one of the places kept for health checks.
    pub(in crate::http) fn is_reserved(&self) -> bool {
        self.reserved
    }

    /// Whether it was asked to end.
    pub(in crate::http) fn is_ended(&self) -> bool {
        self.ended.get()
    }

    /// Bytes that it keeps in memory: of what came and was not answered, and of what is answered
    /// and not taken.
    pub(in crate::http) fn held(&self) -> usize {
        self.unanswered.get().saturating_add(self.untaken.get())
    }

    /// Whether so much came at once that its buffers, which never shrink, should not be kept.
    pub(in crate::http) fn is_swollen(&self) -> bool {
        self.unanswered.get() > KEPT_MAX
    }

    /// Whether the client takes longer than it may.
    pub(in crate::http) fn is_overdue(&self, now: Instant) -> bool {
        let over = |since: Option<Instant>, patience| {
            since.is_some_and(|since| now.saturating_duration_since(since) > patience)
        };
        let head = self.phase.get() == Phase::Idle && over(self.begun.get(), HEAD_PATIENCE);
        head || over(self.deadline.get(), Duration::ZERO) || self.is_slow(now)
    }

    /// Whether the client takes its answer below the least rate. Where it does not, a new period
    /// begins.
    fn is_slow(&self, now: Instant) -> bool {
        let Some((since, taken)) = self.slow.get() else {
            return false;
        };
        let elapsed = now.saturating_duration_since(since);
        if elapsed <= ANSWER_PATIENCE {
            return false;
        }
        let least = elapsed.as_secs().saturating_mul(ANSWER_RATE);
        let is_slow = u64::try_from(taken).unwrap_or(u64::MAX) < least;
        if !is_slow {
            self.slow.set((self.untaken.get() > 0).then_some((now, 0)));
        }
        is_slow
    }

    /// Takes nothing more from the client. What a handler does goes on, and is still answered if
    /// the client takes the answer; a poll that waits is answered at once.
    pub(in crate::http) fn end(&self) {
        if !self.ended.replace(true) {
            self.leave();
        }
        self.gone.notify_waiters();
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// The client has closed its side.
    pub(in crate::http) fn client_left(&self) {
        self.left.set(true);
        self.gone.notify_waiters();
    }

    /// Waits until the client has gone or its place is needed.
    pub(in crate::http) async fn gone(&self) {
        let gone = self.gone.notified();
        if !self.ended.get() && !self.left.get() {
            gone.await;
        }
    }

    /// Bytes came from the client.
    pub(in crate::http) fn heard(&self, bytes: usize) {
        let now = Instant::now();
        self.active.set(now);
        if self.phase.get() == Phase::Idle && self.begun.get().is_none() {
            self.begun.set(Some(now));
        }
        if !self.ended.get() {
            let unanswered = self.unanswered.get().saturating_add(bytes);
            self.unanswered.set(unanswered);
            self.tally.add(bytes);
        }
    }

    /// The client took bytes of its answer.
    pub(in crate::http) fn took(&self, bytes: usize) {
        self.active.set(Instant::now());
        self.begun.set(None);
        let slow = self.slow.get();
        self.slow
            .set(slow.map(|(since, taken)| (since, taken.saturating_add(bytes))));
        self.release();
    }

    /// The client took all that there is for it at the moment.
    pub(in crate::http) fn took_all(&self) {
        if self.phase.get() != Phase::Answering {
            self.slow.set(None);
        }
    }

    /// The client does not take the bytes that are left of its answer.
    pub(in crate::http) fn stalls(&self, left: usize) {
        if self.slow.get().is_none() {
            self.slow.set(Some((Instant::now(), 0)));
        }
        if !self.ended.get() {
            self.tally.subtract(self.untaken.replace(left));
            self.tally.add(left);
        }
    }

    pub(in crate::http) fn remember_waker(&self, context: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|w| w.will_wake(context.waker())) {
            *waker = Some(context.waker().clone());
        }
    }

    fn release(&self) {
        self.tally.subtract(self.held());
        self.unanswered.set(0);
        self.untaken.set(0);
    }

    fn leave(&self) {
        self.release();
        if let Some(network) = self.network {
            self.tally.leave(network);
        }
    }
}

impl Drop for ConnectionState {
    fn drop(&mut self) {
        if !self.ended.get() {
            self.leave();
        }
    }
}

/// The time in which a handler works on a request.
#[derive(Debug)]
pub(in crate::http) struct Turn(Rc<ConnectionState>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.phase.set(Phase::Idle);
    }
}

/// The time in which a handler waits for events.
#[derive(Debug)]
pub(in crate::http) struct Wait {
    connection: Rc<ConnectionState>,
    before: Phase,
}

impl Wait {
    /// Waits until the client has gone or its place is needed.
    pub(in crate::http) async fn gone(&self) {
        self.connection.gone().await;
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.connection.phase.set(self.before);
    }
}
