//! The Postgres of a run, and what can be done to it.

use super::{
    dice::Dice,
    place::{Disk, Place},
    processes::{self, send},
};
use nix::{sys::signal::Signal, unistd::Pid};
use sqlx::{Connection, PgConnection};
use std::{fs, time::Duration};
use threadpay::{
    base::ambient::Ambient,
    embedded::{Options, Postgres},
};

/// How long the test's own statements may take while faults are about.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks for the password itself: the proof of it that goes without saying it takes an unoptimized
/// build so long that new connections would be all that is tested.
const ACCESS: &str = "host all all 127.0.0.1/32 password\n";

/// A private Postgres that is started again whenever it dies.
pub struct Database {
    postgres: Postgres,
    pub disk: Disk,
}

impl Database {
    pub fn start(place: &Place) -> Self {
        let disk = Disk::make(place);
        let options = Options {
            max_connections: 200,
            ..Options::kept(disk.path().join("data"))
        };
        let postgres = Postgres::start(&options, &Ambient::system()).unwrap();
        fs::write(disk.path().join("data/cluster/pg_hba.conf"), ACCESS).unwrap();
        let database = Self { postgres, disk };
        database.signal(Signal::SIGHUP);
        database
    }

    /// Straight to it, around all proxies.
    pub fn url(&self) -> String {
        self.postgres.loopback_url()
    }

    /// Sends a signal to its first process, if it runs.
    pub fn signal(&self, what: Signal) {
        if let Some(first) = self.first() {
            send(first, what);
        }
    }

    /// Kills one of its other processes: then it ends them all and recovers.
    pub fn kill_backend(&self, dice: &mut Dice) {
        let mut others = processes::of(self.disk.path());
        others.retain(|process| Some(*process) != self.first());
        if let Some(process) = dice.pick(&others) {
            send(process, Signal::SIGKILL);
        }
    }

    pub fn freeze(&self) {
        // The first process first, so that it makes no others meanwhile.
        self.signal(Signal::SIGSTOP);
        for process in processes::of(self.disk.path()) {
            send(process, Signal::SIGSTOP);
        }
    }

    pub fn thaw(&self) {
        for process in processes::of(self.disk.path()) {
            send(process, Signal::SIGCONT);
        }
    }

    /// Ends so many connections of the services, whatever they are doing.
    pub async fn terminate(&self, connections: i64) {
        let work = async {
            let mut db = PgConnection::connect(&self.url()).await?;
            let sql = "SELECT count(pg_terminate_backend(pid)) FROM (
                SELECT pid FROM pg_stat_activity WHERE application_name = 'threadpay'
                ORDER BY state <> 'idle' DESC, random() LIMIT $1) x";
            let terminate = sqlx::query(sql).bind(connections);
            terminate.execute(&mut db).await
        };
        // If it cannot be reached, another fault is at work.
        let _ = tokio::time::timeout(PATIENCE, work).await;
    }

    fn first(&self) -> Option<Pid> {
        let process = self.postgres.process_id();
        (process != 0).then(|| Pid::from_raw(process.try_into().unwrap()))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Whoever is frozen cannot be stopped in good order.
        self.thaw();
    }
}

/// A connection of the test's own, around all proxies.
pub async fn connect(url: &str) -> PgConnection {
    let mut db = PgConnection::connect(url).await.unwrap();
    let sql = "SET search_path = cell_00";
    sqlx::query(sql).execute(&mut db).await.unwrap();
    db
}
