//! `threadpay dev` is killed, and so is its Postgres: each starts again on what is there.

use super::{
    ALONE, books::nothing_is_there_by_half, checks, client::Client, database::connect, dice::Dice,
    load::Load, processes::send, receiver::Receiver, rest::rest, seed, service::program,
    world::Merchant,
};
use nix::{sys::signal::Signal, unistd::Pid};
use serde_json::Value;
use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Stdio},
    time::{Duration, Instant},
};
use tokio::task::spawn_blocking;

const CALLERS: usize = 6;
/// How long a stop may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_dev_or_its_postgres_loses_nothing() {
    crash("short", 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: for a change of the private Postgres"]
async fn many_crashes_of_dev_and_its_postgres_lose_nothing() {
    crash("long", 100).await;
}

async fn crash(name: &'static str, crashes: u32) {
    let _alone = ALONE.lock().await;
    let seed = seed();
    let mut dice = Dice::new(seed);
    let mut dev = spawn_blocking(move || Dev::start(name)).await.unwrap();
    let receiver = Receiver::start().await;
    let bot = Client::new(&dev.fact("base_url")).with_key(&dev.fact("api_key"));
    let id = dev.fact("merchant_id").parse().unwrap();
    let merchants = [Merchant::with_endpoints(id, [bot.clone(), bot], &receiver).await];
    let load = Load::start(&merchants, CALLERS, &mut dice);
    let (begun, mut kills) = (Instant::now(), [0, 0]);
    for _ in 0..crashes {
        tokio::time::sleep(Duration::from_millis(100 + dice.roll() % 1500)).await;
        if dice.percent(50) {
            dev = spawn_blocking(|| dev.kill_and_restart()).await.unwrap();
            kills[0] += 1;
        } else {
            kills[1] += u32::from(dev.kill_postgres());
        }
    }
    let killed = begun.elapsed();
    let mut tellers = load.stop().await;
    let mut db = connect(&dev.fact("database_url")).await;
    rest(&mut db, &merchants).await;
    let answers: usize = tellers.iter().map(|teller| teller.caller.log.len()).sum();
    let took = begun.elapsed();
    println!("killed dev and its Postgres {kills:?} times in {killed:.1?}, {answers} answers");
    println!("at rest {:.1?} later", took.saturating_sub(killed));
    nothing_is_there_by_half(&mut db, dev.fact("database_url")).await;
    checks::every_answer_holds(&merchants, &tellers, &mut db).await;
    checks::every_event_arrived(&merchants, &receiver.inboxes()).await;
    checks::every_answer_is_given_again(&mut tellers, seed).await;
    spawn_blocking(|| dev.stop()).await.unwrap();
}

/// `threadpay dev`, always at the same address and with the same data.
struct Dev {
    child: Child,
    data: PathBuf,
    listen: String,
    /// What it said when it was ready.
    facts: Value,
}

impl Dev {
    fn start(name: &str) -> Self {
        let data = env::temp_dir().join(format!("threadpay-dev-{name}-{}", std::process::id()));
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = free.local_addr().unwrap().to_string();
        drop(free);
        Self::spawn(data, listen)
    }

    fn spawn(data: PathBuf, listen: String) -> Self {
        let mut child = program()
            .args(["dev", "--json", "--listen", &listen, "--data-dir"])
            .arg(&data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let facts = serde_json::from_str(&line);
        let facts = facts.unwrap_or_else(|_| panic!("it did not start: {line:?}"));
        Self {
            child,
            data,
            listen,
            facts,
        }
    }

    fn fact(&self, name: &str) -> String {
        self.facts[name].as_str().unwrap().to_owned()
    }

    /// Kills it, which cannot say good-bye, and starts it again.
    fn kill_and_restart(mut self) -> Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        Self::spawn(self.data.clone(), self.listen.clone())
    }

    /// Kills the database's first process, if it runs; `dev` starts it again.
    fn kill_postgres(&self) -> bool {
        let file = fs::read_to_string(self.data.join("cluster/postmaster.pid"));
        let process = file.ok().and_then(|text| text.lines().next()?.parse().ok());
        process.is_some_and(|process| {
            send(Pid::from_raw(process), Signal::SIGKILL);
            true
        })
    }

    /// Stops it in good order: it must end with status 0 and leave nothing.
    fn stop(mut self) {
        let process = self.child.id().try_into().unwrap();
        send(Pid::from_raw(process), Signal::SIGTERM);
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not stop");
            std::thread::sleep(Duration::from_millis(20));
        };
        assert!(status.success(), "{status}");
        fs::remove_dir_all(&self.data).unwrap();
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
