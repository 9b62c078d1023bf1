//! A payment link as the API gives it.

use super::{Link, LinkStatus, Price, Usage};
use crate::{ids::LinkId, rails::Rail, threads::Thread, timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// A payment link.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PaymentLink {
    id: LinkId,
    /// Always `payment_link`.
    object: &'static str,
    livemode: bool,
    status: LinkStatus,
    /// The address of the page that takes the payment.
    url: String,
    /// What the payer pays; null where the payer chooses.
    amount: Option<String>,
    currency: &'static str,
    amount_options: Option<ChosenAmount>,
    tip_options: Vec<String>,
    usage: Usage,
    max_payments: Option<u32>,
    /// Payments that succeeded.
    payments_count: u32,
    description: Option<String>,
    reference: Option<String>,
    thread: Option<Thread>,
    rail: Rail,
    metadata: BTreeMap<String, String>,
    #[schema(value_type = Option<String>, format = "date-time")]
    expires_at: Option<String>,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

/// The bounds of an amount that the payer chooses.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ChosenAmount {
    preset: Option<String>,
    min: String,
    max: String,
}

impl PaymentLink {
    /// The link at `now`, with the address of its page as given.
    pub fn new(link: &Link, url: String, now: OffsetDateTime) -> Self {
        let terms = &*link.terms;
        let (amount, amount_options, currency) = match terms.price {
            Price::Fixed(amount) => (Some(amount.to_string()), None, amount.currency()),
            Price::Chosen { preset, min, max } => {
                let preset = preset.map(|preset| preset.to_string());
                let options = ChosenAmount {
                    preset,
                    min: min.to_string(),
                    max: max.to_string(),
                };
                (None, Some(options), min.currency())
            }
        };
        Self {
            id: link.id,
            object: "payment_link",
            livemode: false,
            status: link.status_at(now),
            url,
            amount,
            currency: currency.code(),
            amount_options,
            tip_options: terms.tips.iter().map(ToString::to_string).collect(),
            usage: terms.usage,
            max_payments: terms.max_payments,
            payments_count: link.payments,
            description: terms.description.clone(),
            reference: terms.reference.clone(),
            thread: terms.thread.clone(),
            rail: terms.rail,
            metadata: terms.metadata.clone(),
            expires_at: link.expires_at().map(timestamp::format),
            created_at: link.created_at,
            updated_at: link.updated_at,
        }
    }
}
