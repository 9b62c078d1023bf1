//! Which user the server runs as, and how its programs are started.

use super::EmbeddedError;
use nix::unistd::{Uid, User};
use std::env;
use std::fs::File;
use std::os::unix::{fs::chown, process::CommandExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The user that the server runs as: ourselves, or somebody else when we are root.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    /// User and group to change to.
    other: Option<(u32, u32)>,
}

impl Account {
    /// Ourselves; `postgres`, else `nobody`, when we are root.
    pub fn choose() -> Result<Self, EmbeddedError> {
        if !Uid::effective().is_root() {
            return Ok(Self { other: None });
        }
        let user = ["postgres", "nobody"]
            .into_iter()
            .filter_map(|name| User::from_name(name).ok().flatten())
            .find(|user| !user.uid.is_root())
            .ok_or(EmbeddedError::Root)?;
        let other = Some((user.uid.as_raw(), user.gid.as_raw()));
        Ok(Self { other })
    }

    /// Gives a file or directory that we made to the server.
    pub fn own(&self, path: &Path) -> Result<(), EmbeddedError> {
        match self.other {
            Some((user, group)) => chown(path, Some(user), Some(group))
                .map_err(EmbeddedError::io("change the owner of", path)),
            None => Ok(()),
        }
    }

    /// A program, to be started as the server's user: with a plain environment, no input, and in
    /// a process group of its own, so that Ctrl-C reaches us alone.
    ///
    /// When it changes the user, `Command` drops all supplementary groups too.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir("/")
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .process_group(0);
        if let Some((user, group)) = self.other {
            command.uid(user).gid(group);
        }
        command
    }

    /// The same for a program that works on `directory`, which it knows as
    /// [`Directory::name_inside`]. Its standard output is thrown away.
    pub fn command_on(
        &self,
        directory: &Directory,
        program: &Path,
    ) -> Result<Command, EmbeddedError> {
        if !self.gets_it_open() {
            let mut command = self.command(program);
            command.stdout(Stdio::null());
            return Ok(command);
        }
        let handle = directory.handle.try_clone();
        let handle = handle.map_err(EmbeddedError::io("open", &directory.path))?;
        let mut command = self.command(Path::new("/bin/sh"));
        command
            .args(["-c", HAND_OVER, "sh"])
            .arg(program)
            .stdout(Stdio::from(handle));
        Ok(command)
    }

    /// Whether a directory is handed over open: the account needs it and the system can do it.
    fn gets_it_open(self) -> bool {
        self.other.is_some() && Path::new("/proc/self/fd").exists()
    }
}

/// Turns standard output, which is an open directory, into descriptor 9, and becomes the program.
const HAND_OVER: &str = r#"exec 9<&1 1>/dev/null; exec "$@""#;

/// A directory that another user can work in even if that user may not pass through those above
/// it (a home of root, a temporary directory of mode 0700): it is handed over open.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    handle: File,
}

impl Directory {
    /// Opens an existing directory.
    pub fn open(path: &Path) -> Result<Self, EmbeddedError> {
        let path = path
            .canonicalize()
            .map_err(EmbeddedError::io("open", path))?;
        let handle = File::open(&path).map_err(EmbeddedError::io("open", &path))?;
        Ok(Self { path, handle })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name for a program that was started on it.
    pub fn name_inside(&self, account: &Account) -> &Path {
        if account.gets_it_open() {
            Path::new("/proc/self/fd/9")
        } else {
            &self.path
        }
    }
}
