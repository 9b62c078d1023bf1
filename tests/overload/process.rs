//! What the service's process takes of the machine.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::{
    fs,
    time::{Duration, Instant},
};

/// How long it may take until what was taken is given back.
const PATIENCE: Duration = Duration::from_mins(1);

/// A process that is looked at.
#[derive(Clone, Copy)]
pub struct Process(pub u32);

impl Process {
    /// Memory in use, in KiB.
    pub fn memory(self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        number.unwrap().trim().parse().unwrap()
    }

    /// Open files, connections among them.
    pub fn files(self) -> usize {
        let files = fs::read_dir(format!("/proc/{}/fd", self.0)).unwrap();
        files.count()
    }

    /// Waits until there are hardly more files open than there were.
    pub async fn has_at_most(self, files: usize) {
        let begun = Instant::now();
        while self.files() > files {
            let open = self.files();
            assert!(begun.elapsed() < PATIENCE, "{open} files stay open");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Lets this process open as many files as it may, and says how many.
pub fn raise_files() -> u64 {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    hard
}
