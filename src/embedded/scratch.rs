//! The private directory for the socket, and for temporary data.

use super::account::Account;
use super::leash::Leash;
use super::{DataDir, EmbeddedError};
use crate::base::{ambient::Ambient, crypto::hash::hex};
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const PREFIX: &str = "threadpay-";
/// Short on every system: the path of a Unix socket has at most 107 bytes.
const ROOM: &str = "/tmp";

/// A directory that goes when this is dropped, or when we are killed.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    leash: Arc<Leash>,
}

impl Scratch {
    /// Makes one that only the server's user can enter.
    pub fn make(
        account: &Account,
        data: &DataDir,
        ambient: &Ambient,
    ) -> Result<Self, EmbeddedError> {
        let path = Path::new(ROOM).join(format!("{PREFIX}{}", hex(&ambient.bytes::<6>())));
        let leash = Leash::make(account, &path, *data != DataDir::Temporary)?;
        // Not recursive: it must not exist, or somebody else has guessed its name.
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(EmbeddedError::io("make", &path))?;
        let scratch = Self {
            path,
            leash: Arc::new(leash),
        };
        account.own(&scratch.path)?;
        Ok(scratch)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What removes it if we are killed.
    pub fn leash(&self) -> Arc<Leash> {
        Arc::clone(&self.leash)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Removes the directory of an owner that died; leaves any that is not of our making.
pub(super) fn remove_abandoned(path: &Path) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if path.parent() == Some(Path::new(ROOM)) && name.starts_with(PREFIX) {
        remove(path);
    }
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_dir_all(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "cannot remove a directory");
    }
}
