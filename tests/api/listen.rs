//! `threadpay listen` as a developer runs it: the real program beside a service and a bot.

use crate::harness::{Client, Sink, TestApp, eventually, run_test};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use std::{process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines, copy_bidirectional},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStderr, ChildStdout, Command},
    task::JoinSet,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_mins(1);

/// The program, running.
struct Listen {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    remarks: Lines<BufReader<ChildStderr>>,
}

impl Listen {
    fn start(bot: &Client, line: &str) -> Self {
        let request = bot.request("GET", "/").build().unwrap();
        let key = request.headers()["authorization"].to_str().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_threadpay"))
            .arg("listen")
            .args(line.split(' '))
            .env("THREADPAY_API_KEY", key.strip_prefix("Bearer ").unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            out: BufReader::new(child.stdout.take().unwrap()).lines(),
            remarks: BufReader::new(child.stderr.take().unwrap()).lines(),
            child,
        }
    }

    /// The next line of the result.
    async fn line(&mut self) -> String {
        let line = timeout(PATIENCE, self.out.next_line()).await;
        line.unwrap().unwrap().unwrap()
    }

    /// The next remark that holds this.
    async fn remark(&mut self, part: &str) -> String {
        let find = async {
            loop {
                let line = self.remarks.next_line().await.unwrap();
                let line = line.unwrap_or_else(|| panic!("no remark with {part}"));
                if line.contains(part) {
                    return line;
                }
            }
        };
        let found = timeout(PATIENCE, find).await;
        found.unwrap_or_else(|_| panic!("waited for {part} in vain"))
    }

    /// Ctrl-C, and its status.
    async fn interrupt(mut self) -> Option<i32> {
        let process = Pid::from_raw(self.child.id().unwrap().try_into().unwrap());
        kill(process, Signal::SIGINT).unwrap();
        self.end().await
    }

    async fn end(&mut self) -> Option<i32> {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended.unwrap().unwrap().code()
    }
}

/// A way to the service that is cut when it is dropped.
async fn open_way(address: &str, base_url: &str) -> JoinSet<()> {
    let listener = TcpListener::bind(address).await.unwrap();
    let service = base_url.strip_prefix("http://").unwrap().to_owned();
    let mut way = JoinSet::new();
    way.spawn(async move {
        let mut travelers = JoinSet::new();
        loop {
            let (mut here, _) = listener.accept().await.unwrap();
            let mut there = TcpStream::connect(&service).await.unwrap();
            travelers.spawn(async move { copy_bidirectional(&mut here, &mut there).await });
        }
    });
    way
}

/// Pieces of a line: type, id and result.
fn pieces(line: &str) -> (&str, &str, &str) {
    let (event, result) = line.split_once("  ->  ").unwrap();
    let words: Vec<&str> = event.split_whitespace().collect();
    (words[2], words[3], result)
}

#[test]
fn a_local_bot_gets_signed_events_in_order_through_its_failures() {
    run_test(async |app| {
        let (bot, sink, real) = (
            &app.merchant.bot,
            Sink::start(&[200, 500]),
            Sink::start(&[]),
        );
        bot.ask_for("1.00", "EUR").await;
        let line = format!("--url {}/ --forward {}", app.base_url, sink.url);
        let mut listen = Listen::start(bot, &line);
        let secret = listen.remark("whsec_").await;
        listen.remark("Ctrl-C").await;
        bot.create_endpoint(&real.url, &["*"]).await;
        for _ in 0..2 {
            bot.paid("12.50", "EUR").await;
        }
        let mut lines = Vec::new();
        for _ in 0..4 {
            lines.push(listen.line().await);
        }
        eventually("callbacks", async || {
            app.deliver().await;
            (real.received().len() == 4).then_some(())
        })
        .await;
        let (received, events) = (sink.received(), bot.events().await);
        assert_eq!(received.len(), 4, "only what happened from then on");
        for (at, (callback, line)) in received.iter().zip(&lines).enumerate() {
            callback.verify(secret.trim());
            let event = &events[at + 1];
            let (kind, id, result) = pieces(line);
            assert_eq!((kind, id), (event["type"].as_str().unwrap(), callback.id()));
            assert_eq!(id, event["id"]);
            let status = if at == 1 {
                "500 Internal Server Error  "
            } else {
                "200 OK  "
            };
            assert!(result.starts_with(status), "{line}");
            let mut real = real.received().into_iter();
            let same = real.find(|real| real.id() == id).unwrap();
            assert_eq!(callback.body, same.body, "the bytes of the callback");
        }
        assert_eq!(listen.interrupt().await, Some(0));
    });
}

#[test]
fn a_bot_that_is_not_there_ends_nothing() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let line = format!(
            "--url {} --forward http://127.0.0.1:9/ --events refund.* payment_intent.succeeded",
            app.base_url
        );
        let mut listen = Listen::start(bot, &line);
        listen.remark("Ctrl-C").await;
        let id = bot.paid("1.00", "EUR").await;
        bot.refund(&id, "1.00").await.expect(201);
        for wanted in [
            "payment_intent.succeeded",
            "refund.created",
            "refund.succeeded",
        ] {
            let line = listen.line().await;
            let (kind, _, result) = pieces(&line);
            assert_eq!(kind, wanted, "{line}");
            assert!(result.contains("connect: the host refuses"), "{line}");
        }
        assert_eq!(listen.interrupt().await, Some(0));
    });
}

#[test]
fn programs_read_json_and_nothing_is_missed_while_the_service_is_away() {
    run_test(async |app| {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let bot = &app.merchant.bot;
        let mut listen = Listen::start(bot, &format!("--url http://{address} --json"));
        listen.remark("does not answer").await;
        let way = open_way(&address, &app.base_url).await;
        listen.remark("answers.").await;
        let facts: Value = serde_json::from_str(&listen.line().await).unwrap();
        assert_eq!(facts["forward"], Value::Null);
        for number in 0..2 {
            bot.ask_for("1.00", "EUR").await;
            let line: Value = serde_json::from_str(&listen.line().await).unwrap();
            assert_eq!(line["event"], bot.events().await[number]);
            assert_eq!(line["forwarded"], Value::Null);
        }
        drop(way);
        listen.remark("does not answer").await;
        bot.ask_for("1.00", "EUR").await;
        let way = open_way(&address, &app.base_url).await;
        let line: Value = serde_json::from_str(&listen.line().await).unwrap();
        assert_eq!(line["event"]["sequence"], 3);
        assert_eq!(listen.interrupt().await, Some(0));
        drop(way);
    });
}

#[test]
fn what_cannot_work_ends_with_a_sentence() {
    run_test(async |app: &TestApp| {
        let stranger = app.anyone.with_key("tp_test_wrong");
        let url = &app.base_url;
        for (bot, line, sentence) in [
            (&stranger, format!("--url {url}"), "(401 Unauthorized): "),
            (
                &app.merchant.finance,
                format!("--url {url}"),
                "(403 Forbidden): ",
            ),
            (
                &app.merchant.bot,
                format!("--url {url}/v2"),
                "(404 Not Found)",
            ),
            (
                &app.merchant.bot,
                "--url localhost".to_owned(),
                "--url is not an address",
            ),
            (
                &app.merchant.bot,
                "--forward ftp://here/".to_owned(),
                "--forward cannot be used",
            ),
            (
                &app.merchant.bot,
                "--events payment.*".to_owned(),
                "is not an event type",
            ),
        ] {
            let mut listen = Listen::start(bot, &line);
            listen.remark(sentence).await;
            assert_eq!(listen.end().await, Some(1), "{line}");
        }
    });
}
