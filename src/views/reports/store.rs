//! SQL of the reports: the only statements that read across nouns.

use super::{BookedEntry, Origin, ThreadPlace};
use crate::{
    base::{
        ids::{EntryId, IntentId, LinkId, MerchantId, RefundId},
        money::{Currency, Money, Total},
    },
    domain::ledger::{AccountKind, EntryHash, JournalEntry, Posting, store::to_sum},
};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// Whether the merchant is there.
pub async fn merchant_exists(
    db: &mut PgConnection,
    merchant: MerchantId,
) -> Result<bool, sqlx::Error> {
    let exists = sqlx::query_scalar!(
        r#"-- reports.merchant_exists
        SELECT EXISTS (SELECT FROM merchants WHERE merchant_id = $1) AS "exists!""#,
        merchant.0
    );
    exists.fetch_one(db).await
}

/// Whether the merchant has the payment intent.
pub async fn intent_exists(
    db: &mut PgConnection,
    merchant: MerchantId,
    intent: IntentId,
) -> Result<bool, sqlx::Error> {
    let exists = sqlx::query_scalar!(
        r#"-- reports.intent_exists
        SELECT EXISTS (SELECT FROM payment_intents WHERE merchant_id = $1 AND id = $2) AS "exists!""#,
        merchant.0,
        intent.0
    );
    exists.fetch_one(db).await
}

/// The sequence of the merchant's last entry; 0 if there is none.
pub async fn last_sequence(
    db: &mut PgConnection,
    merchant: MerchantId,
) -> Result<i64, sqlx::Error> {
    let last = sqlx::query_scalar!(
        "-- reports.last_sequence
        SELECT entry_sequence FROM books WHERE merchant_id = $1",
        merchant.0
    );
    Ok(last.fetch_optional(db).await?.unwrap_or(0))
}

/// The first entry booked at `time` or later: the earliest of one index look-up per account and
/// currency, since every entry posts to some account. None if all entries are earlier.
pub async fn first_sequence(
    db: &mut PgConnection,
    merchant: MerchantId,
    time: OffsetDateTime,
) -> Result<Option<i64>, sqlx::Error> {
    let first = sqlx::query_scalar!(
        "-- reports.first_sequence
        SELECT min(p.entry_sequence) FROM balances b CROSS JOIN LATERAL (
            SELECT p.entry_sequence FROM postings p
            WHERE p.merchant_id = b.merchant_id AND p.account = b.account AND p.currency = b.currency AND p.booked_at >= $2
            ORDER BY p.booked_at, p.entry_sequence LIMIT 1
        ) p WHERE b.merchant_id = $1",
        merchant.0,
        time
    );
    first.fetch_one(db).await
}

/// The sequence and time of the entry `id`.
pub async fn find_entry(
    db: &mut PgConnection,
    merchant: MerchantId,
    id: EntryId,
) -> Result<Option<(i64, OffsetDateTime)>, sqlx::Error> {
    let entry = sqlx::query!(
        "-- reports.find_entry
        SELECT sequence, booked_at FROM journal_entries
        WHERE merchant_id = $1 AND id = $2",
        merchant.0,
        id.0
    );
    let entry = entry.fetch_optional(db).await?;
    Ok(entry.map(|row| (row.sequence, row.booked_at)))
}

/// The payment intent that a refund gives money back of.
pub async fn intent_of_refund(
    db: &mut PgConnection,
    merchant: MerchantId,
    refund: RefundId,
) -> Result<Option<IntentId>, sqlx::Error> {
    let intent = sqlx::query_scalar!(
        "-- reports.intent_of_refund
        SELECT payment_intent_id FROM refunds WHERE merchant_id = $1 AND id = $2",
        merchant.0,
        refund.0
    );
    Ok(intent.fetch_optional(db).await?.map(IntentId))
}

