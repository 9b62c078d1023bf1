//! A private Postgres for `demo`, `dev` and the tests.
//!
//! It uses the `PostgreSQL` (15 or newer) it finds on the machine, else downloads one; listens
//! on loopback and on a Unix socket in a private directory; wants a random password, so that no
//! other user of the machine gets in; is started again when it dies; and stops with its owner,
//! even when the owner is killed. As root, which Postgres refuses, it runs as another user.
//!
//! Everything here blocks: call it from a thread that may wait, not from an async task.

mod account;
mod binaries;
mod cluster;
mod download;
mod error;
mod home;
mod leash;
mod leftover;
mod plan;
mod release;
mod running;
mod scratch;
mod supervisor;

pub use error::EmbeddedError;

use crate::base::ambient::Ambient;
use account::{Account, Directory};
use cluster::Recipe;
use home::Home;
use plan::Plan;
use scratch::Scratch;
use std::path::PathBuf;
use supervisor::Supervisor;

/// The superuser, who owns the database.
const USER: &str = "threadpay";
/// The database that a new cluster holds beside `postgres`.
const DATABASE: &str = "threadpay";

/// A file that the owner of a data directory may keep in it, beside the data.
pub const OWNERS_FILE: &str = "dev.json";

/// Where the data lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataDir {
    /// In this directory, made if it is missing, found again by the next start.
    Kept(PathBuf),
    /// In a directory of its own that goes when the server stops.
    Temporary,
}

/// How the server is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the data lives.
    pub data: DataDir,
    /// Whether a commit waits for the disk. Without it a crash of the machine may lose data; a
    /// crash of the server alone does not.
    pub fsync: bool,
    /// How many connections may stand at once.
    pub max_connections: u16,
    /// The TCP port on 127.0.0.1; 0 chooses a free one.
    pub port: u16,
}

impl Options {
    /// Data that is kept in `directory`, written safely.
    pub fn kept(directory: impl Into<PathBuf>) -> Self {
        Self {
            data: DataDir::Kept(directory.into()),
            fsync: true,
            max_connections: 100,
            port: 0,
        }
    }

    /// Data that goes when the server stops, so that nothing waits for the disk.
    pub fn temporary() -> Self {
        Self {
            data: DataDir::Temporary,
            fsync: false,
            ..Self::kept(PathBuf::new())
        }
    }
}

/// A running private Postgres. Dropping it stops it too.
#[derive(Debug)]
pub struct Postgres {
    password: String,
    port: u16,
    // The order matters: the server stops first, then its directories go and the lock opens.
    supervisor: Supervisor,
    scratch: Scratch,
    _home: Home,
}

impl Postgres {
    /// Starts the server and waits until it takes connections: a tenth of a second for a
    /// cluster that exists, one or two seconds more for a new one, longer after a download.
    pub fn start(options: &Options, ambient: &Ambient) -> Result<Self, EmbeddedError> {
        let account = Account::choose()?;
        let scratch = Scratch::make(&account, &options.data, ambient)?;
        let home = match &options.data {
            DataDir::Kept(directory) => Home::open(directory)?,
            DataDir::Temporary => Home::open(scratch.path())?,
        };
        let password = home.password(ambient)?;
        let major = home.major()?;
        let binaries =
            binaries::find(&account, major).map_err(|reason| home.not_runnable(major, reason))?;
        if major.is_none() {
            let recipe = Recipe {
                account: &account,
                binaries: &binaries,
                password: &password,
                fsync: options.fsync,
            };
            cluster::make(&home, &recipe, ambient)?;
        }
        leftover::clear(&home)?;
        let plan = Plan {
            cluster: Directory::open(&home.cluster())?,
            log: home.log(),
            socket_dir: scratch.path().to_owned(),
            leash: scratch.leash(),
            temporary: options.data == DataDir::Temporary,
            options: options.clone(),
            account,
            binaries,
        };
        let (port, running) = plan.first_launch()?;
        let supervisor = Supervisor::watch(plan, port, running)?;
        Ok(Self {
            password,
            port,
            supervisor,
            scratch,
            _home: home,
        })
    }

    /// The `DATABASE_URL` over the Unix socket: the fastest, for `threadpay` and `psql`.
    pub fn url(&self) -> String {
        let directory = self.scratch.path().to_string_lossy().replace('/', "%2F");
        format!("{}?host={directory}", self.loopback_url())
    }

    /// The `DATABASE_URL` over TCP on 127.0.0.1, for clients that know no sockets.
    pub fn loopback_url(&self) -> String {
        let Self { password, port, .. } = self;
        format!("postgres://{USER}:{password}@127.0.0.1:{port}/{DATABASE}")
    }

    /// The process that answers at the moment; 0 while it is being started again.
    pub fn process_id(&self) -> u32 {
        self.supervisor.process_id()
    }

    /// Stops the server and waits until it is gone: open transactions are rolled back.
    pub fn stop(self) {
        drop(self);
    }
}
