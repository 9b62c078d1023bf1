//! The journal: a page of it, narrowed as asked, and the entries of one payment.

mod store;

use self::store::{OfIntent, Span};
use super::{ReportError, store as reports};
use crate::base::db::Pool;
use crate::{
    base::{
        db::Window,
        ids::{EntryId, IntentId, MerchantId, RefundId},
        invalid::Invalid,
    },
    domain::ledger::{JournalEntry, JournalEntryView},
};
use sqlx::PgConnection;
use std::{cmp::Reverse, fmt, ops::Range, str::FromStr};
use time::{OffsetDateTime, macros::datetime};
use uuid::Uuid;

/// What can cause an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A payment intent.
    Intent(IntentId),
    /// A refund.
    Refund(RefundId),
    /// Nothing but the entry itself: an adjustment.
    Entry(EntryId),
}

/// The text is not the id of anything that causes entries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a source is the id of a payment intent (pi_…), of a refund (re_…) or of an adjustment (je_…)"
)]
pub struct SourceError;

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let intent = || text.parse().map(Self::Intent).ok();
        let refund = || text.parse().map(Self::Refund).ok();
        let entry = || text.parse().map(Self::Entry).ok();
        intent().or_else(refund).or_else(entry).ok_or(SourceError)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Intent(id) => id.fmt(f),
            Self::Refund(id) => id.fmt(f),
            Self::Entry(id) => id.fmt(f),
        }
    }
}

/// Which entries are wanted; what is none does not narrow.
#[derive(Clone, Debug, Default)]
pub struct JournalFilter {
    /// Those that post to this account.
    pub account: Option<String>,
    /// Those with this source.
    pub source: Option<Source>,
    /// Those booked at this time or later.
    pub from: Option<OffsetDateTime>,
    /// Those booked before this time.
    pub to: Option<OffsetDateTime>,
}

/// A page of the entries of one payment intent, oldest first (how its money moved, gross to net),
/// and whether there are more.
pub async fn intent_entries(
    pool: &Pool,
    merchant: MerchantId,
    intent: IntentId,
    window: Window,
) -> Result<(Vec<JournalEntryView>, bool), ReportError> {
    pool.again(|| async {
        let mut db = pool.acquire().await?;
        if !reports::intent_exists(&mut db, merchant, intent).await? {
            return Err(ReportError::NotFound);
        }
        let end = reports::last_sequence(&mut db, merchant)
            .await?
            .saturating_add(1);
        let mut span = 1..end;
        // What comes after an entry in this list is newer, and what comes before it older.
        if let Some(id) = window.older_than {
            let found = reports::find_entry(&mut db, merchant, EntryId(id)).await?;
            span.start = found.ok_or_else(|| unknown("/after", id))?.0 + 1;
        }
        if let Some(id) = window.newer_than {
            let found = reports::find_entry(&mut db, merchant, EntryId(id)).await?;
            span.end = found.ok_or_else(|| unknown("/before", id))?.0;
        }
        let wanted = OfIntent {
            intent,
            source: None,
            account: None,
            limit: window.reach(),
            upward: window.newer_than.is_none(),
        };
        let mut sequences = store::sequences_of_intent(&mut db, merchant, wanted, &span).await?;
        sequences.sort_unstable();
        let (sequences, has_more) = window.cut(sequences);
        let entries = reports::entries(&mut db, merchant, &sequences).await?;
        Ok((entries.into_iter().map(Into::into).collect(), has_more))
    })
    .await
}

/// A page of the merchant's journal, newest first, and whether there are more entries.
pub async fn journal(
    pool: &Pool,
    merchant: MerchantId,
    filter: &JournalFilter,
    window: Window,
) -> Result<(Vec<JournalEntryView>, bool), ReportError> {
    pool.again(|| async {
        let mut db = pool.acquire().await?;
        let span = span(&mut db, merchant, filter, window).await?;
        let mut sequences: Vec<i64> = match (filter.source, &filter.account) {
            (Some(source), account) => {
                let account = account.as_deref();
                let sought = OfSource { source, account };
                of_source(&mut db, merchant, sought, &span, window).await?
            }
            (None, Some(account)) => {
                let key = (merchant, account.as_str());
                store::sequences_of_account(&mut db, key, &span, window).await?
            }
            (None, None) => {
                nearest(&span.sequences, window.reach(), window.newer_than.is_some()).collect()
            }
        };
        sequences.sort_unstable_by_key(|&sequence| Reverse(sequence));
        let (sequences, has_more) = window.cut(sequences);
        let entries = reports::entries(&mut db, merchant, &sequences).await?;
        let newest_first = entries.into_iter().rev().map(Into::into);
        Ok((newest_first.collect(), has_more))
    })
    .await
}

