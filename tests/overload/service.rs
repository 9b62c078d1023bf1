//! The real program with a Postgres of its own.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long a start or a stop may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where it listens and keeps its data.
struct Place {
    data: PathBuf,
    listen: String,
    /// How many files it may open; as many as this process may if none is given.
    files: Option<u32>,
}

/// `threadpay dev`, always at the same address and with the same data.
pub struct Service {
    child: Child,
    place: Place,
    /// What it said when it was ready.
    pub facts: Value,
}

impl Service {
    pub fn start(name: &str) -> Self {
        Self::with(name, None)
    }

    /// With no more open files than these.
    pub fn within(name: &str, files: u32) -> Self {
        Self::with(name, Some(files))
    }

    fn with(name: &str, files: Option<u32>) -> Self {
        let data =
            env::temp_dir().join(format!("threadpay-overload-{name}-{}", std::process::id()));
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = free.local_addr().unwrap().to_string();
        drop(free);
        let place = Place {
            data,
            listen,
            files,
        };
        let (child, facts) = spawn(&place);
        Self {
            child,
            place,
            facts,
        }
    }

    pub fn fact(&self, name: &str) -> String {
        self.facts[name].as_str().unwrap().to_owned()
    }

    /// The id of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Stops it in good order: it must end with status 0 and leave nothing.
    pub fn stop(mut self) {
        let process = Pid::from_raw(self.child.id().try_into().unwrap());
        kill(process, Signal::SIGTERM).unwrap();
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not stop");
            std::thread::sleep(Duration::from_millis(20));
        };
        assert!(status.success(), "{status}");
        fs::remove_dir_all(&self.place.data).unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program without what the environment of the tests says.
pub fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_threadpay"));
    program
        .env_remove("DATABASE_URL")
        .env_remove("THREADPAY_MASTER_KEY");
    program.env("RUST_LOG", "off").stdin(Stdio::null());
    program
}

fn spawn(place: &Place) -> (Child, Value) {
    let mut program = match place.files {
        None => program(),
        Some(files) => {
            let program = program();
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("ulimit -n {files} && exec \"$0\" \"$@\"")]);
            shell.arg(program.get_program());
            for (name, value) in program.get_envs() {
                match value {
                    Some(value) => shell.env(name, value),
                    None => shell.env_remove(name),
                };
            }
            shell.stdin(Stdio::null());
            shell
        }
    };
    let mut child = program
        .args(["dev", "--json", "--listen", &place.listen, "--data-dir"])
        .arg(&place.data)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let facts = serde_json::from_str(&line);
    let facts = facts.unwrap_or_else(|_| panic!("it did not start: {line:?}"));
    (child, facts)
}
