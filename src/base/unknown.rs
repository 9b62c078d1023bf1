//! Names that were looked for and not found, so that a flood of one costs a query now and then. A
//! name that we give out is made from chance together with what it names, and is shown once that is
//! committed: so one that was asked for before never comes to name something.

use moka::future::Cache;
use std::{hash::Hash, time::Duration};

/// How long a name is remembered.
const LIFE: Duration = Duration::from_secs(10);
/// Most names that are remembered.
const SIZE: u64 = 10_000;

/// Remembers names that name nothing.
#[derive(Clone, Debug)]
pub struct Unknown<Name: Eq + Hash + Send + Sync + 'static>(Cache<Name, ()>);

impl<Name: Eq + Hash + Send + Sync + 'static> Default for Unknown<Name> {
    fn default() -> Self {
        let cache = Cache::builder().time_to_live(LIFE).max_capacity(SIZE);
        Self(cache.build())
    }
}

impl<Name: Eq + Hash + Send + Sync + 'static> Unknown<Name> {
    /// Whether the name was looked for lately and not found.
    pub fn holds(&self, name: &Name) -> bool {
        self.0.contains_key(name)
    }

    /// Remembers the name.
    pub async fn add(&self, name: Name) {
        self.0.insert(name, ()).await;
    }
}