/// Up to `count` sequences of `all`: the lowest if `upward`, else the highest. A merchant's
/// sequences have no gaps, so nothing needs to be read for it.
fn nearest(all: &Range<i64>, count: i64, upward: bool) -> Range<i64> {
    if upward {
        all.start..all.end.min(all.start.saturating_add(count))
    } else {
        all.start.max(all.end.saturating_sub(count))..all.end
    }
}

/// Which entries of a source are wanted.
#[derive(Clone, Copy)]
struct OfSource<'a> {
    source: Source,
    /// Those that post to this account.
    account: Option<&'a str>,
}

/// The sequences of the span's entries with this source, as many as the window reaches.
async fn of_source(
    db: &mut PgConnection,
    merchant: MerchantId,
    OfSource { source, account }: OfSource<'_>,
    span: &Span,
    window: Window,
) -> Result<Vec<i64>, ReportError> {
    let intent = match source {
        Source::Intent(intent) => Some(intent),
        Source::Refund(refund) => reports::intent_of_refund(db, merchant, refund).await?,
        Source::Entry(id) => {
            return adjustment(db, merchant, (id, account), span).await;
        }
    };
    let Some(intent) = intent else {
        return Ok(Vec::new());
    };
    let source = source.to_string();
    let wanted = OfIntent {
        intent,
        source: Some(&source),
        account,
        limit: window.reach(),
        upward: window.newer_than.is_some(),
    };
    Ok(store::sequences_of_intent(db, merchant, wanted, &span.sequences).await?)
}

/// The sequence of the adjustment, if it is one, in the span, and posts to the account.
async fn adjustment(
    db: &mut PgConnection,
    merchant: MerchantId,
    (id, account): (EntryId, Option<&str>),
    span: &Span,
) -> Result<Vec<i64>, ReportError> {
    let found = reports::find_entry(db, merchant, id).await?;
    let sequences: Vec<i64> = found.into_iter().map(|(sequence, _)| sequence).collect();
    let entries = reports::entries(db, merchant, &sequences).await?;
    let wanted = |entry: &JournalEntry| {
        span.sequences.contains(&entry.sequence)
            && entry.source == id.to_string()
            && account.is_none_or(|code| entry.postings.iter().any(|p| p.account == code))
    };
    Ok(entries
        .into_iter()
        .filter(wanted)
        .map(|entry| entry.sequence)
        .collect())
}

/// The part of the journal that a page is taken from.
async fn span(
    db: &mut PgConnection,
    merchant: MerchantId,
    filter: &JournalFilter,
    window: Window,
) -> Result<Span, ReportError> {
    let end = reports::last_sequence(db, merchant)
        .await?
        .saturating_add(1);
    let mut span = Span {
        sequences: 1..end,
        earliest: datetime!(0001-01-01 0:00 UTC),
        latest: datetime!(9999-12-31 0:00 UTC),
    };
    if let Some(from) = filter.from {
        let first = reports::first_sequence(db, merchant, from).await?;
        span.sequences.start = first.unwrap_or(end);
        span.earliest = from;
    }
    if let Some(to) = filter.to {
        let beyond = reports::first_sequence(db, merchant, to).await?;
        span.sequences.end = beyond.unwrap_or(end);
        span.latest = to;
    }
    if let Some(id) = window.older_than {
        let found = reports::find_entry(db, merchant, EntryId(id)).await?;
        let (sequence, booked_at) = found.ok_or_else(|| unknown("/after", id))?;
        span.sequences.end = span.sequences.end.min(sequence);
        span.latest = span.latest.min(booked_at);
    }
    if let Some(id) = window.newer_than {
        let found = reports::find_entry(db, merchant, EntryId(id)).await?;
        let (sequence, booked_at) = found.ok_or_else(|| unknown("/before", id))?;
        span.sequences.start = span.sequences.start.max(sequence.saturating_add(1));
        span.earliest = span.earliest.max(booked_at);
    }
    Ok(span)
}

fn unknown(param: &str, id: Uuid) -> Invalid {
    let id = EntryId(id);
    Invalid::field(param, format!("the journal has no entry {id} to page from"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_sequences_stand_at_the_cursor() {
        assert_eq!(nearest(&(1..10), 3, false), 7..10);
        assert_eq!(nearest(&(1..10), 3, true), 1..4);
        assert_eq!(nearest(&(1..2), 3, false), 1..2);
        assert!(nearest(&(5..5), 3, true).is_empty());
    }

    #[test]
    fn a_source_is_an_intent_a_refund_or_an_adjustment() {
        let id = IntentId(Uuid::from_u128(5));
        assert_eq!(id.to_string().parse(), Ok(Source::Intent(id)));
        assert_eq!(Source::Intent(id).to_string(), id.to_string());
        let id = EntryId(Uuid::from_u128(5));
        assert_eq!(id.to_string().parse(), Ok(Source::Entry(id)));
        assert_eq!("je_1".parse::<Source>(), Err(SourceError));
    }
}
