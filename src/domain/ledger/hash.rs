//! The hash chain over a merchant's entries: SHA-256 over each entry's fields and the hash of
//! the entry before it, so that no entry can change, vanish or slip in unseen.
//!
//! `docs/proof.md` says which bytes are hashed, so that anybody can hash them again.

use super::{EntryHash, JournalEntry, Posting};
use crate::base::{
    crypto::hash::{Hasher, sha256},
    ids::{EntryId, IntentId, LinkId, MerchantId},
    money::Money,
};
use serde::Serialize;
use time::OffsetDateTime;

/// The version that new entries are hashed by.
pub const HASH_VERSION: i16 = 2;

/// The hash that `entry` must have by its version; none if a later program made the version.
pub fn chain_hash(entry: &JournalEntry) -> Option<EntryHash> {
    match entry.hash_version {
        1 => Some(first_version(entry)),
        2 => Some(EntryHash(sha256(&canonical(entry)))),
        _ => None,
    }
}

/// Microseconds since 1970.
pub fn micros(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1000).unwrap_or_default()
}

/// The entry's money, ids and times. Every field is preceded by its length (eight bytes, big
/// endian), so no two entries give the same bytes; integers are decimal text.
fn first_version(entry: &JournalEntry) -> EntryHash {
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
    let intent = entry.origin.payment_intent.as_ref();
    field(intent.map_or(&[][..], |id| id.0.as_bytes()));
    field(micros(entry.booked_at).to_string().as_bytes());
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

/// All that exports and the API show of an entry, as canonical JSON (RFC 8785): names in the order
/// of their letters, no spaces, texts as `serde_json` escapes them.
fn canonical(entry: &JournalEntry) -> Vec<u8> {
    let origin = &entry.origin;
    let place = origin.thread.as_ref();
    let line = |posting: &Posting| CanonicalPosting {
        account: posting.account.clone(),
        amount: posting.amount.to_string(),
        balance_after: posting.balance_after.to_string(),
        currency: posting.amount.currency().code(),
        direction: posting.direction.as_str(),
        line: posting.line,
    };
    let canonical = Canonical {
        booked_at_us: micros(entry.booked_at),
        cause: origin.cause.as_deref(),
        channel: place.map(|place| place.channel.as_str()),
        conversation: place.and_then(|place| place.conversation.as_deref()),
        created_by: entry.actor.as_deref(),
        description: origin.description.as_deref(),
        effective_date: entry.effective_date.to_string(),
        entry_id: entry.id,
        fee: origin.fee.map(text),
        hash_version: entry.hash_version,
        kind: &entry.kind,
        merchant: entry.merchant,
        message: place.and_then(|place| place.message.as_deref()),
        payment_intent: origin.payment_intent,
        payment_link: origin.payment_link,
        payment_method: origin.payment_method.as_deref(),
        postings: entry.postings.iter().map(line).collect(),
        previous_hash: entry.previous_hash.to_string(),
        rail: origin.rail.as_deref(),
        reference: origin.reference.as_deref(),
        sequence: entry.sequence,
        source: &entry.source,
        tenant: place.and_then(|place| place.tenant.as_deref()),
        thread: place.and_then(|place| place.thread.as_deref()),
        tip: origin.tip.map(text),
    };
    // Texts and numbers always print.
    serde_json::to_vec(&canonical).unwrap_or_default()
}

fn text(amount: Money) -> String {
    amount.to_string()
}

#[derive(Serialize)]
struct Canonical<'a> {
    booked_at_us: i64,
    cause: Option<&'a str>,
    channel: Option<&'a str>,
    conversation: Option<&'a str>,
    created_by: Option<&'a str>,
    description: Option<&'a str>,
    effective_date: String,
    entry_id: EntryId,
    fee: Option<String>,
    hash_version: i16,
    kind: &'a str,
    merchant: MerchantId,
    message: Option<&'a str>,
    payment_intent: Option<IntentId>,
    payment_link: Option<LinkId>,
    payment_method: Option<&'a str>,
    postings: Vec<CanonicalPosting>,
    previous_hash: String,
    rail: Option<&'a str>,
    reference: Option<&'a str>,
    sequence: i64,
    source: &'a str,
    tenant: Option<&'a str>,
    thread: Option<&'a str>,
    tip: Option<String>,
}

