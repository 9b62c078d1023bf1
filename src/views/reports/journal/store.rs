//! SQL of the journal's pages: which entries are on one.

use crate::base::{
    db::Window,
    ids::{IntentId, MerchantId},
};
use sqlx::PgConnection;
use std::ops::Range;
use time::OffsetDateTime;

/// Which of a merchant's entries to look at: by number and by time, as far as both are known.
#[derive(Clone, Debug)]
pub struct Span {
    /// The sequences that may be given.
    pub sequences: Range<i64>,
    /// No entry of these sequences is earlier.
    pub earliest: OffsetDateTime,
    /// No entry of these sequences is later.
    pub latest: OffsetDateTime,
}

/// Sequences of entries that post to `account` in each of its currencies, as many as the window
/// reaches: the highest of the span, or the lowest if it is the page before another. In no order.
pub async fn sequences_of_account(
    db: &mut PgConnection,
    (merchant, account): (MerchantId, &str),
    span: &Span,
    window: Window,
) -> Result<Vec<i64>, sqlx::Error> {
    let sequences = sqlx::query_scalar!(
        r#"-- reports.sequences_of_account
        SELECT DISTINCT p.entry_sequence AS "sequence!" FROM balances b CROSS JOIN LATERAL (
            (SELECT DISTINCT p.booked_at, p.entry_sequence FROM postings p
            WHERE p.merchant_id = b.merchant_id AND p.account = b.account
                AND p.currency = b.currency
                AND p.booked_at BETWEEN $3 AND $4 AND p.entry_sequence >= $5
                    AND p.entry_sequence < $6 AND NOT $8
            ORDER BY p.booked_at DESC, p.entry_sequence DESC LIMIT $7)
            UNION ALL
            (SELECT DISTINCT p.booked_at, p.entry_sequence FROM postings p
            WHERE p.merchant_id = b.merchant_id AND p.account = b.account
                AND p.currency = b.currency
                AND p.booked_at BETWEEN $3 AND $4 AND p.entry_sequence >= $5
                    AND p.entry_sequence < $6 AND $8
            ORDER BY p.booked_at, p.entry_sequence LIMIT $7)
        ) p WHERE b.merchant_id = $1 AND b.account = $2"#,
        merchant.0,
        account,
        span.earliest,
        span.latest,
        span.sequences.start,
        span.sequences.end,
        window.reach(),
        window.newer_than.is_some()
    );
    sequences.fetch_all(db).await
}

/// Which entries of a payment intent are wanted, and how many.
#[derive(Clone, Copy, Debug)]
pub struct OfIntent<'a> {
    /// The intent.
    pub intent: IntentId,
    /// Those with this source.
    pub source: Option<&'a str>,
    /// Those that post to this account.
    pub account: Option<&'a str>,
    /// At most so many.
    pub limit: i64,
    /// The lowest first, else the highest.
    pub upward: bool,
}

/// The sequences of entries of one payment intent.
pub async fn sequences_of_intent(
    db: &mut PgConnection,
    merchant: MerchantId,
    wanted: OfIntent<'_>,
    span: &Range<i64>,
) -> Result<Vec<i64>, sqlx::Error> {
    let sequences = sqlx::query_scalar!(
        "-- reports.sequences_of_intent
        SELECT sequence FROM journal_entries e
        WHERE merchant_id = $1 AND payment_intent_id = $2 AND sequence >= $3 AND sequence < $4
            AND ($5::text IS NULL OR source = $5)
            AND ($6::text IS NULL OR EXISTS (
                SELECT 1 FROM postings p WHERE p.merchant_id = e.merchant_id
                    AND p.entry_sequence = e.sequence AND p.account = $6))
        ORDER BY CASE WHEN $8::boolean THEN sequence ELSE -sequence END LIMIT $7",
        merchant.0,
        wanted.intent.0,
        span.start,
        span.end,
        wanted.source,
        wanted.account,
        wanted.limit,
        wanted.upward
    );
    sequences.fetch_all(db).await
}
