//! The columns that the formats with one row a posting share (version 2).

use crate::{
    base::{
        ids::{EntryId, IntentId, LinkId, MerchantId},
        timestamp,
    },
    domain::ledger::{JournalEntry, Posting, micros},
};
use serde::Serialize;

/// The names of the columns, in their order.
pub(super) const COLUMNS: [&str; 32] = [
    "entry_id",
    "sequence",
    "line",
    "booked_at",
    "effective_date",
    "kind",
    "account",
    "direction",
    "amount",
    "currency",
    "balance_after",
    "source",
    "payment_intent",
    "payment_link",
    "reference",
    "channel",
    "tenant",
    "conversation",
    "thread",
    "message",
    "previous_hash",
    "hash",
    "description",
    "rail",
    "payment_method",
    "tip",
    "fee",
    "cause",
    "created_by",
    "merchant",
    "booked_at_us",
    "hash_version",
];

/// One posting with all that is known of its entry. Texts of the merchant and of messengers
/// stand as they are, to the byte.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row<'a> {
    entry_id: EntryId,
    sequence: i64,
    line: i16,
    booked_at: String,
    effective_date: String,
    kind: &'a str,
    account: &'a str,
    direction: &'static str,
    amount: String,
    currency: &'static str,
    balance_after: String,
    source: &'a str,
    payment_intent: Option<IntentId>,
    payment_link: Option<LinkId>,
    reference: Option<&'a str>,
    channel: Option<&'a str>,
    tenant: Option<&'a str>,
    conversation: Option<&'a str>,
    thread: Option<&'a str>,
    message: Option<&'a str>,
    previous_hash: String,
    hash: String,
    description: Option<&'a str>,
    rail: Option<&'a str>,
    payment_method: Option<&'a str>,
    tip: Option<String>,
    fee: Option<String>,
    cause: Option<&'a str>,
    created_by: Option<&'a str>,
    merchant: MerchantId,
    booked_at_us: i64,
    hash_version: i16,
}

/// The rows of an entry, in the order of its lines.
pub(super) fn rows(entry: &JournalEntry) -> impl Iterator<Item = Row<'_>> {
    entry.postings.iter().map(|posting| row(entry, posting))
}

fn row<'a>(entry: &'a JournalEntry, posting: &'a Posting) -> Row<'a> {
    let origin = &entry.origin;
    let place = origin.thread.as_ref();
    Row {
        entry_id: entry.id,
        sequence: entry.sequence,
        line: posting.line,
        booked_at: timestamp::format(entry.booked_at),
        effective_date: entry.effective_date.to_string(),
        kind: &entry.kind,
        account: &posting.account,
        direction: posting.direction.as_str(),
        amount: posting.amount.to_string(),
        currency: posting.amount.currency().code(),
        balance_after: posting.balance_after.to_string(),
        source: &entry.source,
        payment_intent: origin.payment_intent,
        payment_link: origin.payment_link,
        reference: origin.reference.as_deref(),
        channel: place.map(|p| p.channel.as_str()),
        tenant: place.and_then(|p| p.tenant.as_deref()),
        conversation: place.and_then(|p| p.conversation.as_deref()),
        thread: place.and_then(|p| p.thread.as_deref()),
        message: place.and_then(|p| p.message.as_deref()),
        previous_hash: entry.previous_hash.to_string(),
        hash: entry.hash.to_string(),
        description: origin.description.as_deref(),
        rail: origin.rail.as_deref(),
        payment_method: origin.payment_method.as_deref(),
        tip: origin.tip.map(|tip| tip.to_string()),
        fee: origin.fee.map(|fee| fee.to_string()),
        cause: origin.cause.as_deref(),
        created_by: entry.actor.as_deref(),
        merchant: entry.merchant,
        booked_at_us: micros(entry.booked_at),
        hash_version: entry.hash_version,
    }
}
