//! What a merchant sends to make a link, and what a payer chooses on its page.

use super::{LinkTerms, Price, Usage};
use crate::{
    base::{
        invalid::{Invalid, ReferenceType, check_lifetime, read_reference},
        money::{
            Currency, Money,
            field::{self, AmountText, CurrencyCode},
        },
        problem::ProblemCode,
    },
    domain::{
        details::Details,
        rails::{Rail, Rails},
        threads::Thread,
    },
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Most tips that a link may offer.
const TIPS_MAX: usize = 6;

/// The body of `POST /v1/payment_links`. Either `amount` or `amount_options` is required.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// What the payer pays.
    #[serde(default)]
    #[schema(value_type = Option<AmountText>)]
    amount: Option<Value>,
    /// Of which currency.
    #[schema(value_type = CurrencyCode)]
    currency: String,
    /// Lets the payer choose the amount instead.
    #[serde(default)]
    amount_options: Option<AmountOptions>,
    /// Tips that the payer may choose from, zero among them if the payer may give none.
    #[serde(default)]
    #[schema(value_type = Option<Vec<AmountText>>, max_items = 6, example = json!(["0.00", "1.00", "2.00"]))]
    tip_options: Option<Vec<Value>>,
    /// `single` (the default) or `multi`.
    #[serde(default)]
    usage: Option<Usage>,
    /// Most payments of a `multi` link; no limit if left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000)]
    max_payments: Option<i64>,
    /// What the payment is for; the payer reads it. At most 500 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    description: Option<String>,
    /// Your own name for it, such as an order number. At most 200 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    reference: Option<String>,
    /// The registered form that the reference has. Its check digit is verified, and it may then
    /// look like a card number. It is not kept.
    #[serde(default)]
    reference_type: Option<ReferenceType>,
    /// Where in which chat it was asked for.
    #[serde(default)]
    thread: Option<Thread>,
    /// Your own notes.
    #[serde(default)]
    metadata: Option<BTreeMap<String, String>>,
    /// Seconds from now, 60 to 7776000; never expires if left out.
    #[serde(default)]
    #[schema(minimum = 60, maximum = 7_776_000)]
    expires_in: Option<i64>,
    /// The rails by which its payments may be paid, the one to offer first in front; all that fit if
    /// left out.
    #[serde(default)]
    #[schema(min_items = 1)]
    rails: Option<Vec<Rail>>,
}

/// The bounds of an amount that the payer chooses.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmountOptions {
    /// What the page suggests.
    #[serde(default)]
    #[schema(value_type = Option<AmountText>)]
    preset: Option<Value>,
    /// The least.
    #[schema(value_type = AmountText)]
    min: Value,
    /// The most.
    #[schema(value_type = AmountText)]
    max: Value,
}

impl LinkRequest {
    /// The terms of the link, or the first field at fault.
    pub fn parse(self) -> Result<LinkTerms, Invalid> {
        let currency = field::currency(&self.currency)?;
        let price = price(self.amount.as_ref(), self.amount_options.as_ref(), currency)?;
        let tips = tips(&self.tip_options.unwrap_or_default(), currency)?;
        let usage = self.usage.unwrap_or(Usage::Single);
        let max_payments = max_payments(usage, self.max_payments)?;
        let details = Details {
            description: self.description,
            reference: read_reference(self.reference, self.reference_type)?,
            thread: self.thread,
            metadata: self.metadata.unwrap_or_default(),
        };
        let lifetime = self.expires_in.map(check_lifetime).transpose()?;
        Ok(LinkTerms {
            price,
            tips,
            usage,
            max_payments,
            details: details.read()?,
            rails: Rails::parse(self.rails)?,
            lifetime,
        })
    }
}

