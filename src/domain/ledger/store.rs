//! SQL of the ledger as the writer uses it: lock the books, load balances, record entries.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

use super::{
    Account, Balance, Books, EntryHash, JournalEntry,
    columns::{BalanceColumns, BalanceRow, EntryColumns, PostingColumns},
};
use crate::base::{
    db::{Pool, is_lock_timeout},
    ids::{IntentId, MerchantId},
    money::CurrencyError,
};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;

/// Books that are held by a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// Whose they are.
    pub merchants: Vec<Uuid>,
    /// Postgres' time when they were all held.
    pub at: OffsetDateTime,
}

/// Waits for the books of a merchant and holds them until the transaction ends.
pub async fn lock_books(db: &mut PgConnection, merchant: MerchantId) -> Result<(), sqlx::Error> {
    let lock = sqlx::query!(
        "-- ledger.lock_books
        SELECT merchant_id FROM books WHERE merchant_id = $1 FOR UPDATE",
        merchant.0
    );
    lock.fetch_optional(db).await.map(drop)
}

/// How long a batch waits for locks that others hold.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the books, before it begins.
    pub books: Duration,
    /// For any other row, which ends it.
    pub rows: Duration,
}

/// How long rows other than books are waited for: longer than a migration waits for its locks,
/// since all wait behind it, and shorter than a command waits for its batch.
pub const ROW_WAIT: Duration = Duration::from_millis(500);

/// Makes a new connection ready for [`begin_locked`].
pub async fn prepare_lock(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let prepare = format!(
        "-- ledger.prepare_lock
        SET lock_timeout = {};
        PREPARE lock_free_books (uuid[]) AS
            SELECT merchant_id FROM books WHERE merchant_id = ANY($1)
            ORDER BY merchant_id FOR UPDATE SKIP LOCKED;
        PREPARE wait_for_books (uuid[]) AS
            SELECT merchant_id FROM books WHERE merchant_id = ANY($1)
            ORDER BY merchant_id FOR UPDATE;
        PREPARE read_clock AS
            SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
        ROW_WAIT.as_millis()
    );
    let prepare = sqlx::raw_sql(AssertSqlSafe(prepare));
    prepare.execute(db).await.map(drop)
}

