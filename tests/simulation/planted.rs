//! Faults that are planted to see whether the simulation finds them. Each is one that a change of
//! the writer or the dispatcher could well bring about.

use threadpay::{
    domain::ledger::{Direction, chain_hash},
    writer::World,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A batch loads its rows before it has the locks.
    LoadsBeforeLock,
    /// One process locks books in another order than the other.
    LocksInAnyOrder,
    /// What is known of idempotency keys is not loaded.
    ForgetsKeys,
    /// One process does not store balances.
    LosesBalances,
    /// An entry is booked twice, and all sums agree.
    BooksTwice,
    /// Replies go out before the commit.
    TellsTooEarly,
    /// Deliveries are leased without a look at earlier events of their intent.
    SendsOutOfOrder,
    /// Nobody takes back the leases of the dead, and they never end.
    KeepsLeasesOfTheDead,
}

/// Books the last entry of a batch once more.
pub fn book_twice(world: &mut World) {
    let Some(mut entry) = world.entries.last().cloned() else {
        return;
    };
    let books = world.books.get_mut(&entry.merchant).unwrap();
    entry.sequence += 1;
    entry.previous_hash = entry.hash;
    for posting in &mut entry.postings {
        let name = (posting.account.clone(), posting.amount.currency());
        let balance = books.balances.get_mut(&name).unwrap();
        let (side, other) = match posting.direction {
            Direction::Debit => (&mut balance.debits, balance.credits),
            Direction::Credit => (&mut balance.credits, balance.debits),
        };
        *side += i128::from(posting.amount.minor());
        let after = (*side - other).abs();
        posting.balance_after =
            threadpay::base::money::Total::new(after, posting.amount.currency());
    }
    entry.hash = chain_hash(&entry).unwrap();
    (books.entry_sequence, books.entry_hash) = (entry.sequence, entry.hash);
    world.entries.push(entry);
}