/// The entries with these sequences and their origins, in the order of the sequences. What is
/// not there is left out.
pub async fn entries(
    db: &mut PgConnection,
    merchant: MerchantId,
    sequences: &[i64],
) -> Result<Vec<BookedEntry>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"-- reports.entries
        SELECT e.sequence, e.id, e.kind, e.source, e.payment_intent_id, e.booked_at,
            e.effective_date, e.actor, e.previous_hash, e.hash,
            i.payment_link_id AS "payment_link_id?", i.reference AS "reference?",
            i.thread ->> 'channel' AS channel, i.thread ->> 'tenant' AS tenant,
            i.thread ->> 'conversation' AS conversation, i.thread ->> 'thread' AS thread,
            i.thread ->> 'message' AS message
        FROM (SELECT UNNEST($2::bigint[]) AS sequence) u
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM journal_entries f
            WHERE f.merchant_id = $1 AND f.sequence = u.sequence LIMIT 1
        ) f
        JOIN journal_entries e ON e.ctid = f.row
        LEFT JOIN LATERAL (
            SELECT i.payment_link_id, i.reference, i.thread FROM payment_intents i
            WHERE i.merchant_id = $1 AND i.id = e.payment_intent_id LIMIT 1
        ) i ON true
        ORDER BY u.sequence"#,
        merchant.0,
        sequences
    );
    let rows = rows.fetch_all(&mut *db).await?;
    let mut postings = postings(db, merchant, sequences)
        .await?
        .into_iter()
        .peekable();
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let mut own = Vec::new();
        while let Some((of, posting)) = postings.next_if(|(of, _)| *of <= row.sequence) {
            own.extend((of == row.sequence).then_some(posting));
        }
        let (tenant, conversation, thread, message) =
            (row.tenant, row.conversation, row.thread, row.message);
        let origin = Origin {
            payment_intent: row.payment_intent_id.map(IntentId),
            payment_link: row.payment_link_id.map(LinkId),
            reference: row.reference,
            thread: row.channel.map(|channel| ThreadPlace {
                channel,
                tenant,
                conversation,
                thread,
                message,
            }),
        };
        let entry = JournalEntry {
            merchant,
            sequence: row.sequence,
            id: EntryId(row.id),
            kind: row.kind,
            source: row.source,
            payment_intent: row.payment_intent_id,
            booked_at: row.booked_at,
            effective_date: row.effective_date,
            actor: row.actor,
            postings: own,
            previous_hash: to_hash(&row.previous_hash),
            hash: to_hash(&row.hash),
        };
        entries.push(BookedEntry { entry, origin });
    }
    Ok(entries)
}

async fn postings(
    db: &mut PgConnection,
    merchant: MerchantId,
    sequences: &[i64],
) -> Result<Vec<(i64, Posting)>, sqlx::Error> {
    let rows = sqlx::query!(
        "-- reports.postings
        SELECT p.entry_sequence, p.line, p.account, p.direction, p.amount, p.currency,
            coalesce(p.balance_after_wide, p.balance_after)::text AS \"balance_after!\"
        FROM (SELECT UNNEST($2::bigint[]) AS sequence) u
        CROSS JOIN LATERAL (
            SELECT p.entry_sequence, p.line, p.account, p.direction, p.amount, p.currency,
                p.balance_after, p.balance_after_wide
            FROM postings p
            WHERE p.merchant_id = $1 AND p.entry_sequence = u.sequence OFFSET 0
        ) p
        ORDER BY p.entry_sequence, line",
        merchant.0,
        sequences
    );
    let rows = rows.fetch_all(db).await?;
    let posting = rows.into_iter().map(|row| {
        let currency = to_currency(&row.currency)?;
        let posting = Posting {
            line: row.line,
            account: row.account,
            direction: row.direction.parse().map_err(undecodable)?,
            amount: Money::new(row.amount, currency),
            balance_after: Total::new(to_sum(&row.balance_after)?, currency),
        };
        Ok((row.entry_sequence, posting))
    });
    posting.collect()
}

/// One account of the chart.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Its code.
    pub code: String,
    /// What it counts.
    pub kind: AccountKind,
    /// When it was first posted to.
    pub created_at: OffsetDateTime,
}

