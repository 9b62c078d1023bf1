//! Payment intents as the columns of their table: how they are read, and what is stored of them.

use super::{
    CancellationReason, Ending, Intent, LastError, LineItem, LineItemKind, Opening, State, Status,
    Sums, Terms,
};
use crate::{
    base::{
        db::{NotKnown, Stored, Unreadable},
        ids::{AttemptId, IntentId, LinkId, MerchantId, RailAccountId},
        money::{Currency, CurrencyError, Money},
        names::UnknownName,
        quota::Used,
    },
    domain::{
        details::Details,
        rails::{NextAction, PaymentMethod, Rail, Rails, Route},
        threads::Thread,
    },
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
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

/// Whose intent, and which.
pub type Name = (MerchantId, IntentId);

/// A row of the table.
pub(super) struct Row {
    pub(super) merchant_id: Uuid,
    pub(super) id: Uuid,
    pub(super) status: String,
    pub(super) currency: String,
    pub(super) amount: i64,
    pub(super) amount_authorized: i64,
    pub(super) amount_captured: i64,
    pub(super) amount_refunded: i64,
    pub(super) amount_refunding: i64,
    pub(super) tip: Option<i64>,
    pub(super) capture_method: String,
    pub(super) description: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) thread: Option<Stored<Thread>>,
    pub(super) line_items: Stored<Vec<StoredLine>>,
    pub(super) metadata: Stored<BTreeMap<String, String>>,
    pub(super) rails: Option<Stored<Vec<Rail>>>,
    pub(super) rail: String,
    pub(super) rail_account_id: Option<Uuid>,
    pub(super) payment_method: Option<String>,
    pub(super) next_action: Option<Stored<NextAction>>,
    pub(super) payment_link_id: Option<Uuid>,
    pub(super) open_attempt_id: Option<Uuid>,
    pub(super) open_attempt_kind: Option<String>,
    pub(super) charge_attempt_id: Option<Uuid>,
    pub(super) last_error: Option<Stored<LastError>>,
    pub(super) attempts_blocked_until: Option<OffsetDateTime>,
    pub(super) cancellation_reason: Option<String>,
    pub(super) event_sequence: i32,
    pub(super) expires_at: OffsetDateTime,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
    pub(super) clock_offset: Option<i64>,
}

