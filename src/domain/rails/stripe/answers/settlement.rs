//! What Stripe booked, and whether an account is set up.

use super::{
    super::{ObjectId, Seen},
    Expandable, Identified, Link,
    metadata::{Metadata, attempt},
};
use crate::base::ids::AttemptId;
use serde::Deserialize;
use time::OffsetDateTime;

/// A movement of the balance. Its currency is that of the balance, which may be another than that
/// of the payment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BalanceTransaction {
    /// Its id.
    pub id: ObjectId,
    /// Such as `charge`, `payment`, `refund`, `adjustment`, `payout`, `payout_failure`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for people who close books, such as `charge`, `dispute`, `fee`.
    pub reporting_category: Option<String>,
    amount: i64,
    fee: i64,
    net: i64,
    currency: String,
    /// The charge, the refund, the dispute or the payout that it is about.
    pub source: Option<Source>,
    /// When it happened.
    #[serde(with = "time::serde::timestamp")]
    pub created: OffsetDateTime,
    /// When it can be paid out.
    #[serde(with = "time::serde::timestamp")]
    pub available_on: OffsetDateTime,
}

impl BalanceTransaction {
    /// What came in before the fee; below zero if it went out.
    pub fn amount(&self) -> Seen {
        self.seen(self.amount)
    }

    /// What Stripe keeps of it; below zero if it gave some back.
    pub fn fee(&self) -> Seen {
        self.seen(self.fee)
    }

    /// The amount less the fee, which is what the balance changed by.
    pub fn net(&self) -> Seen {
        self.seen(self.net)
    }

    fn seen(&self, smallest: i64) -> Seen {
        let currency = self.currency.clone();
        Seen { smallest, currency }
    }
}

impl Identified for BalanceTransaction {
    fn id(&self) -> &ObjectId {
        &self.id
    }
}

/// What a movement of the balance is about, with what it names where that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Expandable<SourceObject>")]
pub struct Source {
    /// Its id.
    pub id: ObjectId,
    /// The payment that it is a try of, gives back or takes back.
    pub payment_intent: Option<Link>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct SourceObject {
    id: ObjectId,
    payment_intent: Option<Link>,
    metadata: Option<Metadata>,
}

impl From<Expandable<SourceObject>> for Source {
    fn from(found: Expandable<SourceObject>) -> Self {
        match found {
            Expandable::Id(id) => Self {
                id,
                payment_intent: None,
                metadata: None,
            },
            Expandable::Object(object) => Self {
                id: object.id,
                payment_intent: object.payment_intent,
                metadata: object.metadata,
            },
        }
    }
}

impl Source {
    /// Our attempt that it was made by, if it names one.
    pub fn attempt(&self) -> Option<AttemptId> {
        attempt(self.metadata.as_ref())
    }
}

/// Money on its way to the merchant's bank account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Payout {
    /// Its id.
    pub id: ObjectId,
    amount: i64,
    currency: String,
    /// `pending`, `in_transit`, `paid`, `failed` or `canceled`. One that is paid may fail later.
    pub status: String,
    /// `completed` once all that it pays out is known; `not_applicable` of one that the merchant
    /// made, of which Stripe does not say what it pays out.
    pub reconciliation_status: Option<String>,
    /// The day it arrives.
    #[serde(with = "time::serde::timestamp")]
    pub arrival_date: OffsetDateTime,
    /// When it was made.
    #[serde(with = "time::serde::timestamp")]
    pub created: OffsetDateTime,
}

impl Payout {
    /// What arrives; below zero if it is taken from the bank account.
    pub fn amount(&self) -> Seen {
        let (smallest, currency) = (self.amount, self.currency.clone());
        Seen { smallest, currency }
    }
}

/// The balance of an account, of which only the mode is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Balance {
    /// Whether the key is one of live mode.
    pub livemode: bool,
}

/// Where snapshot events are sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WebhookEndpoint {
    /// Its id.
    pub id: ObjectId,
    /// Where to.
    pub url: String,
    /// `enabled` or `disabled`.
    pub status: String,
    /// What is sent, such as `checkout.session.completed`, or `*` for nearly everything.
    #[serde(default)]
    pub enabled_events: Vec<String>,
}

impl WebhookEndpoint {
    /// Whether events are sent to this address.
    pub fn sends_to(&self, url: &str) -> bool {
        self.status == "enabled" && self.url == url
    }
}

/// Where events are sent, thin ones too: a list of the second API.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EventDestinations {
    /// What is on this page.
    pub data: Vec<EventDestination>,
    /// Where the next page is, if there is one.
    pub next_page_url: Option<String>,
}

/// Where events are sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EventDestination {
    status: String,
    webhook_endpoint: Option<Destination>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Destination {
    url: Option<String>,
}

impl EventDestination {
    /// Whether events are sent to this address.
    pub fn sends_to(&self, url: &str) -> bool {
        let endpoint = self.webhook_endpoint.as_ref();
        let own = endpoint.and_then(|endpoint| endpoint.url.as_deref());
        self.status == "enabled" && own == Some(url)
    }
}

impl Identified for WebhookEndpoint {
    fn id(&self) -> &ObjectId {
        &self.id
    }
}
