//! A line between two processes, which can be cut, slowed down, or made to swallow everything.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// What a slow line adds to each piece.
const DELAY: Duration = Duration::from_millis(60);

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Open,
    /// Each piece comes late.
    Slow,
    /// Nothing comes, and nobody is told.
    Hole,
    /// Of the next answer on each connection the first half comes, and then it breaks.
    Half,
    /// Nobody is let in.
    Shut,
}

/// The proxy. It ends with the runtime.
pub struct Proxy {
    pub address: SocketAddr,
    line: Arc<Line>,
}

struct Line {
    to: SocketAddr,
    mode: watch::Sender<Mode>,
    /// Counts the cuts: a connection breaks when it changes.
    cuts: watch::Sender<u32>,
}

impl Proxy {
    pub async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let line = Arc::new(Line {
            to,
            mode: watch::Sender::new(Mode::Open),
            cuts: watch::Sender::new(0),
        });
        tokio::spawn(accept(listener, Arc::clone(&line)));
        Self { address, line }
    }

    pub fn set(&self, mode: Mode) {
        self.line.mode.send_replace(mode);
        if mode == Mode::Shut {
            self.cut();
        }
    }

    /// Sets it so for a while.
    pub async fn hold(&self, mode: Mode, hold: Duration) {
        // Who is refused loses patience sooner than who waits.
        let hold = if mode == Mode::Shut { hold / 3 } else { hold };
        self.set(mode);
        tokio::time::sleep(hold).await;
        self.set(Mode::Open);
    }

    /// Breaks every connection that stands.
    pub fn cut(&self) {
        self.line.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn accept(listener: TcpListener, line: Arc<Line>) {
    loop {
        if let Ok((from, _)) = listener.accept().await {
            tokio::spawn(carry(from, Arc::clone(&line)));
        }
    }
}

async fn carry(from: TcpStream, line: Arc<Line>) {
    // Whatever ends it, each side hears of it at once, without a good-bye.
    let _ = from.set_zero_linger();
    if *line.mode.borrow() == Mode::Shut {
        return;
    }
    let mut cuts = line.cuts.subscribe();
    let Ok(to) = TcpStream::connect(line.to).await else {
        return;
    };
    let _ = to.set_zero_linger();
    let _ = (from.set_nodelay(true), to.set_nodelay(true));
    let (from_read, from_write) = from.into_split();
    let (to_read, to_write) = to.into_split();
    let both = async {
        tokio::try_join!(
            pump(from_read, to_write, &line, false),
            pump(to_read, from_write, &line, true)
        )
    };
    tokio::select! {
        _ = both => {}
        _ = cuts.changed() => {}
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    line: &Line,
    is_answer: bool,
) -> io::Result<()> {
    let mut mode = line.mode.subscribe();
    let mut piece = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut piece).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        let open = mode.wait_for(|mode| *mode != Mode::Hole).await;
        let now = open.map(|mode| *mode).map_err(io::Error::other)?;
        match now {
            Mode::Half if is_answer => {
                to.write_all(&piece[..length / 2]).await?;
                return Err(ErrorKind::ConnectionReset.into());
            }
            Mode::Slow => tokio::time::sleep(DELAY).await,
            Mode::Open | Mode::Half | Mode::Hole | Mode::Shut => {}
        }
        to.write_all(&piece[..length]).await?;
    }
}
