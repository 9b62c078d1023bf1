//! Every SQL statement begins with a comment that names it, so that it can be found again in
//! the database's own statistics and logs.

use super::source::{Source, Token};
use proc_macro2::{Delimiter, TokenTree};
use std::collections::HashMap;

pub fn faults(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut places = HashMap::new();
    for statement in sources.iter().flat_map(statements) {
        let place = statement.place;
        match statement.text.as_deref().map(name) {
            None => faults.push(format!("{place}: write the SQL here, as one string")),
            Some(None) => faults.push(format!(
                "{place}: begin the SQL with a line that names it: `-- module.verb`"
            )),
            Some(Some(name)) => {
                if let Some(first) = places.insert(name.clone(), place.clone()) {
                    faults.push(format!(
                        "{place}: `{name}` is the name of another, at {first}"
                    ));
                }
            }
        }
    }
    faults
}

struct Statement {
    place: String,
    /// None if it is not written as one string.
    text: Option<String>,
}

/// The calls of `sqlx::query…`, as functions and as macros.
fn statements(source: &Source) -> Vec<Statement> {
    let tokens = source.tokens();
    let calls = tokens.windows(4).enumerate().filter(|(_, window)| {
        let is_query = window[3]
            .word()
            .is_some_and(|word| word.starts_with("query"));
        is_query && window[0].is("sqlx") && window[1].is(":") && window[2].is(":")
    });
    calls
        .filter_map(|(at, window)| {
            let rest = &tokens[at + 4..];
            Some(Statement {
                place: format!("{}:{}", source.path, window[3].line),
                text: strings(rest)?.into_iter().next().map(in_full),
            })
        })
        .collect()
}

/// A statement of more lines than a function may have stands in a file of its own.
fn in_full(text: String) -> String {
    if text.strip_suffix(".sql").is_some() {
        std::fs::read_to_string(text).unwrap()
    } else {
        text
    }
}

/// The strings among the arguments of the call that follows; none if it is but an import.
fn strings(rest: &[Token]) -> Option<Vec<String>> {
    let end = rest.iter().position(|token| token.is(";"))?;
    let call = rest[..end]
        .iter()
        .find_map(|token| token.group(Delimiter::Parenthesis))?;
    let strings = call.stream().into_iter().filter_map(|tree| match tree {
        TokenTree::Literal(literal) => syn::parse_str::<syn::LitStr>(&literal.to_string()).ok(),
        _ => None,
    });
    Some(strings.map(|literal| literal.value()).collect())
}

/// `module.verb` of a statement that begins with `-- module.verb`.
fn name(text: &str) -> Option<String> {
    let name = text.lines().next()?.strip_prefix("-- ")?;
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
    };
    let (module, verb) = name.split_once('.')?;
    (is_word(module) && is_word(verb)).then(|| name.to_owned())
}
