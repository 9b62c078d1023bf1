//! How the server is started, the first time and each time it has died.

use super::account::{Account, Directory};
use super::binaries::Binaries;
use super::leash::Leash;
use super::running::Running;
use super::{EmbeddedError, Options};
use std::fs::OpenOptions;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long backends of a killed server may hold its memory, or another its port.
const PATIENCE: Duration = Duration::from_secs(30);

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
            match Running::start(self, port) {
                // The backends of a killed server see its end and go, but not at once.
                Err(error) if is_held(&error) && started.elapsed() < PATIENCE => {
                    thread::sleep(Duration::from_millis(100));
                }
                result => return result,
            }
        }
    }

    /// The server's command line.
    pub fn command(&self, port: u16) -> Result<Command, EmbeddedError> {
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
