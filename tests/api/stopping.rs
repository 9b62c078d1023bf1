//! The end of `threadpay serve` while its database says nothing: in good order, and at once where it
//! is asked twice.

use super::harness::{Client, eventually, new_database, run_test};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{net::TcpListener as Port, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    process::{Child, Command},
    sync::watch,
    time::{interval, timeout},
};

/// A way to Postgres that can be made to swallow everything.
struct Line {
    port: u16,
    silent: watch::Sender<bool>,
}

impl Line {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (silent, silence) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                let (client, server) = (client.into_split(), server.into_split());
                tokio::spawn(pass(client.0, server.1, silence.clone()));
                tokio::spawn(pass(server.0, client.1, silence.clone()));
            }
        });
        Self { port, silent }
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut silence: watch::Receiver<bool>) {
    let mut piece = [0; 4096];
    while let Ok(length) = from.read(&mut piece).await {
        let heard = silence.wait_for(|silent| !silent).await.is_ok();
        if length == 0 || !heard || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

/// A service that works, over this line.
async fn service(url: &str) -> Child {
    let port = Port::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_threadpay"))
        .arg("serve")
        .env("DATABASE_URL", url)
        .env(
            "THREADPAY_MASTER_KEY",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        )
        .env("THREADPAY_LISTEN", port.to_string())
        .env("RUST_LOG", "off")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let anyone = Client::new(&format!("http://{port}"));
    let ready = async || {
        let answer = anyone.try_send(anyone.request("GET", "/readyz")).await;
        answer
            .is_ok_and(|answer| answer.status == 200)
            .then_some(())
    };
    eventually("the service", ready).await;
    child
}

fn ask_to_stop(process: Pid) {
    kill(process, Signal::SIGTERM).unwrap();
}

/// Asks it to stop, again and again if `insist`, and waits: whether it ended in good order.
async fn ends_well(mut child: Child, insist: bool) -> bool {
    let process = Pid::from_raw(child.id().unwrap().try_into().unwrap());
    ask_to_stop(process);
    let ask_on = async {
        let mut again = interval(Duration::from_millis(100));
        loop {
            again.tick().await;
            if insist {
                ask_to_stop(process);
            }
        }
    };
    let ended = async {
        tokio::select! {
            ended = child.wait() => ended.unwrap().success(),
            () = ask_on => unreachable!(),
        }
    };
    timeout(Duration::from_secs(50), ended).await.unwrap()
}

#[test]
fn a_silent_database_keeps_nobody_from_stopping() {
    run_test(async |_| {
        let url = new_database().await;
        let (url, _) = url.split_once('?').unwrap();
        let (user, server) = url.split_once('@').unwrap();
        let (server, name) = server.split_once('/').unwrap();
        let line = Line::to(server.to_owned()).await;
        let url = format!("{user}@127.0.0.1:{}/{name}", line.port);
        let (one, two) = tokio::join!(service(&url), service(&url));
        line.silent.send_replace(true);
        let (asked, asked_on) = tokio::join!(ends_well(one, false), ends_well(two, true));
        assert!(asked, "what it had begun was cut off");
        assert!(!asked_on, "it waited for the database all the same");
        line.silent.send_replace(false);
    });
}
