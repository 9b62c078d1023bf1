//! Payment intents as the columns of their table, for the statements that store them.

use super::{CancellationReason, Intent, LineItem, LineItemKind, Opening, State};
use crate::{base::money::Money, domain::rails::CallKind};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

/// A line of what is paid for, as it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredLine {
    /// Left out of items: most lines are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<LineItemKind>,
    pub(super) label: String,
    pub(super) quantity: u32,
    pub(super) unit_amount: i64,
}

/// What changes in intents.
#[derive(Debug)]
pub struct Mutable {
    /// Whose they are.
    pub merchants: Vec<Uuid>,
    /// Their ids.
    pub ids: Vec<Uuid>,
    /// Where they stand.
    pub statuses: Vec<&'static str>,
    /// What was authorized, in minor units; the sums below likewise.
    pub authorized: Vec<i64>,
    /// What was captured.
    pub captured: Vec<i64>,
    /// What went back.
    pub refunded: Vec<i64>,
    /// What is on its way back.
    pub refunding: Vec<i64>,
    /// The attempts that they wait for.
    pub attempts: Vec<Option<Uuid>>,
    /// What these ask of the rail.
    pub kinds: Vec<Option<&'static str>>,
    /// The attempts that the rail knows their charges by.
    pub charges: Vec<Option<Uuid>>,
    /// Why their last attempts failed, as JSON.
    pub errors: Vec<Option<String>>,
    /// Why they were canceled.
    pub reasons: Vec<Option<&'static str>>,
    /// How many events there are of each.
    pub sequences: Vec<i32>,
    /// When they last changed.
    pub updated: Vec<OffsetDateTime>,
}

/// What changes in these intents.
pub fn mutable(intents: &[&Intent]) -> Mutable {
    let open = || intents.iter().map(|i| open_attempt(i.state));
    Mutable {
        merchants: intents.iter().map(|i| i.merchant.0).collect(),
        ids: intents.iter().map(|i| i.id.0).collect(),
        statuses: intents.iter().map(|i| i.state.status().as_str()).collect(),
        authorized: intents.iter().map(|i| i.sums.authorized.minor()).collect(),
        captured: intents.iter().map(|i| i.sums.captured.minor()).collect(),
        refunded: intents.iter().map(|i| i.sums.refunded.minor()).collect(),
        refunding: intents.iter().map(|i| i.sums.refunding.minor()).collect(),
        attempts: open().map(|o| o.0).collect(),
        kinds: open().map(|o| o.1.map(CallKind::as_str)).collect(),
        charges: intents.iter().map(|i| i.charge.map(|c| c.0)).collect(),
        errors: intents.iter().map(|i| i.last_error.map(json)).collect(),
        reasons: open()
            .map(|o| o.2.map(CancellationReason::as_str))
            .collect(),
        sequences: intents.iter().map(|i| i.event_sequence).collect(),
        updated: intents.iter().map(|i| i.updated_at).collect(),
    }
}

fn open_attempt(state: State) -> (Option<Uuid>, Option<CallKind>, Option<CancellationReason>) {
    match state {
        State::Processing(attempt, Opening::Charge) | State::RequiresAction(attempt) => {
            (Some(attempt.0), Some(CallKind::Charge), None)
        }
        State::Processing(attempt, Opening::Capture) => {
            (Some(attempt.0), Some(CallKind::Capture), None)
        }
        State::Processing(attempt, Opening::Void(reason)) => {
            (Some(attempt.0), Some(CallKind::Void), reason)
        }
        State::Canceled(reason) => (None, None, reason),
        State::RequiresPayment | State::RequiresCapture | State::Succeeded | State::Expired => {
            (None, None, None)
        }
    }
}

/// What never changes in intents.
#[derive(Debug)]
pub struct Immutable<'a> {
    /// ISO 4217 codes.
    pub currencies: Vec<&'static str>,
    /// What is asked for, in minor units.
    pub amounts: Vec<i64>,
    /// The part of it that is a tip.
    pub tips: Vec<Option<i64>>,
    /// Whether money is taken at once or held.
    pub methods: Vec<&'static str>,
    /// What they are for.
    pub descriptions: Vec<Option<&'a str>>,
    /// The merchants' own names for them.
    pub references: Vec<Option<&'a str>>,
    /// Where they were asked for, as JSON.
    pub threads: Vec<Option<String>>,
    /// What is paid for, as JSON.
    pub lines: Vec<String>,
    /// The merchants' own notes, as JSON.
    pub metadata: Vec<String>,
    /// The rails that take the payments.
    pub rails: Vec<&'static str>,
    /// The links that they were made through.
    pub links: Vec<Option<Uuid>>,
    /// From when on they cannot be paid any more.
    pub expires: Vec<OffsetDateTime>,
    /// When they were made.
    pub created: Vec<OffsetDateTime>,
}

/// What never changes in these intents.
pub fn immutable<'a>(intents: &[&'a Intent]) -> Immutable<'a> {
    let terms = || intents.iter().map(|i| &*i.terms);
    Immutable {
        currencies: terms().map(|t| t.amount.currency().code()).collect(),
        amounts: terms().map(|t| t.amount.minor()).collect(),
        tips: terms().map(|t| t.tip.map(Money::minor)).collect(),
        methods: terms().map(|t| t.capture_method.as_str()).collect(),
        descriptions: terms().map(|t| t.description.as_deref()).collect(),
        references: terms().map(|t| t.reference.as_deref()).collect(),
        threads: terms().map(|t| t.thread.as_ref().map(json)).collect(),
        lines: terms().map(|t| stored_lines(&t.line_items)).collect(),
        metadata: terms().map(|t| json(&t.metadata)).collect(),
        rails: terms().map(|t| t.rail.as_str()).collect(),
        links: terms().map(|t| t.payment_link.map(|l| l.0)).collect(),
        expires: intents.iter().map(|i| i.expires_at()).collect(),
        created: intents.iter().map(|i| i.created_at).collect(),
    }
}

fn json<T: Serialize>(value: T) -> String {
    serde_json::to_string(&value).unwrap_or_default()
}

fn stored_lines(items: &[LineItem]) -> String {
    let line = |i: &LineItem| StoredLine {
        kind: Some(i.kind).filter(|kind| *kind != LineItemKind::Item),
        label: i.label.clone(),
        quantity: i.quantity,
        unit_amount: i.unit_amount.minor(),
    };
    json(items.iter().map(line).collect::<Vec<_>>())
}