/// All accounts that the merchant's books post to.
pub async fn accounts(
    db: &mut PgConnection,
    merchant: MerchantId,
) -> Result<Vec<AccountRow>, sqlx::Error> {
    let rows = sqlx::query!(
        "-- reports.accounts
        SELECT code, kind, created_at FROM accounts WHERE merchant_id = $1",
        merchant.0
    );
    let rows = rows.fetch_all(db).await?;
    let account = rows.into_iter().map(|row| {
        let kind = row.kind.parse().map_err(undecodable)?;
        let (code, created_at) = (row.code, row.created_at);
        Ok(AccountRow {
            code,
            kind,
            created_at,
        })
    });
    account.collect()
}

/// The balance in each of the account's currencies before `end`, on its normal side: that after
/// its last posting, one index look-up each.
pub async fn balances(
    db: &mut PgConnection,
    merchant: MerchantId,
    account: &str,
    end: OffsetDateTime,
) -> Result<Vec<Total>, sqlx::Error> {
    let rows = sqlx::query!(
        "-- reports.balances
        SELECT b.currency, p.after AS \"after!\" FROM balances b CROSS JOIN LATERAL (
            SELECT coalesce(p.balance_after_wide, p.balance_after)::text AS after FROM postings p
            WHERE p.merchant_id = b.merchant_id AND p.account = b.account
                AND p.currency = b.currency AND p.booked_at < $3
            ORDER BY p.booked_at DESC, p.entry_sequence DESC, p.line DESC LIMIT 1
        ) p WHERE b.merchant_id = $1 AND b.account = $2 ORDER BY b.currency COLLATE \"C\"",
        merchant.0,
        account,
        end
    );
    let rows = rows.fetch_all(db).await?;
    let money = rows
        .into_iter()
        .map(|row| Ok(Total::new(to_sum(&row.after)?, to_currency(&row.currency)?)));
    money.collect()
}

/// The two sums of an account in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotalsRow {
    /// The account's code.
    pub account: String,
    /// Its debits.
    pub debits: Total,
    /// Its credits.
    pub credits: Total,
}

/// The debits and credits of every account and currency before `end`: the sums of today less
/// what was posted since, so that the recent past, which is asked for most, costs least.
pub async fn totals(
    db: &mut PgConnection,
    merchant: MerchantId,
    end: OffsetDateTime,
) -> Result<Vec<TotalsRow>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"-- reports.totals
        SELECT b.account, b.currency,
            (coalesce(b.debits_wide, b.debits) - p.debits)::text AS "debits!",
            (coalesce(b.credits_wide, b.credits) - p.credits)::text AS "credits!"
        FROM balances b CROSS JOIN LATERAL (
            SELECT coalesce(sum(p.amount) FILTER (WHERE p.direction = 'debit'), 0) AS debits,
                coalesce(sum(p.amount) FILTER (WHERE p.direction = 'credit'), 0) AS credits
            FROM postings p
            WHERE p.merchant_id = b.merchant_id AND p.account = b.account
                AND p.currency = b.currency AND p.booked_at >= $2
        ) p WHERE b.merchant_id = $1 ORDER BY b.account COLLATE "C", b.currency COLLATE "C""#,
        merchant.0,
        end
    );
    let rows = rows.fetch_all(db).await?;
    let totals = rows.into_iter().map(|row| {
        let currency = to_currency(&row.currency)?;
        let debits = Total::new(to_sum(&row.debits)?, currency);
        let credits = Total::new(to_sum(&row.credits)?, currency);
        Ok(TotalsRow {
            account: row.account,
            debits,
            credits,
        })
    });
    totals.collect()
}

fn to_hash(bytes: &[u8]) -> EntryHash {
    // The schema holds these columns to 32 bytes.
    EntryHash(bytes.try_into().unwrap_or_default())
}

fn to_currency(code: &str) -> Result<Currency, sqlx::Error> {
    code.parse().map_err(undecodable)
}

fn undecodable(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}
