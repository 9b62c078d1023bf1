//! Counts what comes over a connection, so that no exchange brings more than it may.

use hyper_util::client::legacy::connect::{Connected, Connection};
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// How many bytes an exchange has brought so far. The connection counts, and whoever had the
/// answer begins anew. It is not begun anew by what we write: TLS answers some messages by
/// itself, so a receiver could have that as often as it likes.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter(Arc<AtomicUsize>);

impl Meter {
    /// The exchange is over: what comes now belongs to the next.
    pub(super) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// A connection that breaks when an exchange has brought more than its bound. It lies below
/// TLS, which has messages of its own and records with nothing in them.
#[derive(Debug)]
pub(super) struct Metered {
    stream: TcpStream,
    meter: Meter,
    bound: usize,
    /// Whether requests are written for a proxy, with the whole URL.
    for_proxy: bool,
}

impl Metered {
    pub(super) fn new(stream: TcpStream, bound: usize, for_proxy: bool) -> Self {
        Self {
            stream,
            meter: Meter::default(),
            bound,
            for_proxy,
        }
    }
}

impl Connection for Metered {
    fn connected(&self) -> Connected {
        // Each answer brings its connection's meter along.
        let connected = Connected::new().extra(self.meter.clone());
        connected.proxy(self.for_proxy)
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // What has been read is given, so a good answer is never lost to what came with it.
        if self.meter.0.load(Ordering::Relaxed) >= self.bound {
            let fault = "more came than an exchange may bring";
            return Poll::Ready(Err(io::Error::other(fault)));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let came = buffer.filled().len().saturating_sub(before);
        self.meter.0.fetch_add(came, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}
