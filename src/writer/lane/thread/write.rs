//! What a lane does with commands that have begun: one transaction, or several where one of the
//! commands is at fault, or waits for a row that is locked elsewhere.

use super::{BATCH_DEADLINE, Begun, LAST_WAIT, Lane, SHORT_WAIT, ids};
use crate::{
    base::{
        db::{is_lock_timeout, is_outage, is_spoiled},
        ids::MerchantId,
    },
    domain::ledger::store::Patience,
    writer::{
        Reply, Submission, WriteError,
        batch::{self, Replies},
        lane::entrance::ReplyTo,
    },
};
use futures_util::FutureExt;
use std::{
    collections::BTreeSet,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};
use time::OffsetDateTime;
use tokio::time::timeout;

/// How long a lane looks among the commands of one merchant for those whose rows are locked: the
/// others wait meanwhile.
const SEARCH_MAX: Duration = Duration::from_millis(300);

/// How the commands of a batch are told from those that hold it up.
struct Search {
    began_at: Instant,
    is_of_one: bool,
    has_served: bool,
    blocked: BTreeSet<MerchantId>,
}

impl Search {
    fn among(begun: &Begun) -> Self {
        Self {
            began_at: Instant::now(),
            is_of_one: is_of_one(begun.iter().map(|(submission, _)| submission)),
            has_served: false,
            blocked: BTreeSet::new(),
        }
    }

    /// Whether a batch with this error is run again by halves.
    fn goes_on(&self, batch: &[Submission], error: &WriteError) -> bool {
        let is_blocked = *error == WriteError::Blocked;
        let is_narrow = is_of_one(batch.iter());
        let may_narrow = self.is_of_one && self.began_at.elapsed() < SEARCH_MAX;
        batch.len() > 1
            && (*error == WriteError::Broken || is_blocked && (!is_narrow || may_narrow))
    }

    /// Whose rows are locked. Where nothing could be done, it is more than a few rows.
    fn blocked(self) -> BTreeSet<MerchantId> {
        if self.has_served || self.is_of_one {
            self.blocked
        } else {
            BTreeSet::new()
        }
    }
}

fn is_of_one<'a>(mut batch: impl Iterator<Item = &'a Submission>) -> bool {
    let first = batch.next().map(|submission| submission.merchant);
    batch.all(|submission| Some(submission.merchant) == first)
}

impl Lane {
    /// Runs what has begun in the transaction that holds its books, and answers. A batch that
    /// breaks a rule of the database, or needs a row that is locked elsewhere, is run again by
    /// halves, so that the command at fault fails alone, after few transactions.
    pub(super) async fn write(&mut self, begun: Begun, locked_at: OffsetDateTime) {
        let mut search = Search::among(&begun);
        let again = Patience {
            rows: SHORT_WAIT,
            ..LAST_WAIT
        };
        let mut parts = vec![begun];
        let mut held = Some(locked_at);
        while let Some(mut part) = parts.pop() {
            let (batch, replies): (Vec<Submission>, Vec<ReplyTo>) = part.drain(..).unzip();
            let written = match held.take() {
                Some(locked_at) => self.record(&batch, locked_at).await,
                None => self.record_again(&batch, again).await,
            };
            match written {
                Ok(written) => {
                    search.has_served = true;
                    let written = written.into_iter().map(|w| w.map_err(WriteError::Rejected));
                    answer(replies, written);
                }
                Err(error) if search.goes_on(&batch, &error) => {
                    part.extend(batch.into_iter().zip(replies));
                    part.sort_by_key(|(submission, _)| submission.merchant);
                    let second = part.split_off(part.len() / 2);
                    parts.extend([second, part]);
                }
                Err(error) => {
                    if error == WriteError::Blocked {
                        let merchants = batch.iter().map(|submission| submission.merchant);
                        search.blocked.extend(merchants);
                    }
                    answer(replies, std::iter::repeat(Err(error)));
                }
            }
        }
        self.keep_apart(search.blocked());
    }

    fn keep_apart(&mut self, merchants: BTreeSet<MerchantId>) {
        let now = Instant::now();
        for merchant in &merchants {
            if !self.apart.holds(*merchant, now) {
                tracing::warn!(%merchant, "rows of a merchant are locked elsewhere; it is kept apart");
            }
        }
        self.apart.add(merchants, now);
    }

    async fn record_again(
        &mut self,
        batch: &[Submission],
        wait: Patience,
    ) -> Result<Replies, WriteError> {
        let merchants = ids(batch.iter().map(|submission| submission.merchant));
        let locked = self.lock_books(&merchants, Some(wait)).await?;
        let locked = locked.ok_or(WriteError::Unavailable)?;
        self.record(batch, locked.at).await
    }

    /// Runs a batch to its commit. Whatever goes wrong, no transaction is left open: it is rolled
    /// back, or its connection is closed.
    async fn record(
        &mut self,
        batch: &[Submission],
        locked_at: OffsetDateTime,
    ) -> Result<Replies, WriteError> {
        // Only this one holds the books.
        let mut connection = self.connection.take().ok_or(WriteError::Unavailable)?;
        let begun = Instant::now();
        let run = batch::run(&mut connection, batch, locked_at, self.services());
        let ended = timeout(BATCH_DEADLINE, AssertUnwindSafe(run).catch_unwind()).await;
        match ended {
            Ok(Ok(Ok((replies, written)))) => {
                self.connection = Some(connection);
                self.report(begun.elapsed(), batch.len(), written);
                Ok(replies)
            }
            // Nothing was done, and a new connection plans anew.
            Ok(Ok(Err(error))) if is_spoiled(&error) => {
                drop(connection);
                Box::pin(self.record_again(batch, LAST_WAIT)).await
            }
            Ok(Ok(Err(error))) if is_lock_timeout(&error) => {
                self.connection = Some(connection);
                self.roll_back().await;
                Err(WriteError::Blocked)
            }
            Ok(Ok(Err(error))) if !is_outage(&error) => {
                self.connection = Some(connection);
                tracing::error!(%error, commands = batch.len(), "a batch was refused by the database");
                self.roll_back().await;
                Err(WriteError::Broken)
            }
            Ok(Ok(Err(error))) => {
                tracing::warn!(%error, "the writer lost its connection");
                Err(WriteError::Unavailable)
            }
            Ok(Err(_)) => {
                tracing::error!(
                    commands = batch.len(),
                    "a batch panicked; the writer connects again"
                );
                Err(WriteError::Broken)
            }
            Err(_) => {
                tracing::warn!("a batch took too long; the writer connects again");
                Err(WriteError::Unavailable)
            }
        }
    }
}

fn answer(replies: Vec<ReplyTo>, results: impl Iterator<Item = Result<Reply, WriteError>>) {
    for (reply, result) in replies.into_iter().zip(results) {
        // The caller may have gone; the change is made all the same.
        let _ = reply.send(result);
    }
}
