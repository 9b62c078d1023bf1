//! A line of a statement, as it is kept.

mod details;
pub mod store;

use super::LineError;
use crate::{
    base::{
        ids::{
            AttemptId, IntentId, MerchantId, MovementId, RailAccountId, RefundId, StatementId,
            StatementLineId,
        },
        money::Money,
    },
    domain::{
        movements::Reason,
        rails::{Rail, Route, bank_transfer::Reference},
        statements::{Details, Flow, ReferenceKind},
    },
};
use time::{Date, OffsetDateTime};

crate::names! {
    /// What a line of a statement comes to.
    pub enum LineState {
        /// It is not looked at yet.
        Processing = "processing",
        /// It is a payment or refund that was waited for, of just this amount.
        Matched = "matched",
        /// It pays more than was asked for, or pays what is paid: what is too much is a movement.
        Over = "over",
        /// It pays less than was asked for, and is a movement.
        Under = "under",
        /// It came before, by the same id of the bank's: nothing is booked again.
        Duplicate = "duplicate",
        /// It is in another currency than was asked for, and is a movement.
        CurrencyMismatch = "currency_mismatch",
        /// It names a payment that does not wait for it any more, and is a movement.
        DataMismatch = "data_mismatch",
        /// Nothing of ours is known that it could be for. Money that came is a movement.
        Unexplained = "unexplained",
        /// Somebody says that it is for no payment: fees, interest, transfers of one's own. Money that
        /// came is the merchant's.
        Unrelated = "unrelated",
    }
}

crate::names! {
    /// Who found what a line comes to.
    pub enum FoundBy {
        /// We did.
        Auto = "auto",
        /// A person did.
        Manual = "manual",
        /// A person did, and accepts that the payment does not wait for just this money.
        Forced = "forced",
    }
}

/// What a person last decided about a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineDecision {
    /// Why, in their words.
    pub reason: Option<String>,
    /// Who.
    pub by: String,
    /// When.
    pub at: OffsetDateTime,
}

impl LineState {
    /// What a line comes to whose money, or a part of it, is kept apart for this reason.
    pub fn of(reason: Reason) -> Self {
        match reason {
            Reason::Late | Reason::ExternalRefund | Reason::Dispute => Self::DataMismatch,
            Reason::Duplicate | Reason::Over => Self::Over,
            Reason::Under => Self::Under,
            Reason::Currency => Self::CurrencyMismatch,
            Reason::Unknown => Self::Unexplained,
        }
    }
}

/// A line of a statement: one payment, as the bank booked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankLine {
    /// Its id.
    pub id: StatementLineId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// The file that it came in.
    pub statement: StatementId,
    /// The account.
    pub account: RailAccountId,
    /// What it is known by when it comes again.
    pub identity: String,
    /// Which way money went.
    pub direction: Flow,
    /// How much, zero or more.
    pub amount: Money,
    /// The day it was booked.
    pub booked_on: Option<Date>,
    /// The day from which it bears interest.
    pub value_on: Option<Date>,
    /// What is said beside that.
    pub details: Details,
    /// What in that may be a reference of ours.
    pub candidates: Vec<String>,
    /// Whether no other line of the file could be taken for the same payment by its amount.
    pub is_alone: bool,
    /// What it comes to.
    pub state: LineState,
    /// Who found that; none where nothing is found.
    pub how: Option<FoundBy>,
    /// What a person last decided about it.
    pub decision: Option<LineDecision>,
    /// The payment that it is for.
    pub intent: Option<IntentId>,
    /// The attempt that it is the money of.
    pub attempt: Option<AttemptId>,
    /// The movement that it made, or that its money is since a decision was undone.
    pub movement: Option<MovementId>,
    /// The movements that its money was split into, if it was.
    pub parts: Vec<MovementId>,
    /// The line that it repeats.
    pub same_as: Option<StatementLineId>,
    /// When it was given to us.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

impl BankLine {
    /// Whether a person may say what it is.
    pub fn check_open(&self) -> Result<(), LineError> {
        match self.state {
            LineState::Processing => Err(LineError::Processing),
            LineState::Duplicate => Err(LineError::Duplicate),
            LineState::Matched if self.how == Some(FoundBy::Auto) => Err(LineError::Found),
            LineState::Matched | LineState::Unrelated => Err(LineError::Decided(self.state)),
            LineState::Over
            | LineState::Under
            | LineState::CurrencyMismatch
            | LineState::DataMismatch
            | LineState::Unexplained => {
                // One of which a part is still in suspense has no other status.
                let is_whole = self.parts.is_empty();
                is_whole.then_some(()).ok_or(LineError::Decided(self.state))
            }
        }
    }

    /// Whether what a person said of it can be undone.
    pub fn check_decided(&self) -> Result<(), LineError> {
        match self.check_open() {
            Ok(()) => Err(LineError::Undecided(self.state)),
            Err(LineError::Decided(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// By which rail its money moved, and to or from which account.
    pub fn route(&self) -> Route {
        Route {
            rail: Rail::BankTransfer,
            account: Some(self.account),
        }
    }

    /// What its money is called.
    pub fn external_id(&self) -> String {
        match self.identity.strip_prefix("bank:") {
            Some(id) => id.to_owned(),
            None => self.identity.clone(),
        }
    }

    /// The day that it counts for: booking day, else value day.
    pub fn day(&self) -> Option<Date> {
        self.booked_on.or(self.value_on)
    }

    /// The refunds that it may be the money of: their ids are what a transfer carries from end to end,
    /// in the characters that banks take.
    pub fn refunds(&self) -> impl Iterator<Item = RefundId> {
        let values = self.details.references.iter().map(|r| r.value.as_str());
        values.filter_map(|value| {
            let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
            let id = plain.to_ascii_lowercase().strip_prefix("re")?.to_owned();
            format!("re_{id}").parse().ok()
        })
    }

    /// Whether it says what it is for by a reference in due form, whosever that is.
    pub fn has_reference(&self) -> bool {
        let mut all = self.details.references.iter();
        all.any(|r| r.kind == ReferenceKind::Creditor && Reference::parse(&r.value).is_some())
    }
}

/// What in these details may be a reference of ours, each once.
pub(super) fn candidates(details: &Details) -> Vec<String> {
    let values = details.references.iter().map(|r| r.value.as_str());
    let texts = values.chain(details.text.as_deref());
    let mut found: Vec<String> = texts
        .flat_map(Reference::find)
        .map(|reference| reference.to_string())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}
