//! Reading the journal of a period in one snapshot, a page at a time, as fast as it is taken.

use super::{Format, Period, renderer::Renderer, totals::Totals};
use crate::base::db::{MaySpoil, Pool};
use crate::{
    base::{
        ids::{EntryId, MerchantId},
        money::Currency,
        timestamp,
    },
    domain::ledger::{Chain, ChainFault, JournalEntry, Posting, check_entry},
    views::reports::{snapshot, store},
};
use bytes::Bytes;
use futures_util::{Stream, stream};
use sqlx::{Postgres, Transaction};
use std::{fmt, io, ops::Range};
use time::OffsetDateTime;

/// How many entries are in memory at once.
const PAGE: i64 = 256;

/// Why an export cannot be given, or not to its end. What was given before the error is no
/// export: it lacks the control totals.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no such merchant.
    #[error("there is no merchant {0}")]
    UnknownMerchant(MerchantId),
    /// An entry breaks the rules of the books.
    #[error(
        "the books are broken at journal entry {sequence} ({id}): {fault}; run `threadpay verify`"
    )]
    Entry {
        /// Its sequence.
        sequence: i64,
        /// Its id.
        id: EntryId,
        /// The rule and how it is broken.
        fault: ChainFault,
    },
    /// The books as a whole are not what they say.
    #[error("the books are broken: {0}; run `threadpay verify`")]
    Books(String),
    /// A row could not be put into the format.
    #[error("cannot write the format: {0}")]
    Render(#[from] io::Error),
    /// Postgres could not answer.
    #[error("cannot read the journal: {0}")]
    Database(#[from] sqlx::Error),
}

impl MaySpoil for ExportError {
    fn is_spoiled(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_spoiled())
    }
}

/// An export under way. It holds one connection of the pool until it is dropped, and reads on
/// only when it is asked to, so a slow taker costs no memory.
pub struct Export {
    db: Transaction<'static, Postgres>,
    merchant: MerchantId,
    period: Period,
    /// When the books were read, if the period was not over then.
    open_at: Option<OffsetDateTime>,
    left: Range<i64>,
    chain: Chain,
    totals: Totals,
    renderer: Box<dyn Renderer>,
    selection: Selection,
    stage: Stage,
}

/// Which postings an export holds; all where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Those in this currency.
    pub currency: Option<Currency>,
    /// Those to the account with this code.
    pub account: Option<String>,
}

impl Selection {
    fn holds(&self, posting: &Posting) -> bool {
        let currency = posting.amount.currency();
        self.currency.is_none_or(|wanted| wanted == currency)
            && (self.account.iter()).all(|wanted| *wanted == posting.account)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Entries,
    Done,
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Export({}, {:?})", self.merchant, self.left)
    }
}

impl Export {
    /// Takes the snapshot and finds the period in it. Whatever is wrong with the request shows
    /// here, before the first byte.
    pub async fn open(
        pool: &Pool,
        merchant: MerchantId,
        period: Period,
        format: Format,
    ) -> Result<Self, ExportError> {
        pool.again(|| async {
            // Before the snapshot: what is in it of a period that is over never changes again.
            let settled = snapshot::settled_until(&mut *pool.acquire().await?, merchant).await?;
            let mut db = snapshot::snapshot(pool).await?;
            if !store::merchant_exists(&mut db, merchant).await? {
                return Err(ExportError::UnknownMerchant(merchant));
            }
            let beyond = store::last_sequence(&mut db, merchant)
                .await?
                .saturating_add(1);
            let start = store::first_sequence(&mut db, merchant, period.from).await?;
            let end = store::first_sequence(&mut db, merchant, period.to).await?;
            let left = start.unwrap_or(beyond)..end.unwrap_or(beyond);
            let neighbors = [left.start.saturating_sub(1), left.end];
            let neighbors = store::entries(&mut db, merchant, &neighbors).await?;
            if let Some(stray) = neighbors
                .iter()
                .find(|entry| period.contains(entry.booked_at))
            {
                return Err(outside(stray));
            }
            let before = neighbors.iter().find(|n| n.sequence < left.start);
            Ok(Self {
                db,
                merchant,
                period,
                open_at: settled.filter(|settled| *settled < period.to),
                left,
                chain: before.map_or(Chain::start(), Chain::after),
                totals: Totals::default(),
                renderer: format.renderer(),
                selection: Selection::default(),
                stage: Stage::Begin,
            })
        })
        .await
    }

    /// The same with these postings alone. All the same every entry is held to the rules.
    #[must_use]
    pub fn only(self, selection: Selection) -> Self {
        Self { selection, ..self }
    }

    /// The next bytes; none after the control totals.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, ExportError> {
        let mut out = Vec::new();
        match self.stage {
            Stage::Done => return Ok(None),
            Stage::Begin => self.renderer.begin(&mut out)?,
            Stage::Entries => {}
        }
        self.stage = Stage::Entries;
        self.page(&mut out).await?;
        if self.left.is_empty() {
            // One side of entries need not balance.
            let unbalanced =
                (self.totals.unbalanced()).filter(|_| self.selection.account.is_none());
            if let Some((debits, credits)) = unbalanced {
                let (currency, debits, credits) = (debits.currency, debits.amount, credits.amount);
                let found = format!("the control totals in {currency} are {debits} and {credits}");
                return Err(ExportError::Books(found));
            }
            if let Some(at) = self.open_at {
                self.renderer.open(at, &mut out)?;
            }
            self.renderer.end(&self.totals, &mut out)?;
            self.stage = Stage::Done;
        }
        // A period without entries has no bytes at all in some formats.
        Ok((!out.is_empty()).then(|| out.into()))
    }

    /// All the bytes, for an HTTP body.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, ExportError>> {
        stream::try_unfold(self, |mut export| async {
            let chunk = export.next_chunk().await?;
            Ok(chunk.map(|chunk| (chunk, export)))
        })
    }

    async fn page(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let end = self.left.end.min(self.left.start.saturating_add(PAGE));
        let sequences: Vec<i64> = (self.left.start..end).collect();
        for mut entry in store::entries(&mut self.db, self.merchant, &sequences).await? {
            self.admit(&entry)?;
            entry.postings.retain(|p| self.selection.holds(p));
            if !entry.postings.is_empty() {
                self.totals.add(&entry);
                self.renderer.entry(&entry, out)?;
            }
        }
        let last = end.saturating_sub(1);
        if !sequences.is_empty() && self.chain.sequence() != last {
            let missing = self.chain.sequence().saturating_add(1);
            return Err(ExportError::Books(format!(
                "journal entry {missing} is missing"
            )));
        }
        self.left.start = end;
        Ok(())
    }

    /// Holds an entry to the rules before it is written.
    fn admit(&mut self, entry: &JournalEntry) -> Result<(), ExportError> {
        let checks = self
            .chain
            .check_next(entry)
            .and_then(|()| check_entry(entry));
        checks.map_err(|fault| ExportError::Entry {
            sequence: entry.sequence,
            id: entry.id,
            fault,
        })?;
        if !self.period.contains(entry.booked_at) {
            return Err(outside(entry));
        }
        self.chain = Chain::after(entry);
        Ok(())
    }
}

fn outside(entry: &JournalEntry) -> ExportError {
    let (sequence, time) = (entry.sequence, timestamp::format(entry.booked_at));
    ExportError::Books(format!(
        "journal entry {sequence} was booked at {time}, which is not where the postings say it is"
    ))
}
