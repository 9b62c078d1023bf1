//! A page of a list, newest first.

use serde::Serialize;
use utoipa::ToSchema;

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// Always `list`.
    #[schema(example = "list")]
    pub object: &'static str,
    /// The objects.
    pub data: Vec<T>,
    /// Whether there are more beyond this page, in the direction of paging.
    pub has_more: bool,
}

impl<T> List<T> {
    /// One page.
    pub fn page(data: Vec<T>, has_more: bool) -> Self {
        Self {
            object: "list",
            data,
            has_more,
        }
    }

    /// All there is.
    pub fn whole(data: Vec<T>) -> Self {
        Self::page(data, false)
    }
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor<Id> {
    /// At the newest.
    Newest,
    /// Below this one: what is older.
    After(Id),
    /// Above this one: what is newer.
    Before(Id),
}

/// Which page of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging<Id> {
    /// At most so many objects: 1 to 100.
    pub limit: u8,
    /// Where it begins.
    pub cursor: Cursor<Id>,
}
