//! A file of a bank's, as it is kept.

pub mod store;

use super::{BankLine, LineState, bank_line::candidates};
use crate::{
    base::{
        ambient::Ambient,
        crypto::hash::{hex, sha256},
        ids::{MerchantId, RailAccountId, StatementId},
        money::Money,
    },
    domain::{
        rail_accounts::RailAccount,
        rails::bank_transfer::{Holder, Iban, Settings},
        statements::{
            Details, FileFormat, Flow, Line, LineStatus, Refused, Statement, StatementObject, read,
            recognized,
        },
    },
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use time::{Date, OffsetDateTime};

crate::names! {
    /// How far a file is.
    pub enum ImportStatus {
        /// Its lines are being looked at.
        Processing = "processing",
        /// It is known what each line comes to.
        Processed = "processed",
    }
}

/// A file of a bank's about one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its id.
    pub id: StatementId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// The account.
    pub account: RailAccountId,
    /// Its format.
    pub format: FileFormat,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    /// The statements in it.
    pub parts: Vec<Part>,
    /// How far it is.
    pub status: ImportStatus,
    /// How many lines came to what.
    pub counts: Counts,
    /// Lines that were not taken: not booked yet, or of another account.
    pub left_out: u32,
    /// The idempotency key of the request that waits for its answer.
    pub idempotency_key: Option<String>,
    /// What that request is.
    pub key_fingerprint: Option<[u8; 32]>,
    /// Who gave it to us.
    pub created_by: String,
    /// When.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// How many lines came to what.
pub type Counts = HashMap<LineState, u32>;

/// A statement of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = StatementPart)]
pub struct Part {
    /// The bank's id of it.
    pub id: Option<String>,
    /// Its number, page included, as written.
    pub number: Option<String>,
    /// The account, as written.
    pub account: Option<String>,
    /// The account's currency.
    pub currency: String,
    /// The first day of the period.
    #[schema(format = "date")]
    pub from: Option<String>,
    /// The last day of the period.
    #[schema(format = "date")]
    pub to: Option<String>,
    /// What was there before the first line, in major units; below zero if the account was overdrawn.
    pub opening: Option<String>,
    /// What is there after the last line, likewise.
    pub closing: Option<String>,
}

/// Why a file is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It cannot be read, or does not add up.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It is about other accounts.
    #[error("the file is about {found}, not about {expected}")]
    OtherAccount {
        /// The account that was said.
        expected: String,
        /// That of the first statement in the file.
        found: String,
    },
    /// The account is at no bank.
    #[error("the account is at no bank, so there are no statements of it")]
    NoBankAccount,
}

/// A file that was read, before it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewImport {
    account: RailAccountId,
    format: FileFormat,
    digest: [u8; 32],
    parts: Vec<Part>,
    lines: Vec<NewLine>,
    left_out: u32,
}

/// A booked line, or one payment of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NewLine {
    identity: Option<String>,
    direction: Flow,
    amount: Money,
    days: (Option<Date>, Option<Date>),
    details: Details,
    candidates: Vec<String>,
}

impl NewImport {
    /// Reads a file about this account: the statements in it that are about others are left out, and
    /// so is what is not booked.
    /// A CSV is read by the account's mapping.
    pub fn read(
        account: &RailAccount,
        format: FileFormat,
        file: &[u8],
    ) -> Result<Self, ImportError> {
        let settings = account.settings.bank_transfer();
        let settings = settings.ok_or(ImportError::NoBankAccount)?;
        let mapping = account.csv_mapping.as_deref();
        let mapping = mapping.filter(|_| format == FileFormat::Csv);
        let statements = read(format, file, mapping)?;
        let is_own = |statement: &&Statement| is_about(statement, settings);
        let own: Vec<&Statement> = statements.iter().filter(is_own).collect();
        if let (true, Some(other)) = (own.is_empty(), statements.first()) {
            return Err(ImportError::OtherAccount {
                expected: settings.account(),
                found: other.account.clone().unwrap_or_default(),
            });
        }
        let all: usize = statements
            .iter()
            .map(|statement| statement.lines.len())
            .sum();
        let booked = own.iter().flat_map(|statement| booked_lines(statement));
        let booked: Vec<(Option<String>, &Line)> = booked.collect();
        let left_out = u32::try_from(all.saturating_sub(booked.len())).unwrap_or(u32::MAX);
        let lines = booked
            .into_iter()
            .flat_map(|(place, line)| payments(place, line));
        Ok(Self {
            account: account.id,
            format: if format == FileFormat::Auto {
                recognized(file).unwrap_or(format)
            } else {
                format
            },
            digest: sha256(file),
            parts: own.into_iter().map(Part::from).collect(),
            lines: lines.collect(),
            left_out,
        })
    }

    /// The account that it is about.
    pub fn account(&self) -> RailAccountId {
        self.account
    }

    /// SHA-256 of the file.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// How many lines there are to look at.
    pub fn lines(&self) -> usize {
        self.lines.len()
    }

    /// How many lines are left out.
    pub fn left_out(&self) -> u32 {
        self.left_out
    }

