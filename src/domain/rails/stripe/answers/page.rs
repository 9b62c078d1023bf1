//! Lists, a page at a time.

use super::{super::ObjectId, Identified};
use serde::Deserialize;

/// Some of a list, the latest first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Page<T> {
    /// What is on this page.
    pub data: Vec<T>,
    /// Whether another page follows.
    pub has_more: bool,
}

impl<T: Identified> Page<T> {
    /// What the next page comes after, if there is one.
    pub fn next(&self) -> Option<&ObjectId> {
        let last = self.data.last().map(Identified::id);
        last.filter(|_| self.has_more)
    }
}
