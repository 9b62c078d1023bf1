//! The budgets. They are a ratchet: they only ever tighten.

use super::source::Source;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, FnArg, ImplItemFn, ItemFn, Signature, TraitItemFn, Type};

const FILE_MAXIMUM: usize = 400;
const FILE_MEDIAN: usize = 120;
const FUNCTION_MAXIMUM: usize = 70;
const FUNCTION_NINE_IN_TEN: usize = 35;
const FUNCTION_MEDIAN: usize = 12;
const PARAMETERS: usize = 5;
/// Lines of documentation in a hundred lines.
const DOCUMENTATION: std::ops::RangeInclusive<usize> = 10..=20;

pub fn faults(sources: &[Source], tests: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources.iter().chain(tests) {
        let lines = lines(source);
        if lines > FILE_MAXIMUM {
            let path = &source.path;
            faults.push(format!(
                "{path}:1: {lines} lines, at most {FILE_MAXIMUM}: split it by verb or type"
            ));
        }
    }
    let functions: Vec<Function> = sources.iter().flat_map(functions).collect();
    faults.extend(functions.iter().filter_map(Function::fault));
    let files = sources.iter().map(lines).collect();
    faults.extend(share("files", 50, files, FILE_MEDIAN));
    let lengths = || functions.iter().map(|function| function.lines).collect();
    faults.extend(share("functions", 50, lengths(), FUNCTION_MEDIAN));
    faults.extend(share("functions", 90, lengths(), FUNCTION_NINE_IN_TEN));
    faults.extend(documentation(sources));
    faults
}

fn lines(source: &Source) -> usize {
    source.text.lines().count()
}

/// A fault if more than the allowed share is longer than `limit`.
fn share(what: &str, percent: usize, mut lengths: Vec<usize>, limit: usize) -> Option<String> {
    lengths.sort_unstable();
    let found = *lengths.get(lengths.len() * percent / 100)?;
    (found > limit).then(|| {
        format!("src:1: {percent} % of all {what} should have at most {limit} lines, not {found}")
    })
}

fn documentation(sources: &[Source]) -> Option<String> {
    let all: usize = sources.iter().map(lines).sum();
    let is_documentation = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("///") || line.starts_with("//!")
    };
    let documented = sources.iter().flat_map(|source| source.text.lines());
    let documented = documented.filter(is_documentation).count();
    let found = documented * 100 / all.max(1);
    (!DOCUMENTATION.contains(&found)).then(|| {
        format!("src:1: {found} of 100 lines are documentation, should be {DOCUMENTATION:?}")
    })
}

struct Function {
    place: String,
    name: String,
    lines: usize,
    parameters: usize,
}

impl Function {
    fn fault(&self) -> Option<String> {
        let Self { place, name, .. } = self;
        if self.lines > FUNCTION_MAXIMUM {
            let lines = self.lines;
            Some(format!(
                "{place}: `{name}` has {lines} lines, at most {FUNCTION_MAXIMUM}: give its parts names"
            ))
        } else if self.parameters > PARAMETERS {
            let parameters = self.parameters;
            Some(format!(
                "{place}: `{name}` has {parameters} parameters, at most {PARAMETERS}: make them a type; a tuple counts by its parts"
            ))
        } else {
            None
        }
    }
}

fn functions(source: &Source) -> Vec<Function> {
    let mut finder = Finder {
        path: &source.path,
        found: Vec::new(),
    };
    finder.visit_file(&source.file);
    finder.found
}

/// A parameter counts as one, a tuple as many as it has parts.
fn parameters(input: &FnArg) -> usize {
    match input {
        FnArg::Typed(input) => parts(&input.ty),
        FnArg::Receiver(_) => 1,
    }
}

fn parts(of: &Type) -> usize {
    match of {
        Type::Tuple(tuple) => tuple.elems.iter().map(parts).sum::<usize>().max(1),
        Type::Reference(reference) => parts(&reference.elem),
        _ => 1,
    }
}

struct Finder<'a> {
    path: &'a str,
    found: Vec<Function>,
}

impl Finder<'_> {
    fn add(&mut self, signature: &Signature, block: &Block) {
        let first = signature.span().start().line;
        self.found.push(Function {
            place: format!("{}:{first}", self.path),
            name: signature.ident.to_string(),
            lines: block.span().end().line - first + 1,
            parameters: signature.inputs.iter().map(parameters).sum(),
        });
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}
