//! `threadpay ready`: asks a running service whether it is ready, for health checks in
//! containers that hold no other program.

use crate::app::config::settings::LISTEN;
use crate::program::{ProgramError, print};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(4);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the service listens: host:port.
    #[arg(
        long,
        env = LISTEN.name,
        value_name = "ADDRESS",
        default_value = LISTEN.default
    )]
    listen: String,
}

pub(super) async fn run(args: Args) -> Result<(), ProgramError> {
    // A service that listens everywhere is reached at home.
    let address = args
        .listen
        .replace("0.0.0.0:", "127.0.0.1:")
        .replace("[::]:", "[::1]:");
    let answer = timeout(PATIENCE, ask(&address)).await;
    match answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(status) if status.contains(" 200") => print::line("ready"),
        Ok(status) => Err(ProgramError::Failed(format!(
            "the service at {address} is not ready: {status}"
        ))),
        Err(error) => Err(ProgramError::Failed(format!(
            "no service answers at {address}: {error}"
        ))),
    }
}

/// The first line of the answer: the status.
async fn ask(address: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let question = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(1024).read_to_end(&mut answer).await?;
    let text = String::from_utf8_lossy(&answer);
    Ok(text.lines().next().unwrap_or("no answer").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn answered(answer: &'static [u8]) -> Result<(), ProgramError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listen = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert_ne!(stream.read(&mut [0; 1024]).await.unwrap(), 0);
            stream.write_all(answer).await.unwrap();
        });
        run(Args { listen }).await
    }

    #[tokio::test]
    async fn the_status_of_the_answer_decides() {
        answered(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let unready = answered(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
            .await
            .unwrap_err();
        assert!(
            unready
                .to_string()
                .ends_with("is not ready: HTTP/1.1 503 Service Unavailable")
        );
        assert!(answered(b"").await.is_err());
    }
}
