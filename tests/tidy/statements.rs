//! Every SQL statement begins with a comment that names it, so that it can be found again in
//! the database's own statistics and logs; it names its columns, so that a column that the next
//! version adds changes nothing for this one; and it can be read without scrolling sideways.

use super::source::{Source, Token};
use proc_macro2::{Delimiter, TokenTree};
use std::collections::HashMap;

/// Columns of the longest line.
const WIDTH: usize = 100;

pub fn faults(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut places = HashMap::new();
    for statement in sources.iter().flat_map(statements) {
        let place = statement.place;
        let text = statement.text.as_deref();
        faults.extend(
            text.and_then(unnamed_columns)
                .map(|fault| format!("{place}: {fault}: name the columns, also of subqueries")),
        );
        let longest = text
            .into_iter()
            .flat_map(str::lines)
            .map(|line| line.chars().count())
            .max();
        if longest > Some(WIDTH) {
            faults.push(format!(
                "{place}: a line of the SQL is longer than {WIDTH} columns: break it"
            ));
        }
        match text.map(name) {
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

/// The calls of `sqlx::query…`, as functions and as macros, and of `query_listed!`, which makes one.
fn statements(source: &Source) -> Vec<Statement> {
    let tokens = source.tokens();
    let calls = tokens.windows(4).enumerate().filter(|(at, window)| {
        let is_query = window[3]
            .word()
            .is_some_and(|word| word.starts_with("query"));
        let is_of_sqlx = window[0].is("sqlx") && window[1].is(":") && window[2].is(":");
        let next = tokens.get(at + 4);
        let is_listed = window[3].is("query_listed") && next.is_some_and(|token| token.is("!"));
        (is_query && is_of_sqlx && !source.path.ends_with("db/listed.rs")) || is_listed
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

/// Where a statement takes whatever columns a table has.
fn unnamed_columns(text: &str) -> Option<String> {
    let lines = text.lines().map(|line| line.split("--").next().unwrap());
    let sql = lines.collect::<Vec<_>>().join(" ");
    let words: Vec<&str> = sql.split_whitespace().collect();
    let star = sql.match_indices('*').find(|(at, _)| {
        let before = sql[..*at].trim_end();
        let word = before.rsplit(|c: char| !c.is_ascii_alphabetic()).next();
        let is_list = |word: &str| ["SELECT", "ALL", "DISTINCT", "RETURNING"].contains(&word);
        before.ends_with(['.', ',']) || word.is_some_and(is_list)
    });
    let insert = words.windows(4).find(|words| {
        words[..2] == ["INSERT", "INTO"] && !(words[2].contains('(') || words[3].starts_with('('))
    });
    let star = star.map(|(at, _)| format!("`{}*`", &sql[at.saturating_sub(10)..at]));
    star.or(insert.map(|words| format!("`{}`", words.join(" "))))
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

#[test]
fn a_statement_names_its_columns() {
    for named in [
        "-- a.b\nSELECT a, count(*), 4 * b, sum(c)*2 FROM t -- all of t.*",
        "INSERT INTO t (a) VALUES ($1) RETURNING a",
        "INSERT INTO t(a) SELECT b FROM u",
    ] {
        assert_eq!(unnamed_columns(named), None);
    }
    for unnamed in [
        "SELECT * FROM t",
        "SELECT a FROM t CROSS JOIN LATERAL (SELECT * FROM u) u",
        "SELECT a, t.* FROM t",
        "SELECT DISTINCT * FROM t",
        "DELETE FROM t RETURNING *",
        "INSERT INTO t SELECT a FROM u",
        "INSERT INTO t VALUES ($1)",
    ] {
        assert!(unnamed_columns(unnamed).is_some(), "{unnamed}");
    }
}