fn price(
    amount: Option<&Value>,
    options: Option<&AmountOptions>,
    currency: Currency,
) -> Result<Price, Invalid> {
    match (amount, options) {
        (Some(amount), None) => field::amount("/amount", amount, currency).map(Price::Fixed),
        (None, Some(options)) => {
            let min = field::amount("/amount_options/min", &options.min, currency)?;
            let max = field::amount("/amount_options/max", &options.max, currency)?;
            let preset = options.preset.as_ref();
            let preset = preset
                .map(|preset| field::amount("/amount_options/preset", preset, currency))
                .transpose()?;
            if min.minor() > max.minor() {
                return Err(Invalid::field(
                    "/amount_options/max",
                    "must not be below min",
                ));
            }
            if preset.is_some_and(|preset| !(min.minor()..=max.minor()).contains(&preset.minor())) {
                return Err(Invalid::field(
                    "/amount_options/preset",
                    "must lie between min and max",
                ));
            }
            Ok(Price::Chosen { preset, min, max })
        }
        (Some(_), Some(_)) => Err(Invalid::field(
            "/amount_options",
            "goes instead of amount; send one of the two",
        )),
        (None, None) => Err(Invalid::field(
            "/amount",
            "is required, unless amount_options lets the payer choose",
        )),
    }
}

fn tips(options: &[Value], currency: Currency) -> Result<Vec<Money>, Invalid> {
    if options.len() > TIPS_MAX {
        return Err(Invalid::field(
            "/tip_options",
            format!("holds at most {TIPS_MAX} tips"),
        ));
    }
    let read = |(index, tip): (usize, &Value)| {
        field::amount_or_zero(&format!("/tip_options/{index}"), tip, currency)
    };
    let tips: Vec<Money> = options
        .iter()
        .enumerate()
        .map(read)
        .collect::<Result<_, _>>()?;
    if tips
        .iter()
        .zip(tips.iter().skip(1))
        .all(|(a, b)| a.minor() < b.minor())
    {
        Ok(tips)
    } else {
        Err(Invalid::field(
            "/tip_options",
            "must rise from one tip to the next",
        ))
    }
}

fn max_payments(usage: Usage, most: Option<i64>) -> Result<Option<u32>, Invalid> {
    let read = |most| {
        let most = u32::try_from(most).ok();
        let most = most.filter(|most| (1..=1_000_000).contains(most));
        most.ok_or_else(|| Invalid::field("/max_payments", "must be an integer from 1 to 1000000"))
    };
    match (usage, most.map(read).transpose()?) {
        (Usage::Single, None | Some(1)) => Ok(Some(1)),
        (Usage::Single, Some(_)) => Err(Invalid::field(
            "/max_payments",
            "of a single link is 1; use \"usage\": \"multi\"",
        )),
        (Usage::Multi, most) => Ok(most),
    }
}

/// What the payer pays: the price with the chosen tip, which must be one of those offered.
/// Returns the total and the tip in it.
pub fn choose_amount(
    terms: &LinkTerms,
    amount: Option<Money>,
    tip: Option<Money>,
) -> Result<(Money, Option<Money>), Invalid> {
    let wrong = |param, detail: String| Invalid::coded(ProblemCode::InvalidAmount, param, detail);
    let base = match (terms.price, amount) {
        (Price::Fixed(price), None) => price,
        (Price::Fixed(price), Some(amount)) if amount == price => price,
        (Price::Fixed(_), Some(_)) => {
            return Err(wrong(
                "/amount",
                "the amount of this link is fixed".to_owned(),
            ));
        }
        (Price::Chosen { min, max, .. }, Some(amount))
            if amount.currency() == min.currency()
                && (min.minor()..=max.minor()).contains(&amount.minor()) =>
        {
            amount
        }
        (Price::Chosen { min, max, .. }, _) => {
            return Err(wrong(
                "/amount",
                format!("choose an amount from {min} to {max} {}", min.currency()),
            ));
        }
    };
    match tip {
        None => Ok((base, None)),
        Some(tip) if terms.tips.contains(&tip) => {
            let total = base
                .checked_add(tip)
                .map_err(|e| wrong("/tip", e.to_string()))?;
            Ok((total, Some(tip)))
        }
        Some(_) => Err(wrong(
            "/tip",
            "choose one of the tips that are offered".to_owned(),
        )),
    }
}
