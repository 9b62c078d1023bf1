//! The private Postgres: that it lives again when killed, keeps its data, and leaves nothing.
//!
//! A test that kills its own owner runs this same program again as that owner (`owner` below).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};
use threadpay::base::ambient::Ambient;
use threadpay::base::db::{Db, Use};
use threadpay::embedded::{DataDir, Options, Postgres};

const OWNER: &str = "THREADPAY_TEST_OWNER_OF";

/// A directory that only we can enter, as the temporary directories of many test tools are.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let place = env::temp_dir().join(format!("embedded-{name}-{}", std::process::id()));
        fs::create_dir(&place).unwrap();
        fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        Self(place)
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn kept(directory: &Path) -> Options {
    Options {
        fsync: false,
        max_connections: 20,
        ..Options::kept(directory)
    }
}

fn start(directory: &Path) -> Result<Postgres, String> {
    Postgres::start(&kept(directory), &Ambient::system()).map_err(|e| e.to_string())
}

/// Runs one statement over a new connection.
fn run(url: &str, sql: &'static str) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let db = Db::from_url(url).map_err(|e| e.to_string())?;
        let mut connection = db.connect(Use::General).await.map_err(|e| e.to_string())?;
        let done = sqlx::raw_sql(sql).execute(&mut connection).await;
        done.map(|_| ()).map_err(|e| e.to_string())
    })
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(30), "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn is_alive(process: u32) -> bool {
    // A process that ended and waits to be reaped is as good as gone.
    fs::read_to_string(format!("/proc/{process}/stat")).map_or_else(
        |_| !Path::new("/proc/self").exists() && kill(pid(process), None).is_ok(),
        |stat| !stat.contains(") Z "),
    )
}

fn pid(process: u32) -> Pid {
    Pid::from_raw(process.try_into().unwrap())
}

fn sockets_of(url: &str) -> PathBuf {
    PathBuf::from(url.split_once("?host=").unwrap().1.replace("%2F", "/"))
}

#[test]
fn it_answers_only_to_its_password_and_leaves_nothing() {
    let postgres = Postgres::start(&Options::temporary(), &Ambient::system()).unwrap();
    let (url, loopback) = (postgres.url(), postgres.loopback_url());
    run(&url, "SELECT 1").unwrap();
    run(&loopback, "SELECT 1").unwrap();
    let password = url.split([':', '@']).nth(2).unwrap();
    for url in [&url, &loopback] {
        let refused = run(&url.replace(password, "guessed"), "SELECT 1").unwrap_err();
        assert!(
            refused.contains("password authentication failed"),
            "{refused}"
        );
    }
    let (process, sockets) = (postgres.process_id(), sockets_of(&url));
    assert!(is_alive(process) && sockets.exists());
    postgres.stop();
    assert!(!is_alive(process) && !sockets.exists());
}

#[test]
fn data_is_kept_and_one_owner_has_it_at_a_time() {
    let place = Place::new("kept");
    let first = start(&place.data()).unwrap();
    run(&first.url(), "CREATE TABLE public.kept (n int)").unwrap();
    let refused = start(&place.data()).unwrap_err();
    let owner = format!(
        "in use by another threadpay (process {})",
        std::process::id()
    );
    assert!(refused.contains(&owner), "{refused}");
    run(&first.url(), "INSERT INTO public.kept VALUES (1)").unwrap();
    first.stop();
    let second = start(&place.data()).unwrap();
    run(&second.url(), "INSERT INTO public.kept VALUES (2)").unwrap();
}

#[test]
fn a_killed_server_comes_back_with_its_data() {
    let postgres = Postgres::start(&Options::temporary(), &Ambient::system()).unwrap();
    run(&postgres.url(), "CREATE TABLE public.kept (n int)").unwrap();
    for _ in 0..2 {
        let process = postgres.process_id();
        kill(pid(process), Signal::SIGKILL).unwrap();
        eventually("another server", || {
            ![0, process].contains(&postgres.process_id())
        });
        run(&postgres.url(), "INSERT INTO public.kept VALUES (1)").unwrap();
    }
}

#[test]
fn it_goes_when_its_owner_is_killed() {
    let mut owner = Owner::of("temporary");
    run(&owner.url, "SELECT 1").unwrap();
    owner.kill();
    eventually("no server", || !is_alive(owner.server));
    eventually("no sockets", || !sockets_of(&owner.url).exists());
}

#[test]
fn a_new_owner_takes_over_from_a_killed_one() {
    let place = Place::new("takeover");
    let mut owner = Owner::of(place.data().to_str().unwrap());
    run(&owner.url, "CREATE TABLE public.kept (n int)").unwrap();
    owner.kill();
    let next = start(&place.data()).unwrap();
    run(&next.url(), "INSERT INTO public.kept VALUES (1)").unwrap();
    assert!(!is_alive(owner.server));
    eventually("no sockets", || !sockets_of(&owner.url).exists());
}

#[test]
fn directories_of_others_are_refused_and_left_alone() {
    let place = Place::new("foreign");
    let letter = place.0.join("letter.txt");
    fs::write(&letter, "dear").unwrap();
    let refused = start(&place.0).unwrap_err();
    assert!(refused.contains("is not a Threadpay data directory: it holds \"letter.txt\""));
    assert_eq!(
        fs::read_dir(&place.0).unwrap().count(),
        1,
        "nothing was written there"
    );
    let refused = start(&letter).unwrap_err();
    assert!(refused.contains("letter.txt"), "{refused}");
}

#[test]
fn incomplete_data_is_refused_and_an_interrupted_start_is_not() {
    let place = Place::new("incomplete");
    start(&place.data()).unwrap().stop();
    let cluster = place.data().join("cluster");
    let unfinished = place.data().join("cluster.new-0123456789ab");
    fs::rename(&cluster, &unfinished).unwrap();
    start(&place.data()).unwrap().stop();
    assert!(
        !unfinished.exists(),
        "what an interrupted start left is removed"
    );

    fs::write(cluster.join("PG_VERSION"), "9\n").unwrap();
    let other = start(&place.data()).unwrap_err();
    assert!(other.contains("was made by PostgreSQL 9"), "{other}");
    fs::remove_file(cluster.join("PG_VERSION")).unwrap();
    let refused = start(&place.data()).unwrap_err();
    assert!(
        refused.contains("is incomplete (cluster/PG_VERSION"),
        "{refused}"
    );
    assert!(cluster.join("global").exists(), "nothing was removed");
}

/// Another process that runs a private Postgres.
struct Owner {
    child: Child,
    url: String,
    server: u32,
}

impl Owner {
    fn of(data: &str) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "owner", "--nocapture"])
            .env(OWNER, data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines
            .map_while(Result::ok)
            .find(|line| line.contains("postgres://"));
        let ready = ready.expect("the owner starts its server");
        let (url, server) = ready.rsplit_once(' ').unwrap();
        let url = url.split_once("postgres://").unwrap().1;
        Self {
            url: format!("postgres://{url}"),
            server: server.parse().unwrap(),
            child,
        }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Not a test of its own: what [`Owner`] runs.
#[test]
fn owner() {
    let Ok(data) = env::var(OWNER) else { return };
    let options = match data.as_str() {
        "temporary" => Options::temporary(),
        directory => kept(Path::new(directory)),
    };
    assert!(options.data == DataDir::Temporary || !options.fsync);
    let postgres = Postgres::start(&options, &Ambient::system()).unwrap();
    println!("{} {}", postgres.url(), postgres.process_id());
    thread::sleep(Duration::from_mins(1));
}
