//! What no tracked file may hold, and how files are named.

use super::source::files;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A module named for no subject gathers everything.
pub fn vague_name(path: &str) -> Option<String> {
    let vague = [
        "helpers", "helper", "utils", "util", "common", "misc", "shared",
    ];
    let parts = path.trim_end_matches(".rs").split('/');
    let found = parts.into_iter().find(|part| vague.contains(part))?;
    Some(format!(
        "{path}:1: `{found}` says nothing: name the module for what it holds"
    ))
}

/// Numbered in the order in which they came, each by a number of its own, and never changed once
/// they are committed.
pub fn migration_faults() -> Vec<String> {
    let mut faults = Vec::new();
    let mut last = 0;
    for path in files(Path::new("migrations")) {
        let name = path.file_name().and_then(|name| name.to_str());
        let (number, _) = name
            .and_then(|name| name.split_once('_'))
            .unwrap_or_default();
        let number = number.parse().ok().filter(|_| number.len() == 4);
        let number = number.filter(|number: &u16| *number > last);
        if number.is_none() || path.extension().is_none_or(|e| e != "sql") {
            faults.push(format!(
                "{}:1: name it {:04}_<what it does>.sql, or by a later number",
                path.display(),
                last + 1
            ));
        }
        last = number.unwrap_or(last);
    }
    let changed = git(&[
        "diff",
        "--name-status",
        "--diff-filter=MDRT",
        "HEAD~",
        "--",
        "migrations",
    ]);
    let changed = changed.unwrap_or_default();
    faults.extend(
        changed
            .lines()
            .filter_map(|line| line.split('\t').nth(1))
            .map(|path| {
                format!("{path}:1: databases have run this migration: restore it and add another")
            }),
    );
    faults
}

/// Notes to oneself, and paths of the machine that the file was written on.
pub fn leftovers() -> Vec<String> {
    let notes = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
    ];
    let machines = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/user"),
    ];
    let mut faults = Vec::new();
    for path in tracked() {
        // What is no text, or is gone from the work tree, holds none.
        let text = fs::read_to_string(&path).unwrap_or_default();
        for (index, line) in text.lines().enumerate() {
            let place = format!("{}:{}", path.display(), index + 1);
            if notes.iter().any(|note| line.contains(note)) {
                faults.push(format!("{place}: do it now, or write it into the issue"));
            }
            if machines.iter().any(|machine| begins_a_path(line, machine)) {
                faults.push(format!("{place}: a path of one machine: make it relative"));
            }
        }
    }
    faults
}

/// Whether `path` stands in `line` as the beginning of a path, not inside a longer one or a URL.
fn begins_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-~}".contains(c))
    })
}

/// The files that git tracks; all there are where there is no git.
fn tracked() -> Vec<PathBuf> {
    let Some(list) = git(&["ls-files"]) else {
        return files(Path::new("."));
    };
    // What other tools write holds what they like.
    let written_by_tools = ["Cargo.lock", "package-lock.json"];
    let ours = |path: &PathBuf| !written_by_tools.iter().any(|name| path.ends_with(name));
    list.lines().map(PathBuf::from).filter(ours).collect()
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}
