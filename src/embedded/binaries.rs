//! Finds the programs of Postgres on this machine.

use super::account::Account;
use super::download;
use super::release::{OLDEST, leading_number, suits};
use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// Where installations live, with `*` for the release: Debian, Red Hat, Alpine, Homebrew (Apple
/// silicon, Intel, Linux) and Postgres.app.
const USUAL_PLACES: [&str; 7] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// An installation that we can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    directory: PathBuf,
}

impl Binaries {
    /// The full path of one of its programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// The installation to use: one of release `wanted`, else the first on `PATH` that is new
/// enough, else the newest in the usual places, else a download. The error says why not.
pub(super) fn find(account: &Account, wanted: Option<u32>) -> Result<Binaries, String> {
    if wanted.is_some_and(|major| major < OLDEST) {
        return Err(format!("the oldest supported is {OLDEST}"));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = env::split_paths(&path).collect();
    let installed = on_path.iter().filter_map(|d| behind(d)).chain(usual());
    let downloaded = download::already();
    installed
        .chain(downloaded)
        .find(|directory| suits(account, directory, wanted))
        .map_or_else(|| download::install(account, wanted), Ok)
        .map(|directory| Binaries { directory })
}

/// The directory that really holds the server's programs, given one on `PATH`, which may hold
/// links or wrapper scripts only.
fn behind(directory: &Path) -> Option<PathBuf> {
    let server = directory.join("postgres");
    let real = server.canonicalize().ok();
    let holder = real.and_then(|file| file.parent().map(Path::to_owned));
    holder.filter(|d| is_complete(d)).or_else(|| {
        let answer = Command::new(directory.join("pg_config"))
            .arg("--bindir")
            .stdin(Stdio::null())
            .output()
            .ok()?;
        let named = PathBuf::from(String::from_utf8(answer.stdout).ok()?.trim());
        Some(named).filter(|d| is_complete(d))
    })
}

fn is_complete(directory: &Path) -> bool {
    ["postgres", "initdb"]
        .iter()
        .all(|program| directory.join(program).is_file())
}

/// The complete installations in the usual places, newest first.
fn usual() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = USUAL_PLACES.iter().flat_map(|p| matching(p)).collect();
    found.sort_by_key(|(major, _)| Reverse(*major));
    found
        .into_iter()
        .map(|(_, directory)| directory)
        .filter(|directory| is_complete(directory))
        .collect()
}

/// The directories that a pattern with one `*` names, each with the number in its place.
fn matching(pattern: &str) -> Vec<(u32, PathBuf)> {
    let Some((before, after)) = pattern.split_once('*') else {
        return Vec::new();
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let major = leading_number(name.strip_prefix(prefix)?)?;
            Some((major, PathBuf::from(format!("{parent}/{name}{after}"))))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_found_behind_links() {
        let directory = env::temp_dir().join(format!("links-{}", std::process::id()));
        let (real, links) = (directory.join("real"), directory.join("links"));
        for made in [&real, &links] {
            fs::create_dir_all(made).unwrap();
        }
        for program in ["postgres", "initdb"] {
            fs::write(real.join(program), "").unwrap();
        }
        std::os::unix::fs::symlink(real.join("postgres"), links.join("postgres")).unwrap();
        assert_eq!(behind(&links), Some(real.canonicalize().unwrap()));
        fs::remove_file(real.join("initdb")).unwrap();
        assert_eq!(behind(&links), None);
        fs::remove_dir_all(&directory).unwrap();
    }
}
