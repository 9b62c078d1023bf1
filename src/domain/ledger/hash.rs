//! The hash chain over a merchant's entries: SHA-256 over each entry's fields and the hash of
//! the entry before it, so that no entry can change, vanish or slip in unseen.

use super::{EntryHash, JournalEntry};
use crate::base::crypto::hash::Hasher;

/// The hash that `entry` must have. Every field is preceded by its length (eight bytes, big
/// endian), so no two entries give the same bytes; integers are decimal text and times are
/// microseconds since 1970.
pub fn chain_hash(entry: &JournalEntry) -> EntryHash {
    let mut hasher = Hasher::new();
    let mut field = |bytes: &[u8]| {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        hasher.update(&length.to_be_bytes());
        hasher.update(bytes);
    };
    field(b"threadpay.journal_entry.v1");
    field(&entry.previous_hash.0);
    field(entry.merchant.0.as_bytes());
    field(entry.sequence.to_string().as_bytes());
    field(entry.id.0.as_bytes());
    field(entry.kind.as_bytes());
    field(entry.source.as_bytes());
    field(
        entry
            .payment_intent
            .as_ref()
            .map_or(&[][..], |id| id.as_bytes()),
    );
    field(
        (entry.booked_at.unix_timestamp_nanos() / 1000)
            .to_string()
            .as_bytes(),
    );
    field(entry.effective_date.to_string().as_bytes());
    for posting in &entry.postings {
        field(posting.line.to_string().as_bytes());
        field(posting.account.as_bytes());
        field(posting.direction.as_str().as_bytes());
        field(posting.amount.minor().to_string().as_bytes());
        field(posting.amount.currency().code().as_bytes());
        field(posting.balance_after.minor().to_string().as_bytes());
    }
    EntryHash(hasher.finish())
}
