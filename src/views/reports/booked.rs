//! A booked entry together with the conversation that it came from.

use crate::{
    base::ids::{IntentId, LinkId},
    domain::ledger::{JournalEntry, JournalEntryView},
};
use std::fmt;

/// A journal entry and what is known of its cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedEntry {
    /// The entry as it was booked.
    pub entry: JournalEntry,
    /// Its cause; empty where no payment intent is behind the entry.
    pub origin: Origin,
}

impl From<BookedEntry> for JournalEntryView {
    fn from(BookedEntry { entry, origin }: BookedEntry) -> Self {
        Self::new(entry, origin.thread.map(|thread| thread.to_string()))
    }
}

/// What the payment intent behind an entry says; all of it is fixed when the intent is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The payment intent.
    pub payment_intent: Option<IntentId>,
    /// The link that the payer came by.
    pub payment_link: Option<LinkId>,
    /// The bot's own name for the payment.
    pub reference: Option<String>,
    /// Where in a chat the money was asked for.
    pub thread: Option<ThreadPlace>,
}

/// A place in a chat. It prints as `channel:tenant/conversation/thread`, parts that are not
/// there left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadPlace {
    /// The messenger, such as `slack`.
    pub channel: String,
    /// The messenger's own tenant: a workspace or team.
    pub tenant: Option<String>,
    /// The chat or room.
    pub conversation: Option<String>,
    /// The thread within it.
    pub thread: Option<String>,
    /// The message that asked.
    pub message: Option<String>,
}

impl fmt::Display for ThreadPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.tenant, &self.conversation, &self.thread];
        let parts: Vec<&str> = parts.into_iter().filter_map(Option::as_deref).collect();
        write!(f, "{}:{}", self.channel, parts.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_prints_what_it_has() {
        let place = |tenant: Option<&str>, thread: Option<&str>| {
            let place = ThreadPlace {
                channel: "slack".into(),
                tenant: tenant.map(Into::into),
                conversation: Some("C1".into()),
                thread: thread.map(Into::into),
                message: Some("9".into()),
            };
            place.to_string()
        };
        assert_eq!(place(Some("T1"), Some("17.5")), "slack:T1/C1/17.5");
        assert_eq!(place(None, Some("77")), "slack:C1/77");
        assert_eq!(place(None, None), "slack:C1");
    }
}
