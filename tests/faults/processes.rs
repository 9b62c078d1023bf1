//! The processes of a directory, and signals to them.

use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};
use std::{fs, path::Path};

/// Sends a signal to a process that may be gone by now.
pub fn send(process: Pid, what: Signal) {
    let _ = signal::kill(process, what);
}

/// All processes that work in `directory` or below it, whoever is their parent by now.
pub fn of(directory: &Path) -> Vec<Pid> {
    let works_there = |process: &Pid| {
        let work = fs::read_link(format!("/proc/{process}/cwd"));
        work.is_ok_and(|work| work.starts_with(directory))
    };
    let listed = fs::read_dir("/proc").unwrap().flatten();
    listed
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .map(Pid::from_raw)
        .filter(works_there)
        .collect()
}
