//! Connections byte by byte: what no decent client does.

use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

/// How long an answer may take where everything is busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection.
pub struct Raw(TcpStream);

impl Raw {
    pub async fn open(address: &str) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// Sends bytes; whether the service still takes them.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok()
    }

    /// The first bytes of an answer: its status line and more. Empty if the service hung up.
    pub async fn answer(&mut self) -> String {
        let mut bytes = [0; 2048];
        let read = timeout(PATIENCE, self.0.read(&mut bytes)).await;
        let read = read.expect("an answer, or an end").unwrap_or(0);
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    }

    /// Asks for something small and reads the answer.
    pub async fn ask(&mut self) -> String {
        self.send(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await;
        self.answer().await
    }

    /// Sends these bytes again and again, ten times a second, until the service hangs up.
    pub async fn drip(mut self, bytes: &[u8]) {
        loop {
            if !self.send(bytes).await || self.is_closed() {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Sends as much as is taken and reads nothing, until the service hangs up.
    pub async fn ask_and_never_read(mut self, request: &[u8]) {
        while self.send(request).await {}
    }

    /// Reads what is there; whether it is the end.
    fn is_closed(&self) -> bool {
        let mut bytes = [0; 2048];
        loop {
            match self.0.try_read(&mut bytes) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
            }
        }
    }
}
