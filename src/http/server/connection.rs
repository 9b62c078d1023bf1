//! A client's connection, and how long the client may take for what. actix-web watches the head of
//! a connection's first request and the rest between two requests; what it leaves open is closed
//! here: later heads, bodies that nobody reads, and answers that the client does not take.

use crate::http::server::crowd::Crowd;
use std::{
    cell::{Cell, RefCell},
    fmt, io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
    time::{Duration, Instant},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How long the head of a request may take to arrive.
pub(in crate::http) const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// How long a client may take nothing of its answer. An export holds a picture of the database
/// for as long.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);

/// Bytes that may come at once without the connection being closed after the answer.
const KEPT_MAX: usize = 32 * 1024;

/// What is known of a connection, shared by its bytes, its requests and the [`Crowd`].
pub(in crate::http) struct Line {
    crowd: Rc<Crowd>,
    /// When a byte last came or went.
    active: Cell<Instant>,
    /// When the first byte came of what no handler has taken up yet.
    begun: Cell<Option<Instant>>,
    /// Since when the client takes nothing of its answer.
    stalled: Cell<Option<Instant>>,
    /// Bytes that came since bytes last went.
    unanswered: Cell<usize>,
    /// Bytes of an answer that the client does not take.
    untaken: Cell<usize>,
    answering: Cell<bool>,
    ended: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({} bytes held)", self.held())
    }
}

impl Line {
    pub(in crate::http) fn new(crowd: Rc<Crowd>) -> Self {
        Self {
            crowd,
            active: Cell::new(Instant::now()),
            begun: Cell::default(),
            stalled: Cell::default(),
            unanswered: Cell::default(),
            untaken: Cell::default(),
            answering: Cell::default(),
            ended: Cell::default(),
            waker: RefCell::default(),
        }
    }

    /// A handler works on a request of this connection until the turn is dropped.
    pub(in crate::http) fn turn(self: Rc<Self>) -> Turn {
        self.begun.set(None);
        self.answering.set(true);
        Turn(self)
    }

    /// Whether a handler works for it.
    pub(in crate::http) fn is_answering(&self) -> bool {
        self.answering.get()
    }

    /// Whether it was told to end.
    pub(in crate::http) fn is_ended(&self) -> bool {
        self.ended.get()
    }

    /// When a byte last came or went.
    pub(in crate::http) fn active(&self) -> Instant {
        self.active.get()
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
        let head = !self.answering.get() && over(self.begun.get(), HEAD_PATIENCE);
        head || over(self.stalled.get(), ANSWER_PATIENCE)
    }

    /// Takes nothing more from the client. What a handler does goes on, and is still answered if
    /// the client takes the answer.
    pub(in crate::http) fn end(&self) {
        self.ended.set(true);
        self.let_go();
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn let_go(&self) {
        self.crowd.let_go(self.held());
        self.unanswered.set(0);
        self.untaken.set(0);
    }

    fn heard(&self, bytes: usize) {
        let now = Instant::now();
        self.active.set(now);
        if !self.answering.get() && self.begun.get().is_none() {
            self.begun.set(Some(now));
        }
        self.unanswered
            .set(self.unanswered.get().saturating_add(bytes));
        self.crowd.hold(bytes);
    }

    fn said(&self) {
        self.active.set(Instant::now());
        self.stalled.set(None);
        self.begun.set(None);
        self.let_go();
    }

    /// The client does not take the bytes that are left of its answer.
    fn stalls(&self, left: usize) {
        if self.stalled.get().is_none() {
            self.stalled.set(Some(Instant::now()));
        }
        self.crowd.let_go(self.untaken.replace(left));
        self.crowd.hold(left);
    }

    fn remember_waker(&self, context: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|w| w.will_wake(context.waker())) {
            *waker = Some(context.waker().clone());
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// The time in which a handler works on a request.
#[derive(Debug)]
pub(in crate::http) struct Turn(Rc<Line>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.answering.set(false);
    }
}

/// The bytes of a connection, which tell its [`Line`] what passes and end when it is ended.
#[derive(Debug)]
pub(in crate::http) struct Connection<T> {
    bytes: T,
    line: Rc<Line>,
}

impl<T> Connection<T> {
    pub(in crate::http) fn new(bytes: T, line: Rc<Line>) -> Self {
        Self { bytes, line }
    }

    pub(in crate::http) fn line(&self) -> &Rc<Line> {
        &self.line
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Connection<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.line.is_ended() {
            // As if the client had closed its side.
            return Poll::Ready(Ok(()));
        }
        self.line.remember_waker(context);
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.bytes).poll_read(context, buffer))?;
        let came = buffer.filled().len().saturating_sub(before);
        if came > 0 {
            self.line.heard(came);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Connection<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.line.remember_waker(context);
        let written = Pin::new(&mut self.bytes).poll_write(context, bytes);
        if written.is_ready() {
            self.line.said();
        } else if self.line.is_ended() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        } else {
            self.line.stalls(bytes.len());
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_shutdown(context)
    }
}
