//! One server process, from its start to its end.

use super::EmbeddedError;
use super::leash::Leash;
use super::plan::Plan;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, thread};

/// How long a start may take: replaying the log of a killed server is part of it.
const START: Duration = Duration::from_mins(2);
/// How long a stop may take before the next, harder one.
const FAST: Duration = Duration::from_secs(20);
const IMMEDIATE: Duration = Duration::from_secs(6);
const LOOK: Duration = Duration::from_millis(10);

/// A server that takes connections. Dropped, it is stopped without ceremony.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    leash: Arc<Leash>,
}

impl Running {
    /// Starts the server and waits until it is ready.
    pub fn start(plan: &Plan, port: u16) -> Result<Self, EmbeddedError> {
        let before = fs::metadata(&plan.log).map_or(0, |log| log.len());
        let mut command = plan.command(port)?;
        let program = plan.binaries.program("postgres");
        let child = command.spawn().map_err(EmbeddedError::io("run", program))?;
        let leash = Arc::clone(&plan.leash);
        leash.tie(child.id());
        let mut running = Self { child, leash };
        let failed = |reason: String| EmbeddedError::Start {
            reason,
            log: plan.log.clone(),
        };
        let started = Instant::now();
        while !running.is_ready(plan.cluster.path()) {
            let ended = running.has_ended();
            if ended.map_err(|error| failed(error.to_string()))? {
                return Err(failed(complaints(&plan.log, before)));
            }
            if started.elapsed() > START {
                return Err(failed("it does not become ready".to_owned()));
            }
            thread::sleep(LOOK);
        }
        Ok(running)
    }

    /// The server's process.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process has ended by itself.
    pub fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Stops the server in good order; in bad if it takes too long, or nobody needs the data.
    pub fn stop(mut self, is_data_needed: bool) {
        if is_data_needed {
            self.end(Signal::SIGINT, FAST);
        }
    }

    /// The first line of `postmaster.pid` is the process, the eighth its state.
    fn is_ready(&self, cluster: &Path) -> bool {
        let text = fs::read_to_string(cluster.join("postmaster.pid")).unwrap_or_default();
        let mut lines = text.lines().map(str::trim);
        lines.next() == Some(self.process_id().to_string().as_str())
            && lines.nth(6) == Some("ready")
    }

    /// Sends a signal and waits; whether the server is gone.
    fn end(&mut self, signal: Signal, patience: Duration) -> bool {
        if self.has_ended().unwrap_or(false) {
            return true;
        }
        // Not waited for yet, so the number is still its own.
        if let Ok(process) = i32::try_from(self.process_id()) {
            let _ = kill(Pid::from_raw(process), signal);
        }
        let started = Instant::now();
        while started.elapsed() < patience {
            if self.has_ended().unwrap_or(false) {
                return true;
            }
            thread::sleep(LOOK);
        }
        false
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Immediate: the server ends its own processes. Killed, it leaves that to them.
        if !self.end(Signal::SIGQUIT, IMMEDIATE) {
            self.end(Signal::SIGKILL, IMMEDIATE);
        }
        self.leash.untie();
    }
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
