//! A connection byte by byte, for what no decent client sends.

use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long an answer may take where everything is busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to a service.
pub struct Wire {
    address: String,
    stream: TcpStream,
}

impl Wire {
    pub async fn open(base_url: &str) -> Self {
        let address = base_url.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&address).await.unwrap();
        Self { address, stream }
    }

    /// Sends bytes and waits for nothing.
    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Status and text of the next answer; nothing if the service hung up.
    pub async fn answer(&mut self) -> Option<(u16, String)> {
        let read = timeout(PATIENCE, self.read()).await;
        read.unwrap_or_else(|_| panic!("waited for an answer in vain"))
    }

    /// Sends a request and reads its answer, over a new connection if this one is closed by then.
    pub async fn ask(&mut self, request: &[u8]) -> (u16, String) {
        loop {
            if self.stream.write_all(request).await.is_ok()
                && let Some(answer) = self.answer().await
            {
                return answer;
            }
            self.stream = TcpStream::connect(&self.address).await.unwrap();
        }
    }

    async fn read(&mut self) -> Option<(u16, String)> {
        let mut bytes = Vec::new();
        let (head, mut body) = loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                break (head.to_ascii_lowercase(), body.len());
            }
            if self.stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return None;
            }
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().unwrap());
        while body < length {
            let read = self.stream.read_buf(&mut bytes).await.unwrap();
            assert!(read > 0, "an answer broke off");
            body += read;
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some((status, String::from_utf8_lossy(&bytes).into_owned()))
    }
}
