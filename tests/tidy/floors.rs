//! Who may know whom: rustc allows any circle of modules inside a crate, we do not.
//!
//! The first folder of a file is its floor. Rooms of one floor that stand apart (`base`, `domain`,
//! `views`) know each other only where an arrow is declared here.

use super::source::{Source, paths};

/// From the ground up: a file may import from floors before its own.
const FLOORS: [&[&str]; 9] = [
    &["base"],
    &["domain"],
    &["writer"],
    &["views"],
    &["app"],
    &["embedded", "http", "workers"],
    &["program"],
    &["bench"],
    &["cli"],
];

/// Floors whose rooms stand apart.
const APART: [&str; 3] = ["base", "domain", "views"];

/// What a room may import of its own floor.
const ARROWS: [(&str, &[&str]); 12] = [
    ("base::actor", &["base::ids"]),
    ("base::crypto", &["base::ambient", "base::ids"]),
    ("base::invalid", &["base::problem"]),
    ("base::language", &["base::money"]),
    ("base::money", &["base::invalid", "base::problem"]),
    ("domain::details", &["domain::threads"]),
    // A link is a request for payment in waiting: it names a thread and a rail, as intents do.
    (
        "domain::links",
        &["domain::details", "domain::rails", "domain::threads"],
    ),
    // A rail says what its accounts' settings are.
    (
        "domain::rail_accounts",
        &["domain::rails", "domain::statements"],
    ),
    (
        "domain::intents",
        &[
            "domain::details",
            "domain::ledger",
            "domain::movements",
            "domain::rails",
            "domain::threads",
        ],
    ),
    // What a rail told and no intent waits for.
    ("domain::movements", &["domain::ledger", "domain::rails"]),
    // A line of a statement is the money of an attempt, or moves for nobody.
    (
        "domain::reconciliation",
        &[
            "domain::intents",
            "domain::movements",
            "domain::rail_accounts",
            "domain::rails",
            "domain::statements",
        ],
    ),
    // An export prints what a report reads.
    ("views::exports", &["views::reports"]),
];

pub fn faults(sources: &[Source]) -> Vec<String> {
    let imports = sources.iter().flat_map(imports);
    imports.filter_map(|import| import.fault()).collect()
}

struct Import {
    place: String,
    from: String,
    to: String,
}

/// All mentions of other rooms of the crate: `crate::x`, `crate::{x, y::{a, b}}`, and `super`
/// chains that climb as far.
fn imports(source: &Source) -> Vec<Import> {
    let module = source.module();
    if module.is_empty() {
        return Vec::new();
    }
    let from = room(&module);
    let tokens = source.tokens();
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let above = if tokens[at].is("crate") {
            &[]
        } else if tokens[at].is("super") && climbed(&tokens, at) < module.len() {
            &module[..module.len() - climbed(&tokens, at)]
        } else {
            continue;
        };
        found.extend(paths(&tokens, at).into_iter().map(|(path, line)| {
            let inside = path.iter().map(String::as_str);
            let full: Vec<&str> = above.iter().copied().chain(inside).collect();
            Import {
                place: format!("{}:{line}", source.path),
                from: from.clone(),
                to: room(&full),
            }
        }));
    }
    // `super` inside `super::super` is the same path again, one step further up.
    found.retain(|import| import.from != import.to);
    found
}

/// How many `super` in a row end at `at`.
fn climbed(tokens: &[super::source::Token], at: usize) -> usize {
    let steps = (0..=at).rev().step_by(3);
    steps.take_while(|&step| tokens[step].is("super")).count()
}

/// The room that a path leads into: its floor, and the next folder where rooms stand apart.
fn room(path: &[&str]) -> String {
    let depth = if path.first().is_some_and(|floor| APART.contains(floor)) {
        2
    } else {
        1
    };
    path[..depth.min(path.len())].join("::")
}

impl Import {
    fn fault(&self) -> Option<String> {
        let Self { place, from, to } = self;
        let Some(floor) = floor(from) else {
            return Some(format!(
                "{place}: say in tests/tidy/floors.rs on which floor `{from}` is"
            ));
        };
        // A name of lib.rs itself, such as a macro, is of no floor.
        let other = self::floor(to)?;
        let why = if other > floor {
            "stands higher: turn the dependency round, or hand in what is needed"
        } else if other == floor && !is_declared(from, to) {
            "is of the same floor: hand in what is needed, or move the shared word down"
        } else {
            return None;
        };
        Some(format!("{place}: `{from}` imports `{to}`, which {why}"))
    }
}

fn floor(room: &str) -> Option<usize> {
    let name = room.split("::").next()?;
    FLOORS.iter().position(|floor| floor.contains(&name))
}

fn is_declared(from: &str, to: &str) -> bool {
    ARROWS
        .iter()
        .any(|(room, known)| *room == from && known.contains(&to))
}
