//! Tests of the reports and exports, each on a migrated database of its own.

use super::{exports, harness::run_on_database, ledger, proof, verify};

/// Makes a test of each function that takes a database.
macro_rules! on_database {
    ($($module:ident::$name:ident,)*) => {$(
        #[test]
        fn $name() {
            run_on_database($module::$name);
        }
    )*};
}

on_database! {
    ledger::an_intent_shows_its_entries,
    ledger::the_journal_pages,
    ledger::the_journal_narrows,
    ledger::balances_look_back,
    exports::both_formats_hold_every_posting,
    exports::control_totals_agree_with_the_trial_balance,
    exports::export_periods_are_half_open,
    proof::entries_of_two_versions_follow_each_other,
    verify::verify_names_every_damage,
    verify::every_column_of_an_entry_is_hashed,
    verify::a_cut_journal_is_found,
    verify::every_fault_is_named,
}
