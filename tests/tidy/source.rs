//! The source files, parsed, and their tokens without the parts that only tests compile.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use syn::{Attribute, Item};

/// One Rust file.
pub struct Source {
    /// Below the project, with `/`.
    pub path: String,
    /// As it is written.
    pub text: String,
    /// Its items; of `src`, those that are not for tests only.
    pub file: syn::File,
}

impl Source {
    /// All Rust files below `directory`, without those that only tests compile.
    pub fn all(directory: &str) -> Vec<Self> {
        let mut sources: Vec<Self> = files(Path::new(directory))
            .into_iter()
            .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
            .map(|path| Self::read(&path))
            .collect();
        if directory == "src" {
            let tests: HashSet<PathBuf> = sources.iter().flat_map(Self::test_files).collect();
            sources.retain(|source| !tests.contains(Path::new(&source.path)));
            for source in &mut sources {
                drop_tests(&mut source.file.items);
            }
        }
        sources
    }

    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let parsed = syn::parse_file(&text);
        Self {
            path: path.to_str().unwrap().to_owned(),
            file: parsed.unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            text,
        }
    }

    /// The module path: `["domain", "ledger", "store"]` for `src/domain/ledger/store.rs`.
    pub fn module(&self) -> Vec<&str> {
        let inside = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let parts = inside.split('/');
        parts
            .filter(|part| !["mod", "lib", "main"].contains(part))
            .collect()
    }

    /// All tokens in their order, groups flattened between their brackets.
    pub fn tokens(&self) -> Vec<Token> {
        let mut tokens = Vec::new();
        flatten(self.file.to_token_stream(), &mut tokens);
        tokens
    }

    /// The files of modules declared as `#[cfg(test)] mod name;`.
    fn test_files(&self) -> Vec<PathBuf> {
        let own = Path::new(&self.path);
        let directory = match own.file_stem().and_then(|stem| stem.to_str()) {
            Some("mod" | "lib" | "main") | None => own.parent().unwrap().to_owned(),
            Some(_) => own.with_extension(""),
        };
        let modules = self.file.items.iter().filter_map(|item| match item {
            Item::Mod(module) if is_test(&module.attrs) => Some(module.ident.to_string()),
            _ => None,
        });
        modules
            .flat_map(|name| [format!("{name}.rs"), format!("{name}/mod.rs")])
            .map(|file| directory.join(file))
            .collect()
    }
}

/// A token and the line it stands on.
pub struct Token {
    pub line: usize,
    pub tree: TokenTree,
}

impl Token {
    /// Whether it is this word or this sign.
    pub fn is(&self, text: &str) -> bool {
        match &self.tree {
            TokenTree::Ident(word) => word == text,
            TokenTree::Punct(sign) => text.len() == 1 && text.starts_with(sign.as_char()),
            TokenTree::Group(_) | TokenTree::Literal(_) => false,
        }
    }

    /// The word, if it is one.
    pub fn word(&self) -> Option<String> {
        match &self.tree {
            TokenTree::Ident(word) => Some(word.to_string()),
            _ => None,
        }
    }

    /// The group, if it is one with these brackets. Its tokens follow it in the list.
    pub fn group(&self, brackets: Delimiter) -> Option<&Group> {
        match &self.tree {
            TokenTree::Group(group) if group.delimiter() == brackets => Some(group),
            _ => None,
        }
    }
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        let inside = match &tree {
            TokenTree::Group(group) => Some(group.stream()),
            _ => None,
        };
        tokens.push(Token { line, tree });
        if let Some(inside) = inside {
            flatten(inside, tokens);
        }
    }
}

/// The words after `path ::` at `at`, one for a plain path, more for `path::{a, b::c}`.
pub fn heads(tokens: &[Token], at: usize) -> Vec<(String, usize)> {
    let Some([first, second, next]) = tokens.get(at + 1..at + 4) else {
        return Vec::new();
    };
    if !first.is(":") || !second.is(":") {
        return Vec::new();
    }
    let Some(group) = next.group(Delimiter::Brace) else {
        return next
            .word()
            .map(|word| (word, next.line))
            .into_iter()
            .collect();
    };
    let mut fresh = true;
    let mut found = Vec::new();
    for tree in group.stream() {
        if let (TokenTree::Ident(word), true) = (&tree, fresh) {
            found.push((word.to_string(), word.span().start().line));
        }
        fresh = matches!(&tree, TokenTree::Punct(sign) if sign.as_char() == ',');
    }
    found
}

/// The paths after `root ::` at `at`, two words deep: `[a]`, `[a, b]`, or one for each leaf of
/// `root::{a::{b, c}, d}`.
pub fn paths(tokens: &[Token], at: usize) -> Vec<(Vec<String>, usize)> {
    let rest: TokenStream = match tokens.get(at + 1..at + 3) {
        Some([first, second]) if first.is(":") && second.is(":") => tokens[at + 3..]
            .iter()
            .map(|token| token.tree.clone())
            .take(5)
            .collect(),
        _ => return Vec::new(),
    };
    leaves(rest, 2)
}

/// The first path of a stream, or all of the group that it begins with.
fn leaves(stream: TokenStream, depth: usize) -> Vec<(Vec<String>, usize)> {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    match trees.as_slice() {
        [TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Brace => {
            let inside: Vec<TokenTree> = group.stream().into_iter().collect();
            let parts = inside
                .split(|tree| matches!(tree, TokenTree::Punct(sign) if sign.as_char() == ','));
            parts
                .flat_map(|part| leaves(part.iter().cloned().collect(), depth))
                .collect()
        }
        [TokenTree::Ident(word), rest @ ..] => {
            let line = word.span().start().line;
            let below = match rest {
                [TokenTree::Punct(a), TokenTree::Punct(b), rest @ ..]
                    if depth > 1 && a.as_char() == ':' && b.as_char() == ':' =>
                {
                    leaves(rest.iter().cloned().collect(), depth - 1)
                }
                _ => Vec::new(),
            };
            let word = word.to_string();
            if below.is_empty() {
                return vec![(vec![word], line)];
            }
            let joined = below
                .into_iter()
                .map(|(path, line)| (std::iter::once(word.clone()).chain(path).collect(), line));
            joined.collect()
        }
        _ => Vec::new(),
    }
}

/// All files below a directory, in the order of their names.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let skipped = ["target", "node_modules", ".git", "threadpay-data"];
    paths.retain(|path| !skipped.iter().any(|name| path.ends_with(name)));
    let inside = |path: PathBuf| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    };
    paths.into_iter().flat_map(inside).collect()
}

fn drop_tests(items: &mut Vec<Item>) {
    items.retain(|item| match item {
        Item::Mod(module) => !is_test(&module.attrs),
        Item::Fn(function) => !is_test(&function.attrs),
        Item::Use(import) => !is_test(&import.attrs),
        Item::Impl(block) => !is_test(&block.attrs),
        _ => true,
    });
}

/// `#[cfg(test)]`, alone or with other conditions.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.meta.to_token_stream().to_string();
        attribute.path().is_ident("cfg") && text.contains("test") && !text.contains("not")
    })
}
