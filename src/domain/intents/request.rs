//! What a bot sends to ask for money.

use super::{CaptureMethod, LineItem, LineItemKind, Terms};
use crate::{
    base::{
        invalid::{Invalid, ReferenceType, check_lifetime, read_reference, read_text},
        money::{
            Currency, Money, Total,
            field::{self, AmountText, CurrencyCode},
        },
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

/// Most lines of what is paid for.
const LINE_ITEMS_MAX: usize = 100;
/// How long an intent can be paid if the request does not say: a day, in seconds.
const LIFETIME_DEFAULT: i64 = 86_400;

/// The body of `POST /v1/payment_intents`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IntentRequest {
    /// How much.
    #[schema(value_type = AmountText)]
    amount: Value,
    /// Of which currency.
    #[schema(value_type = CurrencyCode)]
    currency: String,
    /// What it is for; the payer reads it. At most 500 characters.
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
    /// `automatic` (the default) takes the money at once, `manual` holds it for a capture.
    #[serde(default)]
    capture_method: Option<CaptureMethod>,
    /// Where in which chat it is asked for.
    #[serde(default)]
    thread: Option<Thread>,
    /// What is paid for. Items less discounts must sum to `amount`.
    #[serde(default)]
    #[schema(max_items = 100)]
    line_items: Option<Vec<LineItemRequest>>,
    /// Seconds in which it can be paid, 60 to 7776000; 86400 if left out.
    #[serde(default)]
    #[schema(minimum = 60, maximum = 7_776_000)]
    expires_in: Option<i64>,
    /// Your own notes.
    #[serde(default)]
    metadata: Option<BTreeMap<String, String>>,
    /// The rails by which it may be paid, the one to offer first in front; all that fit if left out.
    #[serde(default)]
    #[schema(min_items = 1)]
    rails: Option<Vec<Rail>>,
}

/// A line of what is paid for.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineItemRequest {
    /// What it is; the payer reads it. At most 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    label: String,
    /// How many, 1 to 1000000.
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: i64,
    /// The price of one, or what one takes off; zero is allowed.
    #[schema(value_type = AmountText)]
    unit_amount: Value,
    /// `item`, the default, is paid for; `discount` is taken off.
    #[serde(default)]
    kind: Option<LineItemKind>,
}

impl IntentRequest {
    /// The terms of the intent, or the first field at fault.
    pub fn parse(self) -> Result<Terms, Invalid> {
        let currency = field::currency(&self.currency)?;
        let amount = field::amount("/amount", &self.amount, currency)?;
        let details = Details {
            description: self.description,
            reference: read_reference(self.reference, self.reference_type)?,
            thread: self.thread,
            metadata: self.metadata.unwrap_or_default(),
        };
        let lifetime = check_lifetime(self.expires_in.unwrap_or(LIFETIME_DEFAULT))?;
        Ok(Terms {
            amount,
            tip: None,
            capture_method: self.capture_method.unwrap_or(CaptureMethod::Automatic),
            details: details.read()?,
            line_items: line_items(&self.line_items.unwrap_or_default(), amount)?,
            rails: Rails::parse(self.rails)?,
            payment_link: None,
            lifetime,
        })
    }
}

fn line_items(requests: &[LineItemRequest], amount: Money) -> Result<Vec<LineItem>, Invalid> {
    if requests.len() > LINE_ITEMS_MAX {
        return Err(Invalid::field(
            "/line_items",
            format!("holds at most {LINE_ITEMS_MAX} lines"),
        ));
    }
    let read = |(index, item)| line_item(index, item, amount.currency());
    let items: Vec<LineItem> = requests
        .iter()
        .enumerate()
        .map(read)
        .collect::<Result<_, _>>()?;
    let add = |sum: Total, item: &LineItem| sum + item.effect().times(item.quantity);
    let sum = items.iter().fold(Total::zero(amount.currency()), add);
    if items.is_empty() || sum == Total::from(amount) {
        Ok(items)
    } else {
        Err(Invalid::field(
            "/line_items",
            format!("sum to {sum}, but amount is {amount}; they must be equal"),
        ))
    }
}

fn line_item(
    index: usize,
    item: &LineItemRequest,
    currency: Currency,
) -> Result<LineItem, Invalid> {
    let label = read_text(&format!("/line_items/{index}/label"), &item.label, 200)?;
    let quantity = u32::try_from(item.quantity).ok();
    let quantity = quantity.filter(|quantity| (1..=1_000_000).contains(quantity));
    let quantity = quantity.ok_or_else(|| {
        let param = format!("/line_items/{index}/quantity");
        Invalid::field(param, "must be an integer from 1 to 1000000")
    })?;
    let unit_amount = field::amount_or_zero(
        &format!("/line_items/{index}/unit_amount"),
        &item.unit_amount,
        currency,
    )?;
    Ok(LineItem {
        kind: item.kind.unwrap_or(LineItemKind::Item),
        label,
        quantity,
        unit_amount,
    })
}
