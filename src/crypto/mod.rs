//! (being built)
pub mod hash;
