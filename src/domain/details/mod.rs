//! What a payment is about: what intents and links say of it alike.

use crate::{
    base::invalid::{Invalid, read_metadata, read_optional},
    domain::threads::Thread,
};
use std::collections::BTreeMap;

/// What a payment is about. It never changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// What it is for; the payer reads it.
    pub description: Option<String>,
    /// The merchant's own name for it.
    pub reference: Option<String>,
    /// Where it was asked for.
    pub thread: Option<Thread>,
    /// The merchant's own notes.
    pub metadata: BTreeMap<String, String>,
}

impl Details {
    /// These details as a request gives them, or the first field at fault. The reference has been
    /// read by its type.
    pub fn read(self) -> Result<Self, Invalid> {
        self.thread.iter().try_for_each(Thread::check)?;
        Ok(Self {
            description: read_optional("/description", self.description, 500)?,
            metadata: read_metadata(self.metadata)?,
            ..self
        })
    }
}
