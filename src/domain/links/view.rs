//! A payment link as the API gives it.

use super::{Link, LinkStatus, Price, Usage};
use crate::{
    base::{ids::LinkId, mode::Mode, timestamp},
    domain::{rails::Rail, threads::Thread},
};
use serde::Serialize;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// A payment link.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PaymentLink {
    /// Its id.
    id: LinkId,
    /// Always `payment_link`.
    object: &'static str,
    /// Whether real money moves.
    livemode: bool,
    /// Its status.
    status: LinkStatus,
    /// The address of the page that takes the payment.
    url: String,
    /// What the payer pays; null where the payer chooses.
    amount: Option<String>,
    /// ISO 4217 code.
    currency: &'static str,
    /// The bounds, where the payer chooses the amount.
    amount_options: Option<ChosenAmount>,
    /// Tips that the payer may choose from.
    tip_options: Vec<String>,
    /// Whether it takes one payment or many.
    usage: Usage,
    /// Most payments that it takes; null for no limit.
    max_payments: Option<u32>,
    /// Payments that succeeded.
    payments_count: u32,
    /// What the payment is for, in your words; the payer reads it.
    description: Option<String>,
    /// Your own name for it.
    reference: Option<String>,
    /// Where it was asked for.
    thread: Option<Thread>,
    /// The rails by which its payments may be paid; null for all that fit.
    rails: Option<Vec<Rail>>,
    /// Your own notes.
    metadata: BTreeMap<String, String>,
    /// Until when no attempt to pay is taken, since too many were declined; null while attempts are
    /// taken.
    #[schema(value_type = Option<String>, format = "date-time")]
    attempts_blocked_until: Option<String>,
    /// From when on it takes no payment any more; null for never.
    #[schema(value_type = Option<String>, format = "date-time")]
    expires_at: Option<String>,
    /// When it was made.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    /// When it last changed.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

/// The bounds of an amount that the payer chooses.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ChosenAmount {
    /// What the page suggests.
    preset: Option<String>,
    /// The least, in major units.
    min: String,
    /// The most, in major units.
    max: String,
}

impl PaymentLink {
    /// The link at `now`, with the address of its page as given.
    pub fn new(link: &Link, mode: Mode, url: String, now: OffsetDateTime) -> Self {
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
            livemode: mode.is_live(),
            status: link.status_at(now),
            url,
            amount,
            currency: currency.code(),
            amount_options,
            tip_options: terms.tips.iter().map(ToString::to_string).collect(),
            usage: terms.usage,
            max_payments: terms.max_payments,
            payments_count: link.payments,
            description: terms.details.description.clone(),
            reference: terms.details.reference.clone(),
            thread: terms.details.thread.clone(),
            rails: terms.rails.listed().map(<[Rail]>::to_vec),
            metadata: terms.details.metadata.clone(),
            attempts_blocked_until: link.declines.up_until(now).map(timestamp::format),
            expires_at: link.expires_at().map(timestamp::format),
            created_at: link.created_at,
            updated_at: link.updated_at,
        }
    }
}
