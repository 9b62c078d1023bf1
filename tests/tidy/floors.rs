//! Who may know whom: rustc allows any circle of modules inside a crate, we do not.

use super::source::{Source, heads};

/// From the ground up. A module may import what stands in an earlier row.
const FLOORS: [&[&str]; 7] = [
    &[
        "ambient",
        "crypto",
        "db",
        "ids",
        "invalid",
        "money",
        "names",
        "net",
        "timestamp",
    ],
    &[
        "auth",
        "callbacks",
        "idempotency",
        "ledger",
        "links",
        "rails",
        "threads",
    ],
    &["intents"],
    &["writer"],
    &["cards", "checkout", "exports", "reports"],
    &["config", "telemetry", "app"],
    &["cli", "embedded", "http", "workers"],
];

/// What a module may import of its own row.
const ARROWS: [(&str, &[&str]); 6] = [
    ("crypto", &["ambient", "ids"]),
    ("money", &["invalid"]),
    // A link is a request for payment in waiting: it names a thread and a rail, as intents do.
    ("links", &["rails", "threads"]),
    // An export prints what a report reads.
    ("exports", &["reports"]),
    ("app", &["config", "telemetry"]),
    ("cli", &["embedded", "http", "workers"]),
];

/// Modules that may not know all of the row before them.
const NARROW: [(&str, &[&str]); 1] = [("intents", &["ledger", "rails", "threads"])];

const NOUNS: usize = 1;

pub fn faults(sources: &[Source]) -> Vec<String> {
    let imports = sources.iter().flat_map(imports);
    imports.filter_map(|import| import.fault()).collect()
}

struct Import {
    place: String,
    from: String,
    to: String,
}

/// All mentions of other modules of the crate: `crate::x`, `crate::{x, y}`, and `super` chains
/// that climb as far.
fn imports(source: &Source) -> Vec<Import> {
    let module = source.module();
    let Some(from) = module.first() else {
        return Vec::new();
    };
    let tokens = source.tokens();
    let roots = (0..tokens.len()).filter(|&at| {
        tokens[at].is("crate") || (tokens[at].is("super") && climbed(&tokens, at) == module.len())
    });
    let found = roots.flat_map(|at| heads(&tokens, at));
    found
        .filter(|(to, _)| to != from)
        .map(|(to, line)| Import {
            place: format!("{}:{line}", source.path),
            from: (*from).to_owned(),
            to,
        })
        .collect()
}

/// How many `super` in a row end at `at`.
fn climbed(tokens: &[super::source::Token], at: usize) -> usize {
    let steps = (0..=at).rev().step_by(3);
    steps.take_while(|&step| tokens[step].is("super")).count()
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
        } else if other == floor && !is_listed(&ARROWS, from, to) {
            "is of the same floor: hand in what is needed, or move the shared word to the ground"
        } else if other == NOUNS && is_narrow(from) && !is_listed(&NARROW, from, to) {
            "is a noun that it must not know: let the writer bring them together"
        } else {
            return None;
        };
        Some(format!("{place}: `{from}` imports `{to}`, which {why}"))
    }
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn is_narrow(from: &str) -> bool {
    NARROW.iter().any(|(name, _)| *name == from)
}

fn is_listed(list: &[(&str, &[&str])], from: &str, to: &str) -> bool {
    list.iter()
        .any(|(name, known)| *name == from && known.contains(&to))
}
