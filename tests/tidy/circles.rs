//! No circle of files: whoever changes a file must be able to read what it rests on first.
//!
//! A name is followed to the file that makes it: through `use`, `pub use` and globs. A folder's
//! `mod.rs` speaks for the files below it, so they may use what it makes and it what they make.

use super::source::Source;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use syn::visit::Visit;
use syn::{Item, ItemUse, UseTree};

type Path = Vec<String>;

/// A module: its file, what it makes, and the names that it takes from elsewhere.
#[derive(Default)]
struct Module {
    file: String,
    made: BTreeSet<String>,
    /// A name here, and the path that it stands for.
    names: HashMap<String, Path>,
    /// Paths of which every name is taken.
    globs: Vec<Path>,
}

pub fn faults(sources: &[Source]) -> Vec<String> {
    let modules: HashMap<Path, Module> = sources.iter().map(module).collect();
    let imports: BTreeMap<String, BTreeSet<String>> = sources
        .iter()
        .map(|source| (source.path.clone(), imports(source, &modules)))
        .collect();
    circles(&imports)
        .iter()
        .map(|circle| fault(circle))
        .collect()
}

fn fault(circle: &[String]) -> String {
    let names = circle.join(" -> ");
    format!("{names} -> …: a circle of files; give what they share a file of its own")
}

fn own_path(source: &Source) -> Path {
    source.module().into_iter().map(str::to_owned).collect()
}

fn module(source: &Source) -> (Path, Module) {
    let path = own_path(source);
    let mut module = Module {
        file: source.path.clone(),
        ..Module::default()
    };
    for item in &source.file.items {
        module.made.extend(name_of(item));
    }
    for (taken, name) in uses(source) {
        let full = absolute(&path, &taken);
        if name == "*" {
            module.globs.push(full);
        } else {
            module.names.insert(name, full);
        }
    }
    (path, module)
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// All `use` of a file: the path that is taken, and the name it gets here.
fn uses(source: &Source) -> Vec<(Path, String)> {
    #[derive(Default)]
    struct Finder(Vec<(Path, String)>);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_item_use(&mut self, item: &'ast ItemUse) {
            flatten(&item.tree, &[], &mut self.0);
        }
    }
    let mut finder = Finder::default();
    finder.visit_file(&source.file);
    finder.0
}

fn flatten(tree: &UseTree, before: &[String], found: &mut Vec<(Path, String)>) {
    let with = |name: String| before.iter().cloned().chain([name]).collect::<Path>();
    match tree {
        UseTree::Path(path) => flatten(&path.tree, &with(path.ident.to_string()), found),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, before, found);
            }
        }
        UseTree::Name(name) if name.ident == "self" => {
            found.push((before.to_vec(), before.last().cloned().unwrap_or_default()));
        }
        UseTree::Name(name) => found.push((with(name.ident.to_string()), name.ident.to_string())),
        UseTree::Rename(name) => {
            found.push((with(name.ident.to_string()), name.rename.to_string()));
        }
        UseTree::Glob(_) => found.push((before.to_vec(), "*".to_owned())),
    }
}

/// A path as it is read in a module, from the crate's root; what begins elsewhere stays as it is.
fn absolute(module: &[String], path: &[String]) -> Path {
    match path.first().map(String::as_str) {
        Some("crate") => path[1..].to_vec(),
        Some("self") => [module, &path[1..]].concat(),
        Some("super") => {
            let above = &module[..module.len().saturating_sub(1)];
            if path.get(1).is_some_and(|next| next == "super") {
                absolute(above, &path[1..])
            } else {
                [above, &path[1..]].concat()
            }
        }
        _ => [module, path].concat(),
    }
}

/// The file that makes what a path names; none where it is a module itself, or not ours.
fn maker<'a>(path: &[String], modules: &'a HashMap<Path, Module>, steps: usize) -> Option<&'a str> {
    if modules.contains_key(path) || steps == 0 {
        return None;
    }
    let depth = (0..path.len())
        .rev()
        .find(|&depth| modules.contains_key(&path[..depth]))?;
    let (module, name) = (&modules[&path[..depth]], &path[depth]);
    let rest = &path[depth + 1..];
    if module.made.contains(name) {
        return Some(&module.file);
    }
    if let Some(taken) = module.names.get(name) {
        return maker(&[taken, rest].concat(), modules, steps - 1);
    }
    let mut globs = module.globs.iter();
    globs.find_map(|glob| {
        maker(
            &[glob.as_slice(), &path[depth..]].concat(),
            modules,
            steps - 1,
        )
    })
}

/// The files that a file rests on.
fn imports(source: &Source, modules: &HashMap<Path, Module>) -> BTreeSet<String> {
    let own = own_path(source);
    let mut paths: Vec<Path> = Vec::new();
    for item in &source.file.items {
        match item {
            Item::Use(item) if !matches!(item.vis, syn::Visibility::Inherited) => {}
            Item::Mod(_) => {}
            item => paths_in(quote::ToTokens::to_token_stream(item), &mut paths),
        }
    }
    let private = source.file.items.iter().filter_map(|item| match item {
        Item::Use(item) if matches!(item.vis, syn::Visibility::Inherited) => Some(item),
        _ => None,
    });
    for item in private {
        let mut found = Vec::new();
        flatten(&item.tree, &[], &mut found);
        paths.extend(found.into_iter().map(|(path, _)| path));
    }
    let makers = paths
        .iter()
        .filter_map(|path| maker(&absolute(&own, path), modules, 8));
    let speaks_for = source.path.strip_suffix("mod.rs").unwrap_or(&source.path);
    let others = makers.filter(|file| !file.starts_with(speaks_for));
    others.map(str::to_owned).collect()
}

/// All paths of two words or more in a piece of code.
fn paths_in(stream: TokenStream, found: &mut Vec<Path>) {
    let mut path: Path = Vec::new();
    let mut colons = 0;
    for tree in stream {
        match &tree {
            TokenTree::Ident(word) if path.is_empty() || colons == 2 => path.push(word.to_string()),
            TokenTree::Punct(sign) if sign.as_char() == ':' && !path.is_empty() && colons < 2 => {
                colons += 1;
                continue;
            }
            other => {
                found.extend((path.len() > 1).then(|| path.clone()));
                path.clear();
                if let TokenTree::Ident(word) = other {
                    path.push(word.to_string());
                }
            }
        }
        colons = 0;
        if let TokenTree::Group(group) = tree {
            paths_in(group.stream(), found);
        }
    }
    found.extend((path.len() > 1).then_some(path));
}

/// One circle for each set of files that reach each other, the shortest through its first file.
fn circles(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for file in imports.keys() {
        if seen.contains(file) {
            continue;
        }
        if let Some(circle) = shortest_back(file, imports) {
            seen.extend(circle.iter().cloned());
            found.push(circle);
        }
    }
    found
}

/// The shortest way from a file to itself.
fn shortest_back(start: &str, imports: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut reached = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in way
                .last()
                .and_then(|last| imports.get(last))
                .into_iter()
                .flatten()
            {
                if next == start {
                    return Some(way);
                }
                if reached.insert(next.clone()) {
                    longer.push(way.iter().cloned().chain([next.clone()]).collect());
                }
            }
        }
        ways = longer;
    }
    None
}
