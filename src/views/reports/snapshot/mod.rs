//! One picture of the books, for what is read in several statements.

mod store;

pub use store::{settled_until, snapshot};
