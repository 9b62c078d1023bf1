//! `threadpay ready`: asks a running service whether it is ready, for health checks in
//! containers that hold no other program.

use crate::app::config::settings::{LISTEN, OPERATOR_LISTEN, Settings};
use crate::program::{ProgramError, print};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(4);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the service answers health checks, host:port; if left out, what
    /// `THREADPAY_OPERATOR_LISTEN` says, else `THREADPAY_LISTEN`, else 127.0.0.1:8080.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), ProgramError> {
    let address = address(&args, settings);
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

/// Where to ask: operators may have an address of their own, and then nobody else is answered.
fn address(args: &Args, settings: &Settings) -> String {
    let set = [&OPERATOR_LISTEN, &LISTEN].map(|setting| settings.get(setting));
    let set = set.into_iter().flatten().next();
    let listen = args.listen.as_deref().or(set).unwrap_or(LISTEN.default);
    let Ok(mut address) = listen.parse::<SocketAddr>() else {
        return listen.to_owned();
    };
    // A service that listens everywhere is reached at home.
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    address.to_string()
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
        let listen = Some(listen);
        run(Args { listen }, &Settings::default()).await
    }

    #[test]
    fn asks_where_health_checks_are_answered() {
        let asked = |listen: Option<&str>, set: &[(&str, &str)]| {
            let set = set.iter().map(|(name, value)| (name.into(), value.into()));
            let listen = listen.map(str::to_owned);
            address(&Args { listen }, &Settings::read(set).unwrap())
        };
        let main = ("THREADPAY_LISTEN", "0.0.0.0:8080");
        let operators = ("THREADPAY_OPERATOR_LISTEN", "[::]:9090");
        assert_eq!(asked(None, &[]), "127.0.0.1:8080");
        assert_eq!(asked(None, &[("THREADPAY_LISTEN", "")]), "127.0.0.1:8080");
        assert_eq!(asked(None, &[main]), "127.0.0.1:8080");
        assert_eq!(asked(None, &[main, operators]), "[::1]:9090");
        assert_eq!(asked(Some("pay:1"), &[main, operators]), "pay:1");
        assert_eq!(asked(Some("10.0.0.0:80"), &[]), "10.0.0.0:80");
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
