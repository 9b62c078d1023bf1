//! One server process, from its start to its end.

use super::leash::Leash;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, thread};

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
    /// Starts the server, which is not ready yet.
    pub fn spawn(mut command: Command, leash: &Arc<Leash>) -> io::Result<Self> {
        let child = command.spawn()?;
        leash.tie(child.id());
        let leash = Arc::clone(leash);
        Ok(Self { child, leash })
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
    pub fn is_ready(&self, cluster: &Path) -> bool {
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
