//! One merchant's journal, from its first entry to its last: the chain, the two sides, what every
//! account holds after every posting, and what caused each entry.

use super::{Fault, Faults, Report, causes, feed::Feed, report::name, store};
use crate::{
    base::{
        db::is_unreadable,
        ids::MerchantId,
        money::{Currency, Total},
        timestamp,
    },
    domain::ledger::{
        Account, AccountKind, Balance, Chain, Direction, JournalEntry, Posting, check_entry,
        store::load_balances,
    },
    views::reports::store::{accounts, entries},
};
use sqlx::PgConnection;
use std::collections::HashMap;

/// How many entries are in memory at once.
const PAGE: i64 = 1_000;

/// Checks the journal of the merchant whose books stand at `head`, and counts it in `report`.
pub(super) async fn check(
    db: &mut PgConnection,
    head: &store::Head,
    report: &mut Report,
    faults: &mut Faults,
) -> Result<(), sqlx::Error> {
    let mut walk = Walk::open(db, head.merchant, faults).await?;
    let mut feed = Feed::open(head);
    let mut next = Some(1_i64);
    while let Some(start) = next {
        let end = start.saturating_add(PAGE - 1);
        let sequences: Vec<i64> = (start..=end).collect();
        let page = page(db, head.merchant, &sequences, faults).await?;
        next = if page.is_empty() {
            store::next_sequence(db, head.merchant, end).await?
        } else {
            end.checked_add(1)
        };
        for entry in &page {
            walk.entry(entry, faults);
            feed.meet(db, entry, faults).await?;
            count(entry, report);
        }
        causes::check(db, head.merchant, &page, faults).await?;
    }
    report.events += feed.finish(db, faults).await?;
    ends_at(walk.chain, head, faults);
    stored_balances(db, head.merchant, &walk.balances, faults).await
}

/// The entries with these sequences. One that cannot be read is named, and hides no other.
async fn page(
    db: &mut PgConnection,
    merchant: MerchantId,
    sequences: &[i64],
    faults: &mut Faults,
) -> Result<Vec<JournalEntry>, sqlx::Error> {
    let read = entries(db, merchant, sequences).await;
    if !read.as_ref().is_err_and(is_unreadable) {
        return read;
    }
    let mut page = Vec::new();
    for sequence in sequences {
        match entries(db, merchant, &[*sequence]).await {
            Err(error) if is_unreadable(&error) => {
                let problem = format!("its row cannot be read: {error}");
                let object = format!("journal entry {sequence}");
                faults.add(Fault::new(merchant, object, problem));
            }
            read => page.extend(read?),
        }
    }
    Ok(page)
}

fn count(entry: &JournalEntry, report: &mut Report) {
    report.entries += 1;
    for posting in &entry.postings {
        report.postings += 1;
        if posting.direction == Direction::Debit {
            report.add_debit(posting.amount);
        }
    }
}

/// The books say where the journal ends; it must end there.
fn ends_at(chain: Chain, head: &store::Head, faults: &mut Faults) {
    let mut broken =
        |problem: String| faults.add(Fault::new(head.merchant, "books".to_owned(), problem));
    let (booked, found) = (head.entry_sequence, chain.sequence());
    if booked != found {
        broken(format!(
            "the last journal entry should be {booked}, found {found}"
        ));
        return;
    }
    let (booked, found) = (head.entry_hash, chain.hash());
    if booked != found {
        broken(format!(
            "entry_hash should be {found}, the hash of the last journal entry; found {booked}"
        ));
    }
    if let Some(booked_at) = head.booked_at
        && found_entries(chain)
        && booked_at != chain.booked_at()
    {
        let (expected, found) = (
            timestamp::format(chain.booked_at()),
            timestamp::format(booked_at),
        );
        broken(format!(
            "booked_at should be {expected}, that of the last journal entry; found {found}"
        ));
    }
}

fn found_entries(chain: Chain) -> bool {
    chain.sequence() > 0
}

/// The journal up to an entry, and the balances as its postings make them.
struct Walk {
    chain: Chain,
    kinds: HashMap<String, AccountKind>,
    balances: HashMap<(String, Currency), Balance>,
    /// What the last posting to each account says that is on it: what is wrong is named once.
    after: HashMap<(String, Currency), i128>,
}

