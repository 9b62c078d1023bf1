//! Makes a new database cluster: beside its place first, so that there is never a half-made one.

use super::account::{Account, Directory};
use super::binaries::Binaries;
use super::home::Home;
use super::{DATABASE, EmbeddedError, USER};
use crate::base::ambient::Ambient;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Who may connect: our one user, with its password, from this machine.
const ACCESS: &str = "\
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
";

/// What goes into a new cluster.
#[derive(Debug)]
pub(super) struct Recipe<'a> {
    pub account: &'a Account,
    pub binaries: &'a Binaries,
    pub password: &'a str,
    /// Whether it has to survive a crash of the machine.
    pub fsync: bool,
}

/// Makes the cluster of `home`, with its database and the superuser's password.
pub(super) fn make(home: &Home, recipe: &Recipe, ambient: &Ambient) -> Result<(), EmbeddedError> {
    let account = recipe.account;
    let path = home.unfinished(ambient);
    DirBuilder::new()
        .mode(0o700)
        .create(&path)
        .map_err(EmbeddedError::io("make", &path))?;
    let unfinished = Unfinished(path);
    account.own(&unfinished.0)?;
    initialize(&unfinished, recipe)?;
    set_up(&unfinished, recipe)?;
    unfinished.finish(home)
}

/// Writes an empty cluster and the rules of who may connect.
fn initialize(unfinished: &Unfinished, recipe: &Recipe) -> Result<(), EmbeddedError> {
    let directory = Directory::open(&unfinished.0)?;
    let program = recipe.binaries.program("initdb");
    let mut initdb = recipe.account.command_on(&directory, &program)?;
    // Nobody can connect until our own rules stand: no server runs here yet.
    initdb
        .arg("-D")
        .arg(directory.name_inside(recipe.account))
        .args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"])
        .args((!recipe.fsync).then_some("--no-sync"));
    let done = initdb.output();
    check("initdb", &done.map_err(EmbeddedError::io("run", program))?)?;
    let access = unfinished.0.join("pg_hba.conf");
    let write = || {
        let mut file = File::create(&access)?;
        file.write_all(ACCESS.as_bytes())?;
        file.sync_all()
    };
    write().map_err(EmbeddedError::io("write", &access))
}

/// Sets the password and makes the database, through a server without any connections.
fn set_up(unfinished: &Unfinished, recipe: &Recipe) -> Result<(), EmbeddedError> {
    let directory = Directory::open(&unfinished.0)?;
    let program = recipe.binaries.program("postgres");
    let mut alone = recipe.account.command_on(&directory, &program)?;
    alone
        .args(["--single", "-D"])
        .arg(directory.name_inside(recipe.account))
        .args((!recipe.fsync).then_some("-F"))
        .args(["-c", "exit_on_error=on", "postgres"]);
    let password = recipe.password;
    let statements =
        format!("ALTER ROLE {USER} PASSWORD '{password}'\nCREATE DATABASE {DATABASE}\n");
    let done = feed(alone, &statements).map_err(EmbeddedError::io("run", program))?;
    check("postgres --single", &done)
}

/// Runs a program to its end with `input` on its standard input.
fn feed(mut command: Command, input: &str) -> io::Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    child.wait_with_output()
}

/// The last line of a failed program's complaint.
fn check(program: &str, output: &Output) -> Result<(), EmbeddedError> {
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let complaint = text
        .lines()
        .find(|line| line.contains("error") || line.contains("FATAL"))
        .or_else(|| text.lines().last())
        .unwrap_or("no reason given");
    Err(EmbeddedError::Init(format!("{program}: {complaint}")))
}

/// A cluster in the making, removed again unless it is finished.
struct Unfinished(PathBuf);

impl Unfinished {
    /// Moves the cluster to its place.
    fn finish(self, home: &Home) -> Result<(), EmbeddedError> {
        let place = home.cluster();
        fs::rename(&self.0, &place).map_err(EmbeddedError::io("make", &place))?;
        let parent = File::open(home.path()).and_then(|parent| parent.sync_all());
        parent.map_err(EmbeddedError::io("sync", home.path()))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Nothing is left there once it is finished.
        let _ = fs::remove_dir_all(&self.0);
    }
}
