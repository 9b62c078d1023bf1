//! The data directory: what lies in it, and who may use it.

use super::{EmbeddedError, OWNERS_FILE};
use crate::base::{ambient::Ambient, crypto::hash::hex};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const CLUSTER: &str = "cluster";
const LOCK: &str = "threadpay.lock";
const LOG: &str = "postgres.log";
const PASSWORD: &str = "password";
/// A cluster that is being made; its name goes on with chance.
const UNFINISHED: &str = "cluster.new-";

/// An open data directory: ours alone until it is dropped.
#[derive(Debug)]
pub(super) struct Home {
    directory: PathBuf,
    _lock: File,
}

impl Home {
    /// Opens `directory`, making it if it is missing; refuses one that holds other things.
    pub fn open(directory: &Path) -> Result<Self, EmbeddedError> {
        make_private(directory)?;
        let directory = directory
            .canonicalize()
            .map_err(EmbeddedError::io("open", directory))?;
        refuse_foreign(&directory)?;
        let home = Self {
            _lock: lock(&directory)?,
            directory,
        };
        home.sweep();
        // The log tells of one run.
        let _ = fs::remove_file(home.log());
        Ok(home)
    }

    /// Where the cluster is, or will be.
    pub fn cluster(&self) -> PathBuf {
        self.directory.join(CLUSTER)
    }

    /// Where a new cluster is made, before it is moved to its place.
    pub fn unfinished(&self, ambient: &Ambient) -> PathBuf {
        self.directory
            .join(format!("{UNFINISHED}{}", hex(&ambient.bytes::<6>())))
    }

    /// The server's log.
    pub fn log(&self) -> PathBuf {
        self.directory.join(LOG)
    }

    /// The data directory itself.
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// The release that made the cluster; none if there is no cluster yet.
    pub fn major(&self) -> Result<Option<u32>, EmbeddedError> {
        if !self.cluster().exists() {
            return Ok(None);
        }
        if !self.cluster().join("global/pg_control").exists() {
            return Err(self.half_made("cluster/global/pg_control"));
        }
        let version = fs::read_to_string(self.cluster().join("PG_VERSION"));
        let major = version.ok().and_then(|text| text.trim().parse().ok());
        major
            .map(Some)
            .ok_or_else(|| self.half_made("cluster/PG_VERSION"))
    }

    /// The superuser's password, made when there is no cluster yet.
    pub fn password(&self, ambient: &Ambient) -> Result<String, EmbeddedError> {
        let path = self.directory.join(PASSWORD);
        if self.cluster().exists() {
            let kept = fs::read_to_string(&path).unwrap_or_default();
            return Some(kept.trim().to_owned())
                .filter(|kept| kept.len() == 48 && kept.bytes().all(|b| b.is_ascii_hexdigit()))
                .ok_or_else(|| self.half_made(PASSWORD));
        }
        let password = hex(&ambient.bytes::<24>());
        let mut open = OpenOptions::new();
        open.write(true).create(true).truncate(true).mode(0o600);
        open.open(&path)
            .and_then(|mut file| {
                file.write_all(password.as_bytes())?;
                file.sync_all()
            })
            .map_err(EmbeddedError::io("write", path))?;
        Ok(password)
    }

    /// That there is no installation to run the cluster, or a new one, with.
    pub fn not_runnable(&self, major: Option<u32>, reason: String) -> EmbeddedError {
        match major {
            None => EmbeddedError::Missing(reason),
            Some(major) => EmbeddedError::OtherMajor {
                directory: self.directory.clone(),
                major,
                reason,
            },
        }
    }

    fn half_made(&self, missing: &'static str) -> EmbeddedError {
        EmbeddedError::HalfMade {
            directory: self.directory.clone(),
            missing,
        }
    }

    /// Removes clusters whose making was interrupted. One that is still being written by a
    /// program left behind stays for the next time.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten()
        {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

fn make_private(directory: &Path) -> Result<(), EmbeddedError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(EmbeddedError::io("make", directory))
}

/// A directory without a cluster may hold nothing but what we put there before making one.
fn refuse_foreign(directory: &Path) -> Result<(), EmbeddedError> {
    if directory.join(CLUSTER).join("PG_VERSION").exists() || directory.join(LOCK).exists() {
        return Ok(());
    }
    let entries = fs::read_dir(directory).map_err(EmbeddedError::io("read", directory))?;
    for entry in entries {
        let entry = entry.map_err(EmbeddedError::io("read", directory))?;
        if entry.file_name() != OWNERS_FILE {
            return Err(EmbeddedError::Foreign {
                directory: directory.to_owned(),
                entry: entry.file_name().to_string_lossy().into_owned(),
            });
        }
    }
    Ok(())
}

/// Locks the directory for this process; the system opens the lock again however we end.
fn lock(directory: &Path) -> Result<File, EmbeddedError> {
    let path = directory.join(LOCK);
    let mut open = OpenOptions::new();
    open.read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    let mut file = open.open(&path).map_err(EmbeddedError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(EmbeddedError::InUse {
                directory: directory.to_owned(),
                owner: fs::read_to_string(&path)
                    .unwrap_or_default()
                    .trim()
                    .to_owned(),
            });
        }
        Err(TryLockError::Error(source)) => return Err(EmbeddedError::io("lock", path)(source)),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(EmbeddedError::io("write", path))?;
    Ok(file)
}