#[derive(Serialize)]
struct CanonicalPosting {
    account: String,
    amount: String,
    balance_after: String,
    currency: &'static str,
    direction: &'static str,
    line: i16,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ledger::{Direction, Origin, ThreadPlace};
    use time::macros::{date, datetime};
    use uuid::Uuid;

    fn money(minor: i64) -> Money {
        Money::new(minor, "EUR".parse().unwrap())
    }

    /// The entry of `docs/proof.md`.
    fn example(hash_version: i16) -> JournalEntry {
        let posting = |line, account: &str, direction| Posting {
            line,
            account: account.to_owned(),
            direction,
            amount: money(1250),
            balance_after: money(1250).into(),
        };
        let intent = IntentId(Uuid::from_u128(0x019d_cdf0_0000_7000_8000_0000_0000_0001));
        let origin = Origin {
            cause: Some("pa_01kq6z0000e008000000000002".to_owned()),
            payment_intent: Some(intent),
            reference: Some("order-1042".to_owned()),
            thread: Some(ThreadPlace {
                channel: "telegram".to_owned(),
                tenant: None,
                conversation: Some("-1001234567890".to_owned()),
                thread: Some("77".to_owned()),
                message: None,
            }),
            description: Some("2 × \"flat white\"\nto go".to_owned()),
            rail: Some("sandbox".to_owned()),
            payment_method: Some("pm_sandbox_ok".to_owned()),
            tip: Some(money(50)),
            ..Origin::default()
        };
        JournalEntry {
            merchant: MerchantId(Uuid::from_u128(0x019d_cdf0_0000_7000_8000_0000_0000_0003)),
            sequence: 1,
            id: EntryId(Uuid::from_u128(0x019d_cdf0_0000_7000_8000_0000_0000_0004)),
            kind: "capture".to_owned(),
            source: intent.to_string(),
            origin,
            booked_at: datetime!(2026-11-22 6:00:00.123_456 UTC),
            effective_date: date!(2026 - 11 - 22),
            actor: Some("payer".to_owned()),
            postings: vec![
                posting(1, "rail:sandbox:clearing", Direction::Debit),
                posting(2, "merchant:pending", Direction::Credit),
            ],
            previous_hash: EntryHash::default(),
            hash_version,
            hash: EntryHash::default(),
        }
    }

    /// What is hashed never changes: entries of every version stay provable.
    #[test]
    fn the_hashes_of_the_docs_are_those_of_the_code() {
        let docs = include_str!("../../../docs/proof.md");
        let canonical = String::from_utf8(canonical(&example(2))).unwrap();
        assert!(docs.contains(&canonical), "{canonical}");
        for (version, hash) in [
            (
                1,
                "0ceac3f968a1296ef2350d27d89d9ab3647d78c36d3da10a482b05a82f319443",
            ),
            (
                2,
                "0a5a5bd64153ae1915e3a0fa2384191c4499b1a0cd4fc768f2c7dac8e65c054b",
            ),
        ] {
            let found = chain_hash(&example(version)).unwrap().to_string();
            assert_eq!(found, hash, "version {version}");
            assert!(docs.contains(hash), "version {version}");
        }
        assert_eq!(chain_hash(&example(3)), None);
    }

    #[test]
    fn names_stand_in_the_order_of_their_letters() {
        let bytes = canonical(&example(2));
        let members: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&bytes).unwrap();
        let sorted: std::collections::BTreeMap<_, _> = members.into_iter().collect();
        assert_eq!(serde_json::to_vec(&sorted).unwrap(), bytes);
    }
}
