//! `threadpay serve` as a real process with a clock of its own, started again whenever it ends.

use super::processes::send;
use nix::{sys::signal::Signal, unistd::Pid};
use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

const LOOK: Duration = Duration::from_millis(20);
/// How long a stop in good order may take before it is made a kill.
const PATIENCE: Duration = Duration::from_secs(40);
/// The master key of every run: 32 zeros.
const MASTER_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// How a service is started.
pub struct Plan {
    pub name: &'static str,
    /// The directory that it works in.
    pub place: PathBuf,
    pub database_url: String,
    pub public_url: String,
    /// Whether it limits how often it is asked, as it does by itself.
    pub is_limited: bool,
    /// The library that shifts its clock, where there is one.
    pub faketime: Option<PathBuf>,
}

/// The service with whoever starts it again.
pub struct Service {
    pub address: SocketAddr,
    watched: Arc<Watched>,
    thread: Option<JoinHandle<()>>,
}

struct Watched {
    plan: Plan,
    address: SocketAddr,
    child: Mutex<Option<Child>>,
    is_wanted: AtomicBool,
    starts: AtomicUsize,
}

impl Service {
    pub fn start(plan: Plan) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let watched = Arc::new(Watched {
            plan,
            address,
            child: Mutex::default(),
            is_wanted: AtomicBool::new(true),
            starts: AtomicUsize::new(0),
        });
        watched.shift_clock(0);
        let _ = fs::remove_file(watched.log());
        let watching = Arc::clone(&watched);
        Self {
            address,
            watched,
            thread: Some(std::thread::spawn(move || watching.watch())),
        }
    }

    pub fn signal(&self, what: Signal) {
        // Under the lock it is not waited for, so the number is its own.
        if let Some(child) = &*self.watched.child.lock().unwrap() {
            send(pid(child), what);
        }
    }

    /// Puts its clock off by so many seconds.
    pub fn shift_clock(&self, seconds: i64) {
        self.watched.shift_clock(seconds);
    }

    pub fn starts(&self) -> usize {
        self.watched.starts.load(Ordering::Relaxed)
    }

    /// What it wrote to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.watched.log()).unwrap()
    }

    /// Stops it for good, in good order.
    pub fn stop(mut self) {
        self.watched.is_wanted.store(false, Ordering::Relaxed);
        self.signal(Signal::SIGTERM);
        let begun = Instant::now();
        while self.watched.child.lock().unwrap().is_some() {
            assert!(begun.elapsed() < PATIENCE, "a service does not stop");
            std::thread::sleep(LOOK);
        }
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.watched.is_wanted.store(false, Ordering::Relaxed);
        self.signal(Signal::SIGKILL);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Watched {
    fn watch(&self) {
        loop {
            let mut child = self.child.lock().unwrap();
            let ended = child.as_mut().map(|child| child.try_wait().unwrap());
            if matches!(ended, None | Some(Some(_))) {
                if let Some(child) = child.take() {
                    forget_clock(pid(&child));
                }
                if !self.is_wanted.load(Ordering::Relaxed) {
                    return;
                }
                *child = Some(self.spawn());
            }
            drop(child);
            std::thread::sleep(LOOK);
        }
    }

    fn spawn(&self) -> Child {
        self.starts.fetch_add(1, Ordering::Relaxed);
        let Plan {
            place,
            database_url,
            public_url,
            is_limited,
            faketime,
            ..
        } = &self.plan;
        let log = File::options().create(true).append(true).open(self.log());
        let mut command = program();
        command.arg("serve").current_dir(place);
        command.env("DATABASE_URL", database_url);
        command.env("THREADPAY_MASTER_KEY", MASTER_KEY);
        command.env("THREADPAY_LISTEN", self.address.to_string());
        command.env("THREADPAY_PUBLIC_URL", public_url);
        command.env("THREADPAY_ALLOW_PRIVATE_CALLBACKS", "true");
        command.env("RUST_LOG", "threadpay=warn");
        if !is_limited {
            command.env("THREADPAY_RATE_LIMIT", "off");
        }
        if let Some(library) = faketime {
            command.env("LD_PRELOAD", library);
            command.env("FAKETIME_TIMESTAMP_FILE", self.clock());
            command.env("FAKETIME_NO_CACHE", "1");
            // Only the wall clock goes wrong: no machine's steady clock runs backward.
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        command.stdout(Stdio::null()).stderr(log.unwrap());
        command.spawn().unwrap()
    }

    fn clock(&self) -> PathBuf {
        self.plan.place.join(format!("clock-{}", self.plan.name))
    }

    /// It outlives the run, for whoever looks for the reason of a failure.
    fn log(&self) -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("faults-{}.log", self.plan.name))
    }

    fn shift_clock(&self, seconds: i64) {
        // Renamed into its place, so that it is never read half written.
        let new = self.clock().with_extension("new");
        fs::write(&new, format!("{seconds:+}\n")).unwrap();
        fs::rename(new, self.clock()).unwrap();
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

/// Where Debian's `faketime` keeps its library.
pub fn faketime() -> Option<PathBuf> {
    let directories = fs::read_dir("/usr/lib").ok()?.flatten();
    let mut libraries = directories.map(|d| d.path().join("faketime/libfaketime.so.1"));
    libraries.find(|library| library.exists())
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap())
}

/// The library takes its shared memory back at a good end only.
fn forget_clock(process: Pid) {
    for name in ["faketime_shm_", "sem.faketime_sem_"] {
        let _ = fs::remove_file(format!("/dev/shm/{name}{process}"));
    }
}
