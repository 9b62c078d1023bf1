//! Statements and their lines as the API gives them.

use super::{BankLine, FoundBy, Import, ImportStatus, LineState, NewImport, Part};
use crate::{
    base::{
        crypto::hash::hex,
        ids::{AttemptId, IntentId, MovementId, RailAccountId, StatementId, StatementLineId},
        mode::Mode,
        timestamp,
    },
    domain::statements::{FileFormat, Flow, ReferenceKind},
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A file of a bank's.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Statement)]
pub struct ImportObject<'a> {
    /// Its id.
    id: StatementId,
    /// Always `statement`.
    object: &'static str,
    /// Whether its money is real.
    livemode: bool,
    /// The account.
    rail_account: RailAccountId,
    /// Its format.
    format: FileFormat,
    /// SHA-256 of the file, in hexadecimal digits.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    digest: String,
    /// Whether it is known what each line comes to.
    status: ImportStatus,
    /// The statements in it.
    parts: &'a [Part],
    /// How many lines there are, and what they came to.
    counts: CountsObject,
    /// Who gave it to us: an API key (`key_…`) or `operator`.
    #[schema(example = "key_01k0000000000000000000000")]
    created_by: &'a str,
    /// When.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    created_at: OffsetDateTime,
    /// When it last changed.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    updated_at: OffsetDateTime,
}

/// How many lines came to what.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = StatementCounts)]
pub struct CountsObject {
    /// Booked lines; where a bank lists the payments of a batch, each of these.
    lines: u32,
    /// Payments and refunds that were waited for.
    matched: u32,
    /// Lines that pay more than was asked for.
    over: u32,
    /// Lines that pay less.
    under: u32,
    /// Lines that came before.
    duplicate: u32,
    /// Lines in another currency than was asked for.
    currency_mismatch: u32,
    /// Lines for payments that do not wait any more.
    data_mismatch: u32,
    /// Lines of which nothing is known that they could be for.
    unexplained: u32,
    /// Lines that somebody says are for no payment.
    unrelated: u32,
    /// Lines that were left out: not booked yet, or of another account.
    left_out: u32,
}

impl CountsObject {
    fn of(import: &Import) -> Self {
        let count = |state| import.count(state);
        Self {
            lines: import.counts.values().sum(),
            matched: count(LineState::Matched),
            over: count(LineState::Over),
            under: count(LineState::Under),
            duplicate: count(LineState::Duplicate),
            currency_mismatch: count(LineState::CurrencyMismatch),
            data_mismatch: count(LineState::DataMismatch),
            unexplained: count(LineState::Unexplained),
            unrelated: count(LineState::Unrelated),
            left_out: import.left_out,
        }
    }
}

impl<'a> ImportObject<'a> {
    /// The file of a merchant of this mode.
    pub fn new(import: &'a Import, mode: Mode) -> Self {
        Self {
            id: import.id,
            object: "statement",
            livemode: mode.is_live(),
            rail_account: import.account,
            format: import.format,
            digest: hex(&import.digest),
            status: import.status,
            parts: &import.parts,
            counts: CountsObject::of(import),
            created_by: &import.created_by,
            created_at: import.created_at,
            updated_at: import.updated_at,
        }
    }
}

/// What a file holds, before it is given to us.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StatementPreview)]
pub struct PreviewObject<'a> {
    /// Always `statement_preview`.
    object: &'static str,
    /// The account.
    rail_account: RailAccountId,
    /// SHA-256 of the file, in hexadecimal digits.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    digest: String,
    /// The statements in it.
    parts: &'a [Part],
    /// Booked lines.
    lines: usize,
    /// Lines that would be left out: not booked yet, or of another account.
    left_out: u32,
}

impl<'a> From<&'a NewImport> for PreviewObject<'a> {
    fn from(import: &'a NewImport) -> Self {
        Self {
            object: "statement_preview",
            rail_account: import.account(),
            digest: hex(&import.digest()),
            parts: import.parts(),
            lines: import.lines(),
            left_out: import.left_out(),
        }
    }
}

/// A line of a statement.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StatementLine)]
pub struct BankLineObject<'a> {
    /// Its id.
    id: StatementLineId,
    /// Always `statement_line`.
    object: &'static str,
    /// The file that it came in.
    statement: StatementId,
    /// The account.
    rail_account: RailAccountId,
    /// Which way money went.
    direction: Flow,
    /// How much, in major units.
    amount: String,
    /// ISO 4217 code.
    currency: &'static str,
    /// The day it was booked.
    #[schema(format = "date")]
    booked_on: Option<String>,
    /// The day from which it bears interest.
    #[schema(format = "date")]
    value_on: Option<String>,
    /// References, as they were written.
    references: Vec<LineReference<'a>>,
    /// What the payer wrote.
    text: Option<&'a str>,
    /// The name of the other side.
    counterparty: Option<&'a str>,
    /// Its account, as it was written.
    counterparty_account: Option<&'a str>,
    /// What it comes to.
    status: LineState,
    /// Who found that: `auto` we did, `manual` a person, `forced` a person who accepts a difference;
    /// null where nothing was found.
    how: Option<FoundBy>,
    /// What a person last decided about it; null where nobody did.
    decision: Option<LineDecisionObject<'a>>,
    /// The payment that it is for.
    payment_intent: Option<IntentId>,
    /// The attempt that it is the money of.
    attempt: Option<AttemptId>,
    /// The movement that it made, or that its money is since a decision was undone.
    movement: Option<MovementId>,
    /// The movements that its money was split into; empty where it was not.
    parts: &'a [MovementId],
    /// The line that it repeats.
    same_as: Option<StatementLineId>,
}

/// What a person decided about a line.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StatementLineDecision)]
pub struct LineDecisionObject<'a> {
    /// Why, in their words.
    reason: Option<&'a str>,
    /// Who: an API key (`key_…`).
    #[schema(example = "key_01k0000000000000000000000")]
    decided_by: &'a str,
    /// When.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = "date-time")]
    decided_at: OffsetDateTime,
}

/// A reference on a line.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LineReference<'a> {
    /// What it is.
    kind: ReferenceKind,
    /// The reference.
    value: &'a str,
}

impl<'a> From<&'a BankLine> for BankLineObject<'a> {
    fn from(line: &'a BankLine) -> Self {
        let day = |day: Option<time::Date>| day.map(|day| day.to_string());
        let references = line.details.references.iter().map(|r| LineReference {
            kind: r.kind,
            value: &r.value,
        });
        let other = &line.details.counterparty;
        let decision = line.decision.as_ref().map(|decision| LineDecisionObject {
            reason: decision.reason.as_deref(),
            decided_by: &decision.by,
            decided_at: decision.at,
        });
        Self {
            id: line.id,
            object: "statement_line",
            statement: line.statement,
            rail_account: line.account,
            direction: line.direction,
            amount: line.amount.to_string(),
            currency: line.amount.currency().code(),
            booked_on: day(line.booked_on),
            value_on: day(line.value_on),
            references: references.collect(),
            text: line.details.text.as_deref(),
            counterparty: other.name.as_deref(),
            counterparty_account: other.account.as_deref(),
            status: line.state,
            how: line.how,
            decision,
            payment_intent: line.intent,
            attempt: line.attempt,
            movement: line.movement,
            parts: &line.parts,
            same_as: line.same_as,
        }
    }
}
