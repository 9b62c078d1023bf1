//! The house rules that no compiler checks, as a test: who may know whom, how long things may
//! get, where SQL and outside libraries may stand. Each fault names its place and what to do.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, and looks for one kind of token among many"
)]

#[path = "tidy/circles.rs"]
mod circles;
#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/places.rs"]
mod places;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/statements.rs"]
mod statements;
#[path = "tidy/texts.rs"]
mod texts;

use source::Source;

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n\n{}\n", faults.join("\n"));
}

#[test]
fn modules_know_only_the_floors_above_them() {
    none(&floors::faults(&Source::all("src")));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    none(&circles::faults(&Source::all("src")));
}

#[test]
fn files_and_functions_stay_small() {
    let beside = ["tests", "benches"].map(Source::all);
    let beside: Vec<Source> = beside.into_iter().flatten().collect();
    none(&sizes::faults(&Source::all("src"), &beside));
}

#[test]
fn libraries_and_sql_stay_in_their_places() {
    none(&places::faults(&Source::all("src")));
}

#[test]
fn statements_are_named_each_by_its_own_name() {
    none(&statements::faults(&Source::all("src")));
}

#[test]
fn modules_are_named_for_what_they_hold() {
    let sources = ["src", "tests", "benches"].map(Source::all);
    none(
        &sources
            .iter()
            .flatten()
            .filter_map(|source| texts::vague_name(&source.path))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn migrations_are_only_ever_added() {
    none(&texts::migration_faults());
}

#[test]
fn no_file_holds_leftovers() {
    none(&texts::leftovers());
}
