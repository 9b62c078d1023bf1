//! SQL of what an export is measured beside: Postgres sending the same rows by itself.

use crate::base::ids::MerchantId;
use futures_util::TryStreamExt;
use sqlx::PgConnection;

/// Lets Postgres know what was written, so that it plans as it would in a while.
pub(super) async fn analyze(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let analyze =
        sqlx::query("-- export.analyze\nANALYZE journal_entries, postings, payment_intents");
    analyze.execute(db).await.map(drop)
}

/// Copies a merchant's journal out, column for column what the export holds, and counts the
/// bytes.
pub(super) async fn copy(db: &mut PgConnection, merchant: MerchantId) -> Result<u64, sqlx::Error> {
    let statement = format!(
        "-- export.copy
        COPY (SELECT e.id, e.sequence, p.line, e.booked_at, e.effective_date, e.kind, p.account,
            p.direction, p.amount, p.currency,
            p.balance_after, e.source, e.payment_intent_id, i.payment_link_id, i.reference,
                i.thread ->> 'channel',
            i.thread ->> 'tenant', i.thread ->> 'conversation', i.thread ->> 'thread',
                i.thread ->> 'message',
            e.previous_hash, e.hash
        FROM journal_entries e JOIN postings p ON p.merchant_id = e.merchant_id
            AND p.entry_sequence = e.sequence
            LEFT JOIN payment_intents i ON i.merchant_id = e.merchant_id
                AND i.id = e.payment_intent_id
        WHERE e.merchant_id = '{}' ORDER BY e.sequence, p.line) TO STDOUT (FORMAT csv)",
        merchant.0
    );
    let mut pieces = db.copy_out_raw(&statement).await?;
    let mut bytes = 0;
    while let Some(piece) = pieces.try_next().await? {
        bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
    }
    Ok(bytes)
}
