//! A merchant's journal, written in bulk by the statements that the writer records a batch with,
//! and by nothing else: no queue, no look-up, no decision.

use super::{failure::failed, in_process::draft, measured::Done, sample};
use crate::program::ProgramError;
use crate::{
    base::{
        ambient::Ambient,
        db::{Db, Use},
        ids::MerchantId,
    },
    domain::ledger::{BalanceRow, Books, Draft, JournalEntry, store},
};
use sqlx::{Connection, PgConnection};
use std::time::{Duration, Instant};

/// The books of a merchant whom nobody else writes for meanwhile.
#[derive(Debug)]
pub(super) struct Journal {
    db: PgConnection,
    books: Books,
    ambient: Ambient,
}

/// Entries that are booked and not yet recorded.
#[derive(Debug)]
pub(super) struct Batch {
    entries: Vec<JournalEntry>,
    balances: Vec<BalanceRow>,
}

impl Journal {
    /// Reads where the books stand.
    pub async fn open(db: &Db, merchant: MerchantId) -> Result<Self, ProgramError> {
        let mut db = db.connect(Use::Writer).await?;
        let books = super::store::lock_books(&mut db, merchant).await;
        let books = books.map_err(failed)?;
        let mut books = books.ok_or_else(|| failed("there is no such merchant"))?;
        let balances = store::load_balances(&mut db, &[merchant.0]).await;
        for (_, name, balance) in balances.map_err(failed)? {
            books.balances.insert(name, balance);
        }
        let ambient = Ambient::system();
        let accounts = draft()?.accounts().into_iter();
        let accounts: Vec<_> = accounts.map(|(account, _)| (merchant, account)).collect();
        let opened = store::open_accounts(&mut db, &accounts, ambient.now()).await;
        opened.map_err(failed)?;
        Ok(Self { db, books, ambient })
    }

    /// Books drafts, in memory.
    pub fn book(&mut self, drafts: impl Iterator<Item = Draft>) -> Batch {
        let now = self.ambient.now();
        let books = &mut self.books;
        let entries = drafts.map(|draft| books.book(draft, self.ambient.id(), now));
        let entries = entries.collect();
        let balances = books.balances.iter();
        let balances = balances.map(|(name, balance)| (books.merchant, name.clone(), *balance));
        Batch {
            entries,
            balances: balances.collect(),
        }
    }

    /// Stores a batch in a transaction of its own.
    pub async fn record(&mut self, batch: &Batch) -> Result<(), sqlx::Error> {
        let mut transaction = self.db.begin().await?;
        store::record(&mut transaction, &batch.entries, &batch.balances).await?;
        super::store::save_books(&mut transaction, &self.books).await?;
        transaction.commit().await
    }
}

/// Records batches of `size` entries for so long, not counting the time in which they are made.
pub(super) async fn unnest(
    journal: &mut Journal,
    size: u16,
    (warm_up, time): (Duration, Duration),
) -> Result<Done, ProgramError> {
    let draft = draft()?;
    let mut samples = [sample::Sample::default()];
    let mut spent = Duration::ZERO;
    while spent < warm_up + time {
        let batch = journal.book(std::iter::repeat_n(draft.clone(), size.into()));
        let start = Instant::now();
        journal.record(&batch).await.map_err(failed)?;
        let took = start.elapsed();
        spent += took;
        let [sample] = &mut samples;
        sample.requests.push((spent, took));
    }
    let batches = sample::Figures::of(&samples, &(warm_up..warm_up + time));
    let [sample] = samples;
    Ok(Done {
        figures: sample::Figures {
            per_second: batches.per_second * u64::from(size),
            ..batches
        },
        count: sample.requests.len() * usize::from(size),
        ..Done::default()
    })
}