/// What can be wrong with a row that only this service writes.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowError {
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error(transparent)]
    Currency(#[from] CurrencyError),
    #[error(transparent)]
    Json(#[from] NotKnown),
    #[error("payment intent {0} is {1} and names no open attempt")]
    NoAttempt(IntentId, Status),
}

impl Row {
    /// The intent that it holds.
    pub(super) fn read(self) -> Result<Intent, Unreadable<Name>> {
        let name = (MerchantId(self.merchant_id), IntentId(self.id));
        Intent::try_from(self).map_err(|error| Unreadable::new(name, error))
    }

    fn state(&self) -> Result<State, RowError> {
        let status: Status = self.status.parse()?;
        let reason = || {
            self.cancellation_reason
                .as_deref()
                .map(str::parse::<CancellationReason>)
                .transpose()
        };
        let attempt = || {
            self.open_attempt_id
                .map(AttemptId)
                .ok_or(RowError::NoAttempt(IntentId(self.id), status))
        };
        Ok(match status {
            Status::RequiresPayment => State::RequiresPayment,
            Status::Processing => {
                let kind = self.open_attempt_kind.as_deref();
                let kind = kind.ok_or(RowError::NoAttempt(IntentId(self.id), status))?;
                let opening = match kind.parse()? {
                    OpenKind::Charge => Opening::Charge,
                    OpenKind::Transfer => Opening::Transfer,
                    OpenKind::Capture => Opening::Capture,
                    OpenKind::Void => Opening::Void(reason()?),
                    OpenKind::CloseToCancel => Opening::Close(Ending::Cancel(reason()?)),
                    OpenKind::CloseToExpire => Opening::Close(Ending::Expire),
                    OpenKind::CloseToGiveUp => Opening::Close(Ending::GiveUp),
                };
                State::Processing(attempt()?, opening)
            }
            Status::RequiresAction => State::RequiresAction(attempt()?),
            Status::RequiresCapture => State::RequiresCapture,
            Status::Succeeded => State::Succeeded,
            Status::Canceled => State::Canceled(reason()?),
            Status::Expired => State::Expired,
        })
    }
}

impl TryFrom<Row> for Intent {
    type Error = RowError;

    fn try_from(row: Row) -> Result<Self, RowError> {
        let currency: Currency = row.currency.parse()?;
        let money = |minor| Money::new(minor, currency);
        let state = row.state()?;
        let line = |l: StoredLine| LineItem {
            kind: l.kind.unwrap_or(LineItemKind::Item),
            label: l.label,
            quantity: l.quantity,
            unit_amount: money(l.unit_amount),
        };
        let terms = Terms {
            amount: money(row.amount),
            tip: row.tip.map(money),
            capture_method: row.capture_method.parse()?,
            details: Details {
                description: row.description,
                reference: row.reference,
                thread: row.thread.map(Stored::read).transpose()?,
                metadata: row.metadata.read()?,
            },
            line_items: row.line_items.read()?.into_iter().map(line).collect(),
            rails: Rails::stored(row.rails.map(Stored::read).transpose()?),
            payment_link: row.payment_link_id.map(LinkId),
            lifetime: row.expires_at - row.created_at,
        };
        let rail: Rail = row.rail.parse()?;
        let method = row.payment_method.as_deref();
        let sums = Sums {
            authorized: money(row.amount_authorized),
            captured: money(row.amount_captured),
            refunded: money(row.amount_refunded),
            refunding: money(row.amount_refunding),
        };
        Ok(Self {
            id: IntentId(row.id),
            merchant: MerchantId(row.merchant_id),
            terms: Arc::new(terms),
            state,
            sums,
            last_error: row.last_error.map(Stored::read).transpose()?,
            declines: Used::stored(row.attempts_blocked_until),
            charge: row.charge_attempt_id.map(AttemptId),
            route: Route {
                rail,
                account: row.rail_account_id.map(RailAccountId),
            },
            method: method
                .map(|name| PaymentMethod::parse(rail, name))
                .transpose()?,
            next_action: row.next_action.map(Stored::read).transpose()?.map(Box::new),
            event_sequence: row.event_sequence,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

crate::columns! {
    /// What changes in intents.
    pub struct Mutable of Intent {
        /// Whose they are.
        merchants: Uuid = |i| i.merchant.0;
        /// Their ids.
        ids: Uuid = |i| i.id.0;
        /// Where they stand.
        statuses: &'static str = |i| i.state.status().as_str();
        /// What was authorized, in minor units; the sums below likewise.
        authorized: i64 = |i| i.sums.authorized.minor();
        /// What was captured.
        captured: i64 = |i| i.sums.captured.minor();
        /// What went back.
        refunded: i64 = |i| i.sums.refunded.minor();
        /// What is on its way back.
        refunding: i64 = |i| i.sums.refunding.minor();
        /// The attempts that they wait for.
        attempts: Option<Uuid> = |i| open_attempt(i.state).0;
        /// What these ask of the rail.
        kinds: Option<&'static str> = |i| open_attempt(i.state).1.map(OpenKind::as_str);
        /// The attempts that the rail knows their charges by.
        charges: Option<Uuid> = |i| i.charge.map(|c| c.0);
        /// By which rails they were paid or last tried.
        rails: &'static str = |i| i.route.rail.as_str();
        /// As whom.
        accounts: Option<Uuid> = |i| i.route.account.map(|id| id.0);
        /// With what.
        methods: Option<String> = |i| i.method.map(|method| method.to_string());
        /// Why their last attempts failed, as JSON.
        errors: Option<String> = |i| i.last_error.map(json);
        /// Until when no attempt of theirs is taken.
        blocked: Option<OffsetDateTime> = |i| i.declines.store();
        /// Why they were canceled.
        reasons: Option<&'static str> = |i| open_attempt(i.state).2.map(CancellationReason::as_str);
        /// How many events there are of each.
        sequences: i32 = |i| i.event_sequence;
        /// When they last changed.
        updated: OffsetDateTime = |i| i.updated_at;
    }
}

crate::names! {
    /// What an intent waits for.
    pub enum OpenKind {
        /// A charge.
        Charge = "charge",
        /// A charge whose payer sends the money.
        Transfer = "transfer",
        /// A capture.
        Capture = "capture",
        /// A void.
        Void = "void",
        /// The close of a charge, to cancel the intent.
        CloseToCancel = "close_to_cancel",
        /// The close of a charge, since the intent's time is over.
        CloseToExpire = "close_to_expire",
        /// The close of a charge, so that others can pay.
        CloseToGiveUp = "close_to_give_up",
    }
}

fn open_attempt(state: State) -> (Option<Uuid>, Option<OpenKind>, Option<CancellationReason>) {
    match state {
        State::RequiresAction(attempt) => (Some(attempt.0), Some(OpenKind::Charge), None),
        State::Processing(attempt, opening) => {
            let (kind, reason) = match opening {
                Opening::Charge => (OpenKind::Charge, None),
                Opening::Transfer => (OpenKind::Transfer, None),
                Opening::Capture => (OpenKind::Capture, None),
                Opening::Void(reason) => (OpenKind::Void, reason),
                Opening::Close(Ending::Cancel(reason)) => (OpenKind::CloseToCancel, reason),
                Opening::Close(Ending::Expire) => (OpenKind::CloseToExpire, None),
                Opening::Close(Ending::GiveUp) => (OpenKind::CloseToGiveUp, None),
            };
            (Some(attempt.0), Some(kind), reason)
        }
        State::Canceled(reason) => (None, None, reason),
        State::RequiresPayment | State::RequiresCapture | State::Succeeded | State::Expired => {
            (None, None, None)
        }
    }
}

crate::columns! {
    /// What never changes in intents.
    pub struct Immutable of Intent {
        /// ISO 4217 codes.
        currencies: &'static str = |i| i.terms.amount.currency().code();
        /// What is asked for, in minor units.
        amounts: i64 = |i| i.terms.amount.minor();
        /// The part of it that is a tip.
        tips: Option<i64> = |i| i.terms.tip.map(Money::minor);
        /// Whether money is taken at once or held.
        methods: &'static str = |i| i.terms.capture_method.as_str();
        /// What they are for.
        descriptions: Option<&'a str> = |i| i.terms.details.description.as_deref();
        /// The merchants' own names for them.
        references: Option<&'a str> = |i| i.terms.details.reference.as_deref();
        /// Where they were asked for, as JSON.
        threads: Option<String> = |i| i.terms.details.thread.as_ref().map(json);
        /// What is paid for, as JSON.
        lines: String = |i| stored_lines(&i.terms.line_items);
        /// The merchants' own notes, as JSON.
        metadata: String = |i| json(&i.terms.details.metadata);
        /// The rails by which they may be paid, as JSON.
        allowed: Option<String> = |i| i.terms.rails.listed().map(json);
        /// The links that they were made through.
        links: Option<Uuid> = |i| i.terms.payment_link.map(|l| l.0);
        /// From when on they cannot be paid any more.
        expires: OffsetDateTime = |i| i.expires_at();
        /// When they were made.
        created: OffsetDateTime = |i| i.created_at;
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
