//! One merchant's journal, from its first entry to its last: the chain, the two sides, and what
//! every account holds after every posting.

use super::{Fault, Report, VerifyError, store::Head};
use crate::{
    base::{
        ids::MerchantId,
        money::{Currency, Total},
    },
    domain::ledger::{
        AccountKind, Balance, Chain, Direction, JournalEntry, Posting, check_entry,
        store::load_balances,
    },
    views::reports::store,
};
use sqlx::PgConnection;
use std::collections::HashMap;

/// How many entries are in memory at once.
const PAGE: i64 = 256;

/// Checks the journal of the merchant whose books stand at `head`, and counts it in `report`.
pub(super) async fn check(
    db: &mut PgConnection,
    head: &Head,
    report: &mut Report,
) -> Result<(), VerifyError> {
    let accounts = store::accounts(db, head.merchant).await?;
    let kinds = accounts.into_iter().map(|a| (a.code, a.kind)).collect();
    let mut tally = Tally {
        kinds,
        balances: HashMap::new(),
    };
    let mut chain = Chain::start();
    let mut start = 1;
    while start <= head.entry_sequence {
        let end = start.saturating_add(PAGE);
        let sequences: Vec<i64> = (start..end).collect();
        for booked in store::entries(db, head.merchant, &sequences).await? {
            chain = entry(&booked, chain, &mut tally)?;
            count(&booked, report);
        }
        start = end;
    }
    ends_at(chain, head)?;
    stored_balances(db, head.merchant, &tally).await
}

fn fault(merchant: MerchantId, object: String, problem: String) -> Fault {
    Fault {
        merchant,
        object,
        problem,
    }
}

fn entry(entry: &JournalEntry, chain: Chain, tally: &mut Tally) -> Result<Chain, Fault> {
    let name = || format!("journal entry {} ({})", entry.sequence, entry.id);
    let broken = |problem: String| fault(entry.merchant, name(), problem);
    chain.check_next(entry).map_err(|e| broken(e.to_string()))?;
    for posting in &entry.postings {
        tally.post(posting).map_err(|problem| {
            let object = format!(
                "{}, posting {} on {}",
                name(),
                posting.line,
                posting.account
            );
            fault(entry.merchant, object, problem)
        })?;
    }
    check_entry(entry).map_err(|e| broken(e.to_string()))?;
    Ok(Chain::after(entry))
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
fn ends_at(chain: Chain, head: &Head) -> Result<(), Fault> {
    let broken = |problem| Err(fault(head.merchant, "books".to_owned(), problem));
    let (booked, found) = (head.entry_sequence, chain.sequence());
    if booked != found {
        return broken(format!(
            "the last journal entry should be {booked}, found {found}"
        ));
    }
    let (booked, found) = (head.entry_hash, chain.hash());
    if booked != found {
        return broken(format!(
            "entry_hash should be {found}, the hash of the last journal entry; found {booked}"
        ));
    }
    Ok(())
}

/// The balances as the postings make them.
struct Tally {
    kinds: HashMap<String, AccountKind>,
    balances: HashMap<(String, Currency), Balance>,
}

impl Tally {
    fn post(&mut self, posting: &Posting) -> Result<(), String> {
        let Some(kind) = self.kinds.get(&posting.account) else {
            return Err("the account should be in the chart of accounts, and is not".to_owned());
        };
        let (amount, currency) = (posting.amount, posting.amount.currency());
        let balance = self.balances.entry((posting.account.clone(), currency));
        let balance = balance.or_default();
        let normal = kind.normal_side();
        let before = Total::new(balance.on(normal), currency);
        *balance = balance.post(posting.direction, amount.minor());
        let after = Total::new(balance.on(normal), currency);
        if posting.balance_after == after {
            return Ok(());
        }
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
    tally: &Tally,
) -> Result<(), VerifyError> {
    let rows = load_balances(db, &[merchant.0]).await?;
    let stored: HashMap<_, _> = rows.into_iter().map(|(_, key, sums)| (key, sums)).collect();
    let sums = |of: &HashMap<_, _>, key| -> Balance { of.get(key).copied().unwrap_or_default() };
    let all = stored.keys().chain(tally.balances.keys());
    let wrong = all.filter(|key| sums(&stored, key) != sums(&tally.balances, key));
    let Some(key) = wrong.min_by_key(|(account, currency)| (account, currency.code())) else {
        return Ok(());
    };
    let (account, currency) = key;
    let print = |sums: Balance| {
        let debits = Total::new(sums.debits, *currency);
        let credits = Total::new(sums.credits, *currency);
        format!("debits {debits} and credits {credits}")
    };
    let (expected, found) = (sums(&tally.balances, key), sums(&stored, key));
    let (expected, found) = (print(expected), print(found));
    let object = format!("balance of {account} in {currency}");
    let problem = format!("should be {expected} by its postings, found {found}");
    Err(fault(merchant, object, problem).into())
}
