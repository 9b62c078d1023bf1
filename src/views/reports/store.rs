//! SQL of the reports: the only statements that read across nouns.

use crate::{
    base::{
        ids::{EntryId, IntentId, LinkId, MerchantId, RefundId},
        money::{Currency, Money, Total},
    },
    domain::ledger::{
        AccountKind, JournalEntry, Origin, Posting, ThreadPlace,
        store::{to_hash, to_sum},
    },
};
use sqlx::PgConnection;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

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
        SELECT EXISTS (SELECT FROM payment_intents WHERE merchant_id = $1
            AND id = $2) AS "exists!""#,
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
            WHERE p.merchant_id = b.merchant_id AND p.account = b.account
                AND p.currency = b.currency AND p.booked_at >= $2
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

/// The entries with these sequences, in the order of the sequences. What is not there is left
/// out. Those of hash version 1 keep nothing of their payment intents, which is read from there.
pub async fn entries(
    db: &mut PgConnection,
    merchant: MerchantId,
    sequences: &[i64],
) -> Result<Vec<JournalEntry>, sqlx::Error> {
    let rows = sqlx::query_as!(
        EntryRow,
        r#"-- reports.entries
        SELECT e.sequence, e.id, e.kind, e.source, e.payment_intent_id, e.booked_at,
            e.effective_date, e.actor, e.cause,
            coalesce(e.payment_link_id, i.payment_link_id) AS payment_link_id,
            coalesce(e.reference, i.reference) AS reference,
            coalesce(e.thread, i.thread)::text AS thread,
            coalesce(e.description, i.description) AS description,
            coalesce(e.rail, i.rail) AS rail, e.payment_method,
            coalesce(e.tip, i.tip) AS tip, e.fee,
            e.previous_hash, e.hash_version, e.hash
        FROM (SELECT UNNEST($2::bigint[]) AS sequence) u
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM journal_entries f
            WHERE f.merchant_id = $1 AND f.sequence = u.sequence LIMIT 1
        ) f
        JOIN journal_entries e ON e.ctid = f.row
        LEFT JOIN LATERAL (
            SELECT i.payment_link_id, i.reference, i.thread, i.description, i.rail,
                CASE WHEN e.kind = 'capture' THEN i.tip END AS tip
            FROM payment_intents i
            WHERE e.hash_version = 1 AND i.merchant_id = $1 AND i.id = e.payment_intent_id LIMIT 1
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
        entries.push(row.read(merchant, own)?);
    }
    Ok(entries)
}

/// An entry as its row has it.
struct EntryRow {
    sequence: i64,
    id: Uuid,
    kind: String,
    source: String,
    payment_intent_id: Option<Uuid>,
    booked_at: OffsetDateTime,
    effective_date: Date,
    actor: Option<String>,
    cause: Option<String>,
    payment_link_id: Option<Uuid>,
    reference: Option<String>,
    thread: Option<String>,
    description: Option<String>,
    rail: Option<String>,
    payment_method: Option<String>,
    tip: Option<i64>,
    fee: Option<i64>,
    previous_hash: Vec<u8>,
    hash_version: i16,
    hash: Vec<u8>,
}

impl EntryRow {
    fn read(
        self,
        merchant: MerchantId,
        postings: Vec<Posting>,
    ) -> Result<JournalEntry, sqlx::Error> {
        let currency = postings.first().map(|posting| posting.amount.currency());
        let money = |minor: Option<i64>| Some(Money::new(minor?, currency?));
        let thread = self.thread.unwrap_or_else(|| "null".to_owned());
        let thread: Option<ThreadPlace> = serde_json::from_str(&thread).map_err(undecodable)?;
        let origin = Origin {
            cause: self.cause,
            payment_intent: self.payment_intent_id.map(IntentId),
            payment_link: self.payment_link_id.map(LinkId),
            reference: self.reference,
            thread,
            description: self.description,
            rail: self.rail,
            payment_method: self.payment_method,
            tip: money(self.tip),
            fee: money(self.fee),
        };
        Ok(JournalEntry {
            merchant,
            sequence: self.sequence,
            id: EntryId(self.id),
            kind: self.kind,
            source: self.source,
            origin,
            booked_at: self.booked_at,
            effective_date: self.effective_date,
            actor: self.actor,
            postings,
            previous_hash: to_hash(&self.previous_hash),
            hash_version: self.hash_version,
            hash: to_hash(&self.hash),
        })
    }
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

fn to_currency(code: &str) -> Result<Currency, sqlx::Error> {
    code.parse().map_err(undecodable)
}

fn undecodable(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}
