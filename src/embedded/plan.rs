//! How the server is started, the first time and each time it has died.

use super::account::{Account, Directory};
use super::binaries::Binaries;
use super::leash::Leash;
use super::running::Running;
use super::{EmbeddedError, Options};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long backends of a killed server may hold its memory, or another its port.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a start may take: replaying the log of a killed server is part of it.
const START: Duration = Duration::from_mins(2);
const LOOK: Duration = Duration::from_millis(10);

/// All that a start needs; the same for every start but for the port, chosen once.
#[derive(Debug)]
pub(super) struct Plan {
    pub account: Account,
    pub binaries: Binaries,
    pub cluster: Directory,
    pub log: PathBuf,
    pub socket_dir: PathBuf,
    pub leash: Arc<Leash>,
    pub temporary: bool,
    pub options: Options,
}

impl Plan {
    /// Starts the server on the port asked for, or on a free one.
    pub fn first_launch(&self) -> Result<(u16, Running), EmbeddedError> {
        let started = Instant::now();
        loop {
            let port = match self.options.port {
                0 => free_port()?,
                asked => asked,
            };
            match self.launch(port) {
                // Somebody took the free port before the server did: another one.
                Err(error) if is_port_taken(&error) && self.options.port == 0 => {
                    if started.elapsed() > PATIENCE {
                        return Err(error);
                    }
                }
                result => return result.map(|running| (port, running)),
            }
        }
    }

    /// Starts the server and waits until it is ready.
    pub fn launch(&self, port: u16) -> Result<Running, EmbeddedError> {
        let started = Instant::now();
        loop {
            match self.start(port) {
                // The backends of a killed server see its end and go, but not at once.
                Err(error) if is_held(&error) && started.elapsed() < PATIENCE => {
                    thread::sleep(Duration::from_millis(100));
                }
                result => return result,
            }
        }
    }

    fn start(&self, port: u16) -> Result<Running, EmbeddedError> {
        let before = fs::metadata(&self.log).map_or(0, |log| log.len());
        let command = self.command(port)?;
        let program = self.binaries.program("postgres");
        let running = Running::spawn(command, &self.leash);
        let mut running = running.map_err(EmbeddedError::io("run", program))?;
        let failed = |reason: String| EmbeddedError::Start {
            reason,
            log: self.log.clone(),
        };
        let started = Instant::now();
        while !running.is_ready(self.cluster.path()) {
            let ended = running.has_ended();
            if ended.map_err(|error| failed(error.to_string()))? {
                return Err(failed(complaints(&self.log, before)));
            }
            if started.elapsed() > START {
                return Err(failed("it does not become ready".to_owned()));
            }
            thread::sleep(LOOK);
        }
        Ok(running)
    }

    /// The server's command line.
    fn command(&self, port: u16) -> Result<Command, EmbeddedError> {
        let open = || OpenOptions::new().append(true).create(true).open(&self.log);
        let log = open().map_err(EmbeddedError::io("open", &self.log))?;
        let mut command = self
            .account
            .command_on(&self.cluster, &self.binaries.program("postgres"))?;
        command
            .arg("-D")
            .arg(self.cluster.name_inside(&self.account))
            .stderr(Stdio::from(log));
        for (name, value) in self.settings(port) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        Ok(command)
    }

    fn settings(&self, port: u16) -> Vec<(&'static str, String)> {
        let durable = if self.options.fsync { "on" } else { "off" };
        vec![
            ("cluster_name", "threadpay".to_owned()),
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", port.to_string()),
            (
                "unix_socket_directories",
                self.socket_dir.display().to_string(),
            ),
            ("unix_socket_permissions", "0700".to_owned()),
            ("max_connections", self.options.max_connections.to_string()),
            ("shared_buffers", "128MB".to_owned()),
            ("max_wal_size", "1GB".to_owned()),
            ("wal_level", "minimal".to_owned()),
            ("max_wal_senders", "0".to_owned()),
            ("log_checkpoints", "off".to_owned()),
            ("logging_collector", "off".to_owned()),
            ("timezone", "UTC".to_owned()),
            ("log_timezone", "UTC".to_owned()),
            ("fsync", durable.to_owned()),
            ("full_page_writes", durable.to_owned()),
        ]
    }
}

fn free_port() -> Result<u16, EmbeddedError> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|l| l.local_addr());
    let address = address.map_err(EmbeddedError::io("listen on", "127.0.0.1"))?;
    Ok(address.port())
}

fn is_port_taken(error: &EmbeddedError) -> bool {
    says(error, &["could not create any TCP/IP sockets"])
}

fn is_held(error: &EmbeddedError) -> bool {
    let signs = [
        "pre-existing shared memory block",
        "lock file \"postmaster.pid\" already exists",
    ];
    says(error, &signs)
}

fn says(error: &EmbeddedError, signs: &[&str]) -> bool {
    let text = error.to_string();
    signs.iter().any(|sign| text.contains(sign))
}

/// What the server complained of since its log was `before` bytes long.
fn complaints(log: &Path, before: u64) -> String {
    let mut text = String::new();
    let read = File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(before))?;
        file.read_to_string(&mut text)
    });
    if let Err(error) = read {
        return format!("its log cannot be read: {error}");
    }
    let mut found: Vec<&str> = text.lines().filter_map(complaint).collect();
    if found.is_empty() {
        found = text.lines().rev().take(3).collect();
        found.reverse();
    }
    found.join("; ")
}

/// A line that says why, without the time and process before it.
fn complaint(line: &str) -> Option<&str> {
    ["PANIC:", "FATAL:", "ERROR:", "WARNING:", "HINT:"]
        .iter()
        .find_map(|mark| line.find(mark))
        .and_then(|at| line.get(at..))
}
