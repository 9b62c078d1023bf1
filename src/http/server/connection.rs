//! The bytes of a client's connection. actix-web watches the head of a connection's first request
//! and the rest between two requests; what it leaves open is watched here: later heads, bodies that
//! nobody reads, and answers that the client does not take.

use crate::http::server::{
    connection_state::ConnectionState, connections::Connections, malformed::Malformed,
};
use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The bytes of a connection. They tell its [`ConnectionState`] what passes, and end when it does.
#[derive(Debug)]
pub(in crate::http) struct Connection<T> {
    bytes: T,
    state: Rc<ConnectionState>,
    all: Rc<Connections>,
    parser: Malformed,
}

impl<T> Connection<T> {
    pub(in crate::http) fn new(
        bytes: T,
        state: Rc<ConnectionState>,
        all: Rc<Connections>,
        parser: Malformed,
    ) -> Self {
        Self {
            bytes,
            state,
            all,
            parser,
        }
    }

    pub(in crate::http) fn state(&self) -> &Rc<ConnectionState> {
        &self.state
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Connection<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.state.is_ended() {
            // As if the client had closed its side.
            return Poll::Ready(Ok(()));
        }
        self.state.remember_waker(context);
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.bytes).poll_read(context, buffer))?;
        let came = buffer.filled().len().saturating_sub(before);
        if came > 0 {
            self.state.heard(came);
            let came = buffer.filled().get(before..).unwrap_or_default();
            self.parser.hear(came);
            self.all.relieve();
        } else if buffer.remaining() > 0 {
            self.state.client_left();
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
        self.state.remember_waker(context);
        let own = &mut *self;
        let written = own.parser.send(&mut own.bytes, context, bytes);
        match &written {
            Poll::Ready(taken) => self.state.took(*taken.as_ref().unwrap_or(&0)),
            Poll::Pending if self.state.is_ended() => {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            Poll::Pending => {
                self.state.stalls(bytes.len());
                self.all.relieve();
            }
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.bytes).poll_flush(context))?;
        self.state.took_all();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_shutdown(context)
    }
}
