//! The server of an owner that died: it is stopped, so that a new one can start.

use super::EmbeddedError;
use super::home::Home;
use super::scratch::remove_abandoned;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

/// How long each signal may take, mildest first.
const STEPS: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(15)),
    (Signal::SIGQUIT, Duration::from_secs(6)),
    (Signal::SIGKILL, Duration::from_secs(2)),
];

/// Stops the server that still runs on the cluster of `home`, whose lock we hold, and removes
/// what it left.
pub(super) fn clear(home: &Home) -> Result<(), EmbeddedError> {
    let file = home.cluster().join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&file) else {
        return Ok(());
    };
    let mut lines = text.lines();
    let process = lines.next().and_then(|line| line.trim().parse().ok());
    // The fifth line names the directory of the socket.
    let abandoned = lines.nth(3).map(|line| Path::new(line.trim()));
    if let Some(process) = process.map(Pid::from_raw)
        && is_server(process, &home.cluster())
    {
        tracing::warn!(
            process = process.as_raw(),
            "stopping a PostgreSQL left behind"
        );
        stop(process, home)?;
    }
    if let Some(abandoned) = abandoned {
        remove_abandoned(abandoned);
    }
    match fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(EmbeddedError::io("remove", file)(error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn stop(process: Pid, home: &Home) -> Result<(), EmbeddedError> {
    for (signal, patience) in STEPS {
        // It may be gone already: the check below tells.
        let _ = kill(process, signal);
        let started = Instant::now();
        while started.elapsed() < patience {
            if !is_server(process, &home.cluster()) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    Err(EmbeddedError::Leftover {
        directory: home.path().to_owned(),
        process: process.as_raw(),
    })
}

/// Whether `process` is a server on this cluster, not another program that got its number. A
/// server works in its cluster's directory; where that cannot be seen, its name has to do.
fn is_server(process: Pid, cluster: &Path) -> bool {
    if Path::new("/proc/self/cwd").exists() {
        let work = fs::read_link(format!("/proc/{process}/cwd"));
        return work.is_ok_and(|work| work == cluster);
    }
    let listed = Command::new("ps")
        .args(["-o", "comm=", "-p"])
        .arg(process.to_string())
        .output();
    listed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("postgres"))
}
