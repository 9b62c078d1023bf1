//! Journal entries as the API shows them.

use super::{JournalEntry, Posting};
use crate::base::{
    ids::{EntryId, IntentId},
    timestamp,
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A booked entry: it never changes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = JournalEntry)]
pub struct JournalEntryView {
    /// Its id.
    pub id: EntryId,
    /// Always `journal_entry`.
    #[schema(example = "journal_entry")]
    pub object: &'static str,
    /// 1, 2, 3 … in the merchant's books, without gaps. Not there for keys of role `bot`, which
    /// must not learn what else the merchant books; nor are balances and hashes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 1)]
    pub sequence: Option<i64>,
    /// What the hash takes in: 2 all that this entry shows, 1 (entries of earlier versions) its
    /// money, ids and times. `docs/proof.md` has the bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 2)]
    pub hash_version: Option<i16>,
    /// What it records: `capture`, `refund` or `adjustment`.
    #[schema(example = "capture")]
    pub kind: String,
    /// When it was booked.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T06:00:00.000Z")]
    pub booked_at: OffsetDateTime,
    /// The day that it counts for.
    #[schema(example = "2026-11-22")]
    pub effective_date: String,
    /// The id of what caused it: a payment intent (`pi_…`) or a refund (`re_…`). An adjustment
    /// names itself (`je_…`).
    #[schema(example = "pi_01k0000000000000000000000")]
    pub source: String,
    /// What moved the money: an attempt (`pa_…`); `null` for adjustments and for entries from
    /// before this was kept.
    #[schema(example = "pa_01k0000000000000000000000")]
    pub cause: Option<String>,
    /// The payment intent that it belongs to.
    pub payment_intent: Option<IntentId>,
    /// Where in a chat the money was asked for: `channel:tenant/conversation/thread`, parts that
    /// are not there left out.
    #[schema(example = "slack:T01/C02/1700000000.000100")]
    pub thread: Option<String>,
    /// The bot's own name for the payment.
    #[schema(example = "order-1042")]
    pub reference: Option<String>,
    /// Who caused it: an API key (`key_…`), `payer`, `worker:…` or `operator`; `null` for entries
    /// from before this was kept.
    #[schema(example = "key_01k0000000000000000000000")]
    pub created_by: Option<String>,
    /// Its lines: debits equal credits in each currency.
    pub postings: Vec<PostingView>,
    /// The hash of the entry before it, in hexadecimal; zeros for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub previous_hash: Option<String>,
    /// The hash of this entry and, by `previous_hash`, of all before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hash: Option<String>,
}

/// One line of an entry.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Posting)]
pub struct PostingView {
    /// The account's code.
    #[schema(example = "merchant:pending")]
    pub account: String,
    /// `debit` or `credit`.
    #[schema(example = "credit")]
    pub direction: &'static str,
    /// Above zero, in major units.
    #[schema(example = "12.50")]
    pub amount: String,
    /// ISO 4217 code.
    #[schema(example = "EUR")]
    pub currency: &'static str,
    /// The account's balance in this currency after the line, on its normal side.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "12.50")]
    pub balance_after: Option<String>,
}

impl From<JournalEntry> for JournalEntryView {
    fn from(entry: JournalEntry) -> Self {
        let origin = entry.origin;
        Self {
            id: entry.id,
            object: "journal_entry",
            sequence: Some(entry.sequence),
            hash_version: Some(entry.hash_version),
            kind: entry.kind,
            booked_at: entry.booked_at,
            effective_date: entry.effective_date.to_string(),
            source: entry.source,
            cause: origin.cause,
            payment_intent: origin.payment_intent,
            thread: origin.thread.map(|thread| thread.to_string()),
            reference: origin.reference,
            created_by: entry.actor,
            postings: entry.postings.into_iter().map(Into::into).collect(),
            previous_hash: Some(entry.previous_hash.to_string()),
            hash: Some(entry.hash.to_string()),
        }
    }
}

impl JournalEntryView {
    /// The entry as far as it says nothing of the merchant's other entries.
    #[must_use]
    pub fn alone(self) -> Self {
        let postings = self.postings.into_iter().map(|posting| PostingView {
            balance_after: None,
            ..posting
        });
        Self {
            sequence: None,
            hash_version: None,
            previous_hash: None,
            hash: None,
            postings: postings.collect(),
            ..self
        }
    }
}

impl From<Posting> for PostingView {
    fn from(posting: Posting) -> Self {
        Self {
            account: posting.account,
            direction: posting.direction.as_str(),
            amount: posting.amount.to_string(),
            currency: posting.amount.currency().code(),
            balance_after: Some(posting.balance_after.to_string()),
        }
    }
}
