//! Where outside libraries may be named, so that each is replaced, or read, in one place.

use super::source::{Source, heads};

/// The library, the places that may name it (a directory ends with `/`), and what to do.
const HOMES: [(&str, &[&str], &str); 9] = [
    (
        "ring",
        &["src/base/crypto/", "src/base/ambient.rs"],
        "add what is needed to `crypto`",
    ),
    (
        "actix_web",
        &["src/http/", "src/bench/bare.rs", "src/cli/demo/bot.rs"],
        "let the door `http` parse and render",
    ),
    (
        "actix_http",
        &["src/http/"],
        "let the door `http` watch connections",
    ),
    (
        "actix_service",
        &["src/http/"],
        "let the door `http` watch connections",
    ),
    ("hyper", &["src/base/net/"], "use the one client of `net`"),
    (
        "hyper_util",
        &["src/base/net/"],
        "use the one client of `net`",
    ),
    (
        "hyper_rustls",
        &["src/base/net/"],
        "use the one client of `net`",
    ),
    // A checksum of addresses, nothing that secrets rest on.
    (
        "sha3",
        &["src/domain/rails/x402/"],
        "hash with `crypto`: addresses of chains alone need it",
    ),
    // It is there for the tests.
    ("reqwest", &[], "use the one client of `net`"),
];

pub fn faults(sources: &[Source]) -> Vec<String> {
    let libraries = sources.iter().flat_map(libraries);
    libraries.chain(sources.iter().flat_map(queries)).collect()
}

fn libraries(source: &Source) -> Vec<String> {
    let tokens = source.tokens();
    let mut faults = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let home = HOMES.iter().find(|(library, ..)| token.is(library));
        let Some((library, places, advice)) = home else {
            continue;
        };
        // `rustls::crypto::ring` is a module of another library.
        let is_first = !at
            .checked_sub(1)
            .is_some_and(|before| tokens[before].is(":"));
        let is_path = is_first && !heads(&tokens, at).is_empty();
        if is_path && !is_at(source, places) {
            let (path, line) = (&source.path, token.line);
            faults.push(format!(
                "{path}:{line}: `{library}` does not belong here: {advice}"
            ));
        }
    }
    faults
}

fn is_at(source: &Source, places: &[&str]) -> bool {
    places.iter().any(|place| {
        source.path == *place || place.ends_with('/') && source.path.starts_with(place)
    })
}

/// Statements stand in `store.rs` files, in the writer's batch and in `base/db` only.
fn queries(source: &Source) -> Vec<String> {
    let allowed = ["src/writer/batch.rs", "src/base/db/"];
    if source.path.ends_with("/store.rs") || is_at(source, &allowed) {
        return Vec::new();
    }
    let tokens = source.tokens();
    let paths = (0..tokens.len()).filter(|&at| tokens[at].is("sqlx"));
    paths
        .flat_map(|at| heads(&tokens, at))
        .filter(|(name, _)| name.starts_with("query") || name == "raw_sql")
        .map(|(name, line)| {
            let path = &source.path;
            format!("{path}:{line}: `sqlx::{name}` belongs into the `store.rs` of its module")
        })
        .collect()
}
