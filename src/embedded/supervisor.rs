//! The thread that keeps the server running until it is asked to stop.

use super::EmbeddedError;
use super::plan::Plan;
use super::running::Running;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How soon a death is noticed.
const LOOK: Duration = Duration::from_millis(50);
/// The pause after a start that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// The owner's end: the server stops when it is dropped.
#[derive(Debug)]
pub(super) struct Supervisor {
    stop: Option<Sender<()>>,
    process: Arc<AtomicU32>,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// Watches a server that runs.
    pub fn watch(plan: Plan, port: u16, running: Running) -> Result<Self, EmbeddedError> {
        let (stop, stopped) = channel();
        let process = Arc::new(AtomicU32::new(running.process_id()));
        let mut watch = Watch {
            plan,
            port,
            stopped,
            process: Arc::clone(&process),
        };
        let thread = thread::Builder::new()
            .name("embedded-postgres".to_owned())
            .spawn(move || watch.run(running))
            .map_err(EmbeddedError::io("run", "a thread"))?;
        Ok(Self {
            stop: Some(stop),
            process,
            thread: Some(thread),
        })
    }

    /// The server's process; 0 while there is none.
    pub fn process_id(&self) -> u32 {
        self.process.load(Ordering::Relaxed)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the watcher of the embedded Postgres failed");
        }
    }
}

struct Watch {
    plan: Plan,
    port: u16,
    stopped: Receiver<()>,
    process: Arc<AtomicU32>,
}

impl Watch {
    fn run(&mut self, mut running: Running) {
        while !self.is_told_to_stop(LOOK) {
            if running.has_ended().unwrap_or(true) {
                tracing::warn!("the embedded Postgres died: starting it again");
                self.process.store(0, Ordering::Relaxed);
                drop(running);
                let Some(again) = self.revive() else { return };
                running = again;
                self.process.store(running.process_id(), Ordering::Relaxed);
            }
        }
        running.stop(!self.plan.temporary);
    }

    /// A new server, or none when asked to stop before one is up.
    fn revive(&self) -> Option<Running> {
        loop {
            match self.plan.launch(self.port) {
                Ok(running) => return Some(running),
                Err(error) => tracing::error!(%error, "the embedded Postgres stays down"),
            }
            if self.is_told_to_stop(PAUSE) {
                return None;
            }
        }
    }

    fn is_told_to_stop(&self, patience: Duration) -> bool {
        match self.stopped.recv_timeout(patience) {
            Err(RecvTimeoutError::Timeout) => false,
            Ok(()) | Err(RecvTimeoutError::Disconnected) => true,
        }
    }
}
