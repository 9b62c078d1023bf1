//! What is booked as columns of its tables.

use super::{Balance, JournalEntry, ThreadPlace};
use crate::base::{
    ids::MerchantId,
    money::{Currency, Money},
};
use time::OffsetDateTime;
use uuid::Uuid;

/// One balance of one merchant.
pub type BalanceRow = (MerchantId, (String, Currency), Balance);

/// Entries, column by column.
pub(super) struct EntryColumns {
    pub merchants: Vec<Uuid>,
    pub sequences: Vec<i64>,
    pub ids: Vec<Uuid>,
    pub kinds: Vec<String>,
    pub sources: Vec<String>,
    pub intents: Vec<Option<Uuid>>,
    pub booked_at: Vec<OffsetDateTime>,
    pub dates: Vec<time::Date>,
    pub actors: Vec<Option<String>>,
    pub causes: Vec<Option<String>>,
    pub links: Vec<Option<Uuid>>,
    pub references: Vec<Option<String>>,
    pub threads: Vec<Option<String>>,
    pub descriptions: Vec<Option<String>>,
    pub rails: Vec<Option<String>>,
    pub methods: Vec<Option<String>>,
    pub tips: Vec<Option<i64>>,
    pub fees: Vec<Option<i64>>,
    pub previous: Vec<Vec<u8>>,
    pub versions: Vec<i16>,
    pub hashes: Vec<Vec<u8>>,
}

impl EntryColumns {
    pub fn of(entries: &[JournalEntry]) -> Self {
        let origins = || entries.iter().map(|e| &e.origin);
        let minor = |amount: Option<Money>| amount.map(Money::minor);
        Self {
            causes: origins().map(|o| o.cause.clone()).collect(),
            links: origins().map(|o| o.payment_link.map(|id| id.0)).collect(),
            references: origins().map(|o| o.reference.clone()).collect(),
            threads: origins()
                .map(|o| o.thread.as_ref().and_then(json))
                .collect(),
            descriptions: origins().map(|o| o.description.clone()).collect(),
            rails: origins().map(|o| o.rail.clone()).collect(),
            methods: origins().map(|o| o.payment_method.clone()).collect(),
            tips: origins().map(|o| minor(o.tip)).collect(),
            fees: origins().map(|o| minor(o.fee)).collect(),
            versions: entries.iter().map(|e| e.hash_version).collect(),
            merchants: entries.iter().map(|e| e.merchant.0).collect(),
            sequences: entries.iter().map(|e| e.sequence).collect(),
            ids: entries.iter().map(|e| e.id.0).collect(),
            kinds: entries.iter().map(|e| e.kind.clone()).collect(),
            sources: entries.iter().map(|e| e.source.clone()).collect(),
            intents: origins().map(|o| o.payment_intent.map(|id| id.0)).collect(),
            booked_at: entries.iter().map(|e| e.booked_at).collect(),
            dates: entries.iter().map(|e| e.effective_date).collect(),
            actors: entries.iter().map(|e| e.actor.clone()).collect(),
            previous: entries.iter().map(|e| e.previous_hash.0.to_vec()).collect(),
            hashes: entries.iter().map(|e| e.hash.0.to_vec()).collect(),
        }
    }
}

/// The postings of entries, column by column.
pub(super) struct PostingColumns {
    pub merchants: Vec<Uuid>,
    pub sequences: Vec<i64>,
    pub lines: Vec<i16>,
    pub accounts: Vec<String>,
    pub directions: Vec<String>,
    pub amounts: Vec<i64>,
    pub currencies: Vec<String>,
    pub balances: Vec<i64>,
    pub wide_balances: Vec<Option<String>>,
    pub booked_at: Vec<OffsetDateTime>,
}

impl PostingColumns {
    pub fn of(entries: &[JournalEntry]) -> Self {
        let lines = || {
            entries
                .iter()
                .flat_map(|e| e.postings.iter().map(move |p| (e, p)))
        };
        let after = lines().map(|(_, p)| to_columns(p.balance_after.minor()));
        let (balances, wide_balances) = after.unzip();
        Self {
            balances,
            wide_balances,
            merchants: lines().map(|(e, _)| e.merchant.0).collect(),
            sequences: lines().map(|(e, _)| e.sequence).collect(),
            lines: lines().map(|(_, p)| p.line).collect(),
            accounts: lines().map(|(_, p)| p.account.clone()).collect(),
            directions: lines()
                .map(|(_, p)| p.direction.as_str().to_owned())
                .collect(),
            amounts: lines().map(|(_, p)| p.amount.minor()).collect(),
            currencies: lines()
                .map(|(_, p)| p.amount.currency().code().to_owned())
                .collect(),
            booked_at: lines().map(|(e, _)| e.booked_at).collect(),
        }
    }
}

/// Balances, column by column.
pub(super) struct BalanceColumns {
    pub merchants: Vec<Uuid>,
    pub accounts: Vec<String>,
    pub currencies: Vec<String>,
    pub debits: Vec<i64>,
    pub wide_debits: Vec<Option<String>>,
    pub credits: Vec<i64>,
    pub wide_credits: Vec<Option<String>>,
}

impl BalanceColumns {
    pub fn of(balances: &[BalanceRow]) -> Self {
        let (debits, wide_debits) = balances.iter().map(|b| sides(b.2).0).unzip();
        let (credits, wide_credits) = balances.iter().map(|b| sides(b.2).1).unzip();
        Self {
            debits,
            wide_debits,
            credits,
            wide_credits,
            merchants: balances.iter().map(|b| b.0.0).collect(),
            accounts: balances.iter().map(|b| b.1.0.clone()).collect(),
            currencies: balances.iter().map(|b| b.1.1.code().to_owned()).collect(),
        }
    }
}

/// Both sums of a balance as columns: both are wide as soon as one is, so that one who knows the
/// narrow ones alone can book on neither side.
fn sides(balance: Balance) -> ((i64, Option<String>), (i64, Option<String>)) {
    let narrow = (to_columns(balance.debits), to_columns(balance.credits));
    if narrow.0.1.is_none() && narrow.1.1.is_none() {
        return narrow;
    }
    let wide = |sum: i128| (i64::MAX, Some(sum.to_string()));
    (wide(balance.debits), wide(balance.credits))
}

/// A place in a chat as its column has it; texts always print.
fn json(place: &ThreadPlace) -> Option<String> {
    serde_json::to_string(place).ok()
}

/// A sum as the two columns that hold it. What fits 64 bits is in the first. What does not is in
/// the second, and the first holds the most that it can: so a process of the version before this
/// one, which knows the first alone, refuses to book instead of counting wrong.
fn to_columns(sum: i128) -> (i64, Option<String>) {
    match i64::try_from(sum) {
        Ok(sum) => (sum, None),
        Err(_) if sum < 0 => (i64::MIN, Some(sum.to_string())),
        Err(_) => (i64::MAX, Some(sum.to_string())),
    }
}
