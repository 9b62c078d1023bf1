//! Attempts that are old and not final.

pub(super) mod store;
