//! Parts of lists, and the rows that they are made of.

use uuid::Uuid;

/// A row of a list that a look gives: one that is wanted, or the last that it reads, or both.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Its id.
    pub id: Uuid,
    /// Whether the list holds it.
    pub is_wanted: bool,
    /// Whether as many rows as there may be were read up to it.
    pub is_last: bool,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<T> {
    /// What it holds, newest first.
    pub rows: Vec<T>,
    /// Whether there is more, or may be.
    pub has_more: bool,
    /// Where the look ended before the part was full: what comes next begins there.
    pub stopped_at: Option<Uuid>,
}

impl<T> Part<T> {
    /// The same part with these rows.
    pub fn with<U>(self, rows: Vec<U>) -> Part<U> {
        Part {
            rows,
            has_more: self.has_more,
            stopped_at: self.stopped_at,
        }
    }
}

impl Part<Uuid> {
    /// What the rows are loaded by, in their order.
    pub fn names<N>(&self, name: impl Fn(Uuid) -> N) -> Vec<N> {
        self.rows.iter().map(|id| name(*id)).collect()
    }
}
