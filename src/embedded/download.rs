//! The last resort: a download of Postgres, kept for the next time.

use super::account::Account;
use super::release::suits;
use nix::unistd::Uid;
use postgresql_embedded::{PostgreSQL, SettingsBuilder, VersionReq};
use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs, thread};

/// The release to download when no data asks for another.
const RELEASE: u32 = 17;
const DEADLINE: Duration = Duration::from_mins(10);

/// The installations downloaded before.
pub(super) fn already() -> Vec<PathBuf> {
    let entries = store().and_then(|store| fs::read_dir(store).ok());
    let entries = entries.into_iter().flatten().flatten();
    entries.map(|entry| entry.path().join("bin")).collect()
}

/// Downloads release `wanted` (else the usual one) and returns the directory of its programs.
pub(super) fn install(account: &Account, wanted: Option<u32>) -> Result<PathBuf, String> {
    let release = wanted.unwrap_or(RELEASE);
    let store = store().ok_or("not installed, and HOME is not set for a download")?;
    tracing::info!(
        release,
        store = %store.display(),
        "no PostgreSQL is installed here: downloading it, once"
    );
    let worker = thread::spawn(move || download(release, store));
    let directory = worker
        .join()
        .unwrap_or_else(|_| Err("it stopped".to_owned()))
        .map_err(|reason| format!("the download failed: {reason}"))?;
    if suits(account, &directory, wanted) {
        Ok(directory)
    } else {
        Err(format!(
            "the downloaded {} does not run here",
            directory.display()
        ))
    }
}

/// Where downloads are kept: as root, where the server's user can reach them.
fn store() -> Option<PathBuf> {
    let cache = if Uid::effective().is_root() {
        PathBuf::from("/var/cache")
    } else {
        let named = env::var_os("XDG_CACHE_HOME").filter(|name| !name.is_empty());
        named.map_or_else(
            || Some(env::home_dir()?.join(".cache")),
            |name| Some(name.into()),
        )?
    };
    Some(cache.join("threadpay/postgresql"))
}

/// Runs the library's installation in a small runtime of its own: the caller may be in one.
fn download(release: u32, store: PathBuf) -> Result<PathBuf, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    fs::create_dir_all(&store).map_err(|e| text(&e))?;
    // The library makes a cluster too unless it sees one; ours is made elsewhere.
    let cluster = store.join("no-cluster");
    fs::create_dir_all(&cluster).map_err(|e| text(&e))?;
    fs::write(cluster.join("postgresql.conf"), "").map_err(|e| text(&e))?;
    let settings = SettingsBuilder::new()
        .version(VersionReq::parse(&format!("={release}")).map_err(|e| text(&e))?)
        .installation_dir(store)
        .data_dir(cluster)
        .build();
    let mut library = PostgreSQL::new(settings);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| text(&e))?;
    let setup = async { tokio::time::timeout(DEADLINE, library.setup()).await };
    let done = runtime.block_on(setup).map_err(|e| text(&e))?;
    done.map_err(|e| text(&e))?;
    Ok(library.settings().binary_dir())
}