impl Walk {
    async fn open(
        db: &mut PgConnection,
        merchant: MerchantId,
        faults: &mut Faults,
    ) -> Result<Self, sqlx::Error> {
        let mut kinds = HashMap::new();
        for row in accounts(db, merchant).await? {
            let kind = row.code.parse().ok().map(|account: Account| account.kind());
            if let Some(kind) = kind.filter(|kind| *kind != row.kind) {
                let found = row.kind;
                let problem = format!("its kind should be {kind} by the chart, found {found}");
                faults.add(Fault::new(
                    merchant,
                    format!("account {}", row.code),
                    problem,
                ));
            }
            kinds.insert(row.code, kind.unwrap_or(row.kind));
        }
        Ok(Self {
            chain: Chain::start(),
            kinds,
            balances: HashMap::new(),
            after: HashMap::new(),
        })
    }

    fn entry(&mut self, entry: &JournalEntry, faults: &mut Faults) {
        if let Err(fault) = self.chain.check_next(entry) {
            faults.add(Fault::of_entry(entry, fault.to_string()));
        }
        for posting in &entry.postings {
            if let Err(problem) = self.post(posting) {
                let (line, account) = (posting.line, &posting.account);
                let object = format!("{}, posting {line} on {account}", name(entry));
                faults.add(Fault::new(entry.merchant, object, problem));
            }
        }
        if let Err(fault) = check_entry(entry) {
            faults.add(Fault::of_entry(entry, fault.to_string()));
        }
        self.chain = Chain::after(entry);
    }

    fn post(&mut self, posting: &Posting) -> Result<(), String> {
        let Some(kind) = self.kinds.get(&posting.account) else {
            return Err("the account should be in the chart of accounts, and is not".to_owned());
        };
        let (amount, currency) = (posting.amount, posting.amount.currency());
        let name = (posting.account.clone(), currency);
        let balance = self.balances.entry(name.clone()).or_default();
        *balance = balance.post(posting.direction, amount.minor());
        let sum = balance.on(kind.normal_side());
        let before = self.after.get(&name).copied().unwrap_or_default();
        let step = Balance::default().post(posting.direction, amount.minor());
        let after = before.saturating_add(step.on(kind.normal_side()));
        let found = posting.balance_after.minor();
        self.after.insert(name, found);
        // It goes on from the posting before it, or is right where that one was wrong.
        if found == after || found == sum {
            return Ok(());
        }
        let (before, after) = (Total::new(before, currency), Total::new(after, currency));
        let (found, side) = (posting.balance_after, posting.direction.as_str());
        Err(format!(
            "balance_after should be {after} {currency} ({before} before it and a {side} of {amount}), found {found}"
        ))
    }
}

/// What the books say every account holds must be the sums of its postings.
async fn stored_balances(
    db: &mut PgConnection,
    merchant: MerchantId,
    posted: &HashMap<(String, Currency), Balance>,
    faults: &mut Faults,
) -> Result<(), sqlx::Error> {
    let rows = load_balances(db, &[merchant.0]).await?;
    let stored: HashMap<_, _> = rows.into_iter().map(|(_, key, sums)| (key, sums)).collect();
    let sums = |of: &HashMap<_, _>, key| -> Balance { of.get(key).copied().unwrap_or_default() };
    let unposted = posted.keys().filter(|key| !stored.contains_key(*key));
    let all = stored.keys().chain(unposted);
    let mut wrong: Vec<_> = all
        .filter(|key| sums(&stored, key) != sums(posted, key))
        .collect();
    wrong.sort_unstable_by_key(|(account, currency)| (account, currency.code()));
    for key in wrong {
        let (account, currency) = key;
        let print = |sums: Balance| {
            let debits = Total::new(sums.debits, *currency);
            let credits = Total::new(sums.credits, *currency);
            format!("debits {debits} and credits {credits}")
        };
        let (expected, found) = (print(sums(posted, key)), print(sums(&stored, key)));
        let object = format!("balance of {account} in {currency}");
        let problem = format!("should be {expected} by its postings, found {found}");
        faults.add(Fault::new(merchant, object, problem));
    }
    Ok(())
}