    /// The statements in it.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The file and its lines as they are kept, none of them looked at.
    pub fn create(
        &self,
        merchant: MerchantId,
        created_by: String,
        (ambient, now): (&Ambient, OffsetDateTime),
    ) -> (Import, Vec<BankLine>) {
        let id = ambient.id();
        let mut waiting = HashMap::new();
        for line in self.lines.iter().filter(|line| line.is_nameless()) {
            *waiting.entry(line.amount).or_insert(0_u32) += 1;
        }
        let line = |line: &NewLine| {
            let id_of_line = ambient.id();
            let (booked_on, value_on) = line.days;
            BankLine {
                id: id_of_line,
                merchant,
                statement: id,
                account: self.account,
                identity: line
                    .identity
                    .clone()
                    .unwrap_or_else(|| id_of_line.to_string()),
                direction: line.direction,
                amount: line.amount,
                booked_on,
                value_on,
                details: line.details.clone(),
                candidates: line.candidates.clone(),
                is_alone: waiting.get(&line.amount) == Some(&1),
                state: LineState::Processing,
                how: None,
                decision: None,
                intent: None,
                attempt: None,
                movement: None,
                parts: Vec::new(),
                same_as: None,
                created_at: now,
                updated_at: now,
            }
        };
        let lines: Vec<BankLine> = self.lines.iter().map(line).collect();
        let import = Import {
            id,
            merchant,
            account: self.account,
            format: self.format,
            digest: self.digest,
            parts: self.parts.clone(),
            status: ImportStatus::Processing,
            counts: Counts::new(),
            left_out: self.left_out,
            idempotency_key: None,
            key_fingerprint: None,
            created_by,
            created_at: now,
            updated_at: now,
        };
        (import, lines)
    }
}

impl NewLine {
    /// Whether it came in and names nothing of ours.
    fn is_nameless(&self) -> bool {
        self.direction == Flow::In && self.candidates.is_empty()
    }
}

impl Import {
    /// The same with all its lines looked at.
    #[must_use]
    pub fn finish(self, now: OffsetDateTime) -> Self {
        Self {
            status: ImportStatus::Processed,
            updated_at: now,
            ..self
        }
    }

    /// The same once one of its lines has come to something else.
    #[must_use]
    pub fn recounted(mut self, from: LineState, to: LineState, now: OffsetDateTime) -> Self {
        if let Some(count) = self.counts.get_mut(&from) {
            *count = count.saturating_sub(1);
        }
        let count = self.counts.entry(to).or_default();
        *count = count.saturating_add(1);
        Self {
            updated_at: now,
            ..self
        }
    }

    /// How many of its lines came to this.
    pub fn count(&self, state: LineState) -> u32 {
        self.counts.get(&state).copied().unwrap_or_default()
    }
}

/// Whether a statement is about this account, as far as that can be told: a QR-IBAN stands on no
/// statement, and some formats name accounts by numbers of the bank's own.
fn is_about(statement: &Statement, settings: &Settings) -> bool {
    let own = match settings.holder() {
        Holder::Epc { iban, .. } | Holder::Swiss { iban, .. } => iban,
        Holder::Pix { .. } => return true,
    };
    let found = statement.account.as_deref().map(Iban::parse);
    match found {
        Some(Ok(found)) if !own.is_qr() => found.to_string() == own.to_string(),
        Some(Ok(_) | Err(_)) | None => true,
    }
}

/// The lines of a statement that have moved money, each with its place in the statement where that
/// tells it from all others: a statement whose days and balances are said, and of which every line is
/// the same, is the same statement in another file.
fn booked_lines(statement: &Statement) -> impl Iterator<Item = (Option<String>, &Line)> {
    let is_whole =
        statement.opening.is_some() && statement.closing.and_then(|closing| closing.on).is_some();
    let printed = serde_json::to_vec(&StatementObject::from(statement)).ok();
    let digest = printed.filter(|_| is_whole).map(|text| sha256(&text));
    let name = digest.map(|digest| hex(&digest));
    let lines = statement.lines.iter().enumerate();
    let booked = lines.filter(|(_, line)| line.status == LineStatus::Booked);
    booked.map(move |(at, line)| {
        let place = name.as_ref().map(|name| format!("statement:{name}:{at}"));
        (place, line)
    })
}

/// The payments of a line: those that its bank lists, if they make up its amount.
fn payments(place: Option<String>, line: &Line) -> Vec<NewLine> {
    let days = (line.booked_on, line.value_on);
    let identity = line.bank_id.as_ref().map(|id| format!("bank:{id}"));
    let identity = identity.or(place);
    let new = |identity, direction, amount, details: &Details| NewLine {
        identity,
        direction,
        amount,
        days,
        candidates: candidates(details),
        details: details.clone(),
    };
    if !line.is_itemized() {
        return vec![new(identity, line.direction, line.amount, &line.details)];
    }
    let listed = line.transactions.iter().enumerate();
    let each = listed.filter_map(|(at, transaction)| {
        let own = transaction.bank_id.as_ref().map(|id| format!("bank:{id}"));
        let own = own.or_else(|| Some(format!("{}:{at}", identity.as_ref()?)));
        let amount = transaction.amount?;
        Some(new(
            own,
            transaction.direction,
            amount,
            &transaction.details,
        ))
    });
    each.collect()
}

impl From<&Statement> for Part {
    fn from(statement: &Statement) -> Self {
        let day = |day: Option<Date>| day.map(|day| day.to_string());
        Self {
            id: statement.id.clone(),
            number: statement.number.clone(),
            account: statement.account.clone(),
            currency: statement.currency.to_string(),
            from: day(statement.from),
            to: day(statement.to),
            opening: statement.opening.map(|balance| balance.amount.to_string()),
            closing: statement.closing.map(|balance| balance.amount.to_string()),
        }
    }
}