/// Begins a transaction and locks the books of `merchants`: those that are free, or all of them
/// within `wait`. Without any of them there is no transaction, and nothing is given. A statement
/// of the transaction that waits for another row for longer than it may is an error.
///
/// It is one message, which spares round trips. What is read under the lock has to be read by later
/// statements, since this one's snapshot is older than its wait; so is the time of one statement,
/// and the clock is read by another. Writers that wait do so in the order of the merchants' ids,
/// and those that hold books and do not wait disturb no order: no two wait for each other.
pub async fn begin_locked(
    db: &mut PgConnection,
    merchants: &[Uuid],
    wait: Option<Patience>,
) -> Result<Option<Locked>, sqlx::Error> {
    let ids: Vec<String> = merchants.iter().map(Uuid::to_string).collect();
    let ids = ids.join(",");
    let lock = match wait {
        None => format!("EXECUTE lock_free_books('{{{ids}}}')"),
        Some(wait) => format!(
            "SET LOCAL lock_timeout = {}; EXECUTE wait_for_books('{{{ids}}}');
            SET LOCAL lock_timeout = {}",
            wait.books.as_millis(),
            wait.rows.as_millis()
        ),
    };
    let begin = format!("-- ledger.begin_locked\nBEGIN; {lock}; EXECUTE read_clock");
    let mut rows = match sqlx::raw_sql(AssertSqlSafe(begin))
        .fetch_all(&mut *db)
        .await
    {
        Ok(rows) => rows,
        Err(error) if is_lock_timeout(&error) => {
            roll_back(db).await?;
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let clock = rows.pop().ok_or(sqlx::Error::RowNotFound)?;
    let free = rows.iter().map(|row| row.try_get(0));
    let free = free.collect::<Result<Vec<Uuid>, _>>()?;
    let merchants = match wait {
        // Who has no books is not there, which is found out by looking.
        Some(_) => merchants.to_vec(),
        None if free.is_empty() => {
            roll_back(db).await?;
            return Ok(None);
        }
        None => free,
    };
    let micros: i64 = clock.try_get(0)?;
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000);
    let at = at.map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(Some(Locked { merchants, at }))
}

/// Ends the transaction of [`begin_locked`] for good.
pub async fn commit(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let commit = sqlx::raw_sql("-- ledger.commit\nCOMMIT");
    commit.execute(db).await.map(drop)
}

/// Ends the transaction of [`begin_locked`], and nothing of it was done.
pub async fn roll_back(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let roll_back = sqlx::raw_sql("-- ledger.roll_back\nROLLBACK");
    roll_back.execute(db).await.map(drop)
}

/// The hash of an entry as its column has it: the schema holds it to 32 bytes.
pub fn to_hash(bytes: &[u8]) -> EntryHash {
    EntryHash(bytes.try_into().unwrap_or_default())
}

/// Reads a sum: its column has as many digits as it needs, so it comes as text.
pub fn to_sum(digits: &str) -> Result<i128, sqlx::Error> {
    digits
        .parse()
        .map_err(|e: std::num::ParseIntError| sqlx::Error::Decode(e.into()))
}

/// All balances of `merchants`.
pub async fn load_balances(
    db: &mut PgConnection,
    merchants: &[Uuid],
) -> Result<Vec<BalanceRow>, sqlx::Error> {
    let rows = sqlx::query!(
        "-- ledger.load_balances
        SELECT merchant_id, account, currency, coalesce(debits_wide, debits)::text AS \"debits!\",
            coalesce(credits_wide, credits)::text AS \"credits!\"
        FROM balances WHERE merchant_id = ANY($1)",
        merchants
    );
    let rows = rows.fetch_all(db).await?;
    rows.into_iter()
        .map(|row| {
            let currency = row
                .currency
                .parse()
                .map_err(|e: CurrencyError| sqlx::Error::Decode(e.into()))?;
            let balance = Balance {
                debits: to_sum(&row.debits)?,
                credits: to_sum(&row.credits)?,
            };
            Ok((
                MerchantId(row.merchant_id),
                (row.account, currency),
                balance,
            ))
        })
        .collect()
}

/// The heads of chains as columns of their table.
#[derive(Debug)]
pub struct Heads {
    /// Whose they are.
    pub merchants: Vec<Uuid>,
    /// How many entries there are.
    pub entry_sequences: Vec<i64>,
    /// The hashes of the last ones.
    pub entry_hashes: Vec<Vec<u8>>,
    /// How many events there are.
    pub event_sequences: Vec<i64>,
    /// When the last entries were booked.
    pub booked_at: Vec<OffsetDateTime>,
}

/// The heads of `books`.
pub fn heads(books: &[&Books]) -> Heads {
    Heads {
        merchants: books.iter().map(|b| b.merchant.0).collect(),
        entry_sequences: books.iter().map(|b| b.entry_sequence).collect(),
        entry_hashes: books.iter().map(|b| b.entry_hash.0.to_vec()).collect(),
        event_sequences: books.iter().map(|b| b.event_sequence).collect(),
        booked_at: books.iter().map(|b| b.booked_at).collect(),
    }
}

/// Opens accounts that are not there yet.
pub async fn open_accounts(
    db: &mut PgConnection,
    accounts: &[(MerchantId, Account)],
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = accounts.iter().map(|a| a.0.0).collect();
    let codes: Vec<String> = accounts.iter().map(|a| a.1.to_string()).collect();
    let kinds: Vec<String> = accounts
        .iter()
        .map(|a| a.1.kind().as_str().to_owned())
        .collect();
    let insert = sqlx::query!(
        "-- ledger.open_accounts
        INSERT INTO accounts (merchant_id, code, kind, created_at)
        SELECT u.merchant_id, u.code, u.kind, $4
            FROM UNNEST($1::uuid[], $2::text[], $3::text[]) AS u (merchant_id, code, kind)
        ON CONFLICT DO NOTHING",
        &merchants,
        &codes,
        &kinds,
        now
    );
    insert.execute(db).await.map(drop)
}

/// Stores entries with their postings and the balances that they change, in one statement.
pub async fn record(
    db: &mut PgConnection,
    entries: &[JournalEntry],
    balances: &[BalanceRow],
) -> Result<(), sqlx::Error> {
    let (e, p, b) = (
        EntryColumns::of(entries),
        PostingColumns::of(entries),
        BalanceColumns::of(balances),
    );
    let record = sqlx::query_file!(
        "src/domain/ledger/record.sql",
        // entries
        &e.merchants,
        &e.sequences,
        &e.ids,
        &e.kinds,
        &e.sources,
        &e.intents as &[Option<Uuid>],
        &e.booked_at,
        &e.dates,
        &e.actors as &[Option<String>],
        &e.causes as &[Option<String>],
        &e.links as &[Option<Uuid>],
        &e.references as &[Option<String>],
        &e.threads as &[Option<String>],
        &e.descriptions as &[Option<String>],
        &e.rails as &[Option<String>],
        &e.methods as &[Option<String>],
        &e.tips as &[Option<i64>],
        &e.fees as &[Option<i64>],
        &e.previous,
        &e.versions,
        &e.hashes,
        // postings
        &p.merchants,
        &p.sequences,
        &p.lines,
        &p.accounts,
        &p.directions,
        &p.amounts,
        &p.currencies,
        &p.balances,
        &p.wide_balances as &[Option<String>],
        &p.booked_at,
        // balances
        &b.merchants,
        &b.accounts,
        &b.currencies,
        &b.debits,
        &b.wide_debits as &[Option<String>],
        &b.credits,
        &b.wide_credits as &[Option<String>],
    );
    record.execute(db).await.map(drop)
}

/// When the money of an intent was taken, if it was.
pub async fn captured_at(
    pool: &Pool,
    merchant: MerchantId,
    intent: IntentId,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    let at = sqlx::query_scalar!(
        "-- ledger.captured_at
        SELECT booked_at FROM journal_entries
        WHERE merchant_id = $1 AND payment_intent_id = $2 AND kind = 'capture' ORDER BY sequence
            LIMIT 1",
        merchant.0,
        intent.0
    );
    at.fetch_optional(pool).await
}
