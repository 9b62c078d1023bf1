//! What an entry tells of where it came from, beside its money: as it was when it was booked.

use crate::base::{
    ids::{IntentId, LinkId},
    money::Money,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where an entry came from; empty where nothing is behind it but the caller who booked it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The printed id of what moved the money: an attempt.
    pub cause: Option<String>,
    /// The payment intent.
    pub payment_intent: Option<IntentId>,
    /// The link that the payer came by.
    pub payment_link: Option<LinkId>,
    /// The bot's own name for the payment.
    pub reference: Option<String>,
    /// Where in a chat the money was asked for.
    pub thread: Option<ThreadPlace>,
    /// What it was for.
    pub description: Option<String>,
    /// The rail that moved the money.
    pub rail: Option<String>,
    /// What the payer paid with.
    pub payment_method: Option<String>,
    /// The part of a captured amount that is a tip.
    pub tip: Option<Money>,
    /// What the rail took of it.
    pub fee: Option<Money>,
}

/// A place in a chat. It prints as `channel:tenant/conversation/thread`, parts that are not
/// there left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
