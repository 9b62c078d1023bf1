//! SQL that makes payments of the past, a row of each kind for each number of a series.
//!
//! Number k is a payment of merchant k modulo their count. Its id is that of a UUIDv7 of its time,
//! a millisecond after the one before; whatever else of it needs an id has the same. Its text, for keys
//! and references, begins with the time too.

use super::Past;
use crate::base::{
    db::{Db, DbError, Use},
    ids::MerchantId,
};
use sqlx::PgConnection;
use uuid::Uuid;

/// Where the books of the merchants stand, column by column.
#[derive(Clone, Debug)]
pub(super) struct Heads {
    merchants: Vec<Uuid>,
    entries: Vec<i64>,
    events: Vec<i64>,
}

/// Reads where the books of these merchants stand.
pub(super) async fn heads(db: &Db, merchants: &[MerchantId]) -> Result<Heads, DbError> {
    let mut db = db.connect(Use::General).await?;
    let merchants: Vec<Uuid> = merchants.iter().map(|merchant| merchant.0).collect();
    let rows = sqlx::query!(
        "-- fill.heads
        SELECT merchant_id, entry_sequence, event_sequence FROM books WHERE merchant_id = ANY($1)
            ORDER BY merchant_id",
        &merchants
    );
    let rows = rows.fetch_all(&mut db).await?;
    Ok(Heads {
        merchants: rows.iter().map(|row| row.merchant_id).collect(),
        entries: rows.iter().map(|row| row.entry_sequence).collect(),
        events: rows.iter().map(|row| row.event_sequence).collect(),
    })
}

/// Intents that are paid, and their attempts.
pub(super) async fn payments(
    db: &mut PgConnection,
    past: &Past,
    (first, last): (i64, i64),
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query!(
        r#"-- fill.payments
        WITH past AS MATERIALIZED (
            SELECT u.merchant_id, t.at, x.text,
                (substr(x.text, 1, 12) || '7' || substr(x.text, 13, 3) || '8' || substr(x.text, 16,
                    15))::uuid AS id
            FROM generate_series($1::bigint, $2::bigint) AS k
            JOIN UNNEST($3::uuid[]) WITH ORDINALITY AS u (merchant_id,
                n) ON u.n = k % cardinality($3) + 1
            CROSS JOIN LATERAL (SELECT $4::timestamptz + (k - $5::bigint) * interval '1 ms' AS at)
                AS t
            CROSS JOIN LATERAL (SELECT lpad(to_hex((extract(epoch FROM t.at) * 1000)::bigint), 12,
                '0') || md5(k::text || $4::text) AS text) AS x
        ), attempt AS (
            INSERT INTO attempts (merchant_id, id, intent_id, kind, status, rail, payment_method,
                amount, currency, idempotency_key, created_at, updated_at)
            SELECT merchant_id, id, id, 'charge', 'succeeded', 'sandbox', 'pm_sandbox_ok', 1250,
                'EUR', text, at, at FROM past
        )
        INSERT INTO payment_intents (merchant_id, id, status, currency, amount, amount_authorized,
            amount_captured, capture_method,
            description, reference, thread, line_items, metadata, rail, charge_attempt_id,
                event_sequence, expires_at, created_at, updated_at)
        SELECT merchant_id, id, 'succeeded', 'EUR', 1250, 1250, 1250, 'automatic',
            '2 × flat white', text,
            '{"channel": "telegram", "conversation": "-1001234567890",
                "thread": "77", "user": "42"}',
            '[{"label": "Flat white", "quantity": 2, "unit_amount": 625}]', '{"table": "4"}',
                'sandbox', id, 2, at + interval '1 day', at, at
        FROM past"#,
        first,
        last,
        &past.heads.merchants,
        past.end,
        past.count
    );
    insert.execute(db).await.map(drop)
}

/// The tokens of all their pages, in the order of the index: written one by one, each would bring
/// a page of it to the disk. Those of an earlier fill may be there.
pub(super) async fn tokens(db: &mut PgConnection, past: &Past) -> Result<(), sqlx::Error> {
    let insert = sqlx::query!(
        "-- fill.tokens
        INSERT INTO link_tokens (token_hash, merchant_id, intent_id)
        SELECT sha256(uuid_send(id)), merchant_id, id FROM payment_intents
        WHERE merchant_id = ANY($1) AND charge_attempt_id = id AND created_at < $2
            AND created_at >= $2::timestamptz - $3::bigint * interval '1 ms'
        ORDER BY 1 ON CONFLICT DO NOTHING",
        &past.heads.merchants,
        past.end,
        past.count
    );
    insert.execute(db).await.map(drop)
}

/// What is written down of them: keys with their answers, events that were delivered, and
/// journal entries.
pub(super) async fn records(
    db: &mut PgConnection,
    past: &Past,
    (first, last): (i64, i64),
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query!(
        r#"-- fill.records
        WITH past AS MATERIALIZED (
            SELECT u.merchant_id, u.entries + k / cardinality($3) + 1 AS entry,
                u.events + k / cardinality($3) + 1 AS event, t.at, x.text,
                (substr(x.text, 1, 12) || '7' || substr(x.text, 13, 3) || '8' || substr(x.text, 16,
                    15))::uuid AS id
            FROM generate_series($1::bigint, $2::bigint) AS k
            JOIN UNNEST($3::uuid[], $6::bigint[], $7::bigint[]) WITH ORDINALITY AS u (merchant_id,
                entries, events, n) ON u.n = k % cardinality($3) + 1
            CROSS JOIN LATERAL (SELECT $4::timestamptz + (k - $5::bigint) * interval '1 ms' AS at)
                AS t
            CROSS JOIN LATERAL (SELECT lpad(to_hex((extract(epoch FROM t.at) * 1000)::bigint), 12,
                '0') || md5(k::text || $4::text) AS text) AS x
        ), key AS (
            INSERT INTO idempotency_keys (merchant_id, key, fingerprint, status, answer, created_at)
            SELECT merchant_id, text, sha256(uuid_send(id)), 200,
                convert_to(repeat(text, 10), 'UTF8'), at FROM past
        ), event AS (
            INSERT INTO events (merchant_id, sequence, id, type, intent_id, intent_sequence,
                conversation, payload, created_at)
            SELECT merchant_id, event, id, 'payment_intent.succeeded', id, 2, '-1001234567890',
                convert_to(repeat(text, 20), 'UTF8'), at FROM past
        ), delivery AS (
            INSERT INTO deliveries (merchant_id, id, endpoint_id, event_sequence, status, attempts,
                due_at, created_at, updated_at, intent_id)
            SELECT merchant_id, id, merchant_id, event, 'delivered', 1, at, at, at, id FROM past
        ), entry AS (
            INSERT INTO journal_entries (merchant_id, sequence, id, kind, source,
                payment_intent_id, booked_at, effective_date, previous_hash, hash)
            SELECT merchant_id, entry, id, 'capture', 'pi_' || text, id, at, at::date,
                sha256(convert_to(text, 'UTF8')), sha256(uuid_send(id)) FROM past
        )
        INSERT INTO postings (merchant_id, entry_sequence, line, account, direction, amount,
            currency, balance_after, booked_at)
        SELECT merchant_id, entry, s.line, s.account, s.direction, 1250, 'EUR', 1250 * entry, at
        FROM past CROSS JOIN (VALUES (1, 'rail:sandbox:clearing', 'debit'),
            (2, 'merchant:pending', 'credit')) AS s (line, account, direction)"#,
        first,
        last,
        &past.heads.merchants,
        past.end,
        past.count,
        &past.heads.entries,
        &past.heads.events
    );
    insert.execute(db).await.map(drop)
}

/// Lets the books stand after them, and the tables as they would after a while: vacuumed,
/// analyzed, and on the disk.
pub(super) async fn settle(db: &mut PgConnection, past: &Past) -> Result<(), sqlx::Error> {
    let update = sqlx::query!(
        "-- fill.move_books
        UPDATE books SET entry_sequence = entry_sequence + more.count,
            event_sequence = event_sequence + more.count, booked_at = $3
        FROM (SELECT merchant_id, ($2::bigint - n + cardinality($1)) / cardinality($1) AS count
            FROM UNNEST($1::uuid[]) WITH ORDINALITY AS u (merchant_id, n)) AS more
        WHERE books.merchant_id = more.merchant_id",
        &past.heads.merchants,
        past.count,
        past.end
    );
    update.execute(&mut *db).await?;
    let vacuum = sqlx::query("-- fill.vacuum\nVACUUM (ANALYZE)");
    vacuum.execute(&mut *db).await?;
    // Who may not do this on a database of his own has more noise, and that is all.
    let checkpoint = sqlx::query("-- fill.checkpoint\nCHECKPOINT");
    let _ = checkpoint.execute(db).await;
    Ok(())
}

/// Lets the server make the files of its log, 16 MB each, which it uses again from then on: until
/// a new server has written as much as `max_wal_size`, every one of them stops all commits for
/// some 25 ms.
pub(in crate::bench) async fn make_log_files(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let switch = sqlx::query(
        "-- bench.make_log_files
        DO $$ BEGIN FOR file IN 1..60 LOOP
            PERFORM pg_current_xact_id(), pg_switch_wal();
            COMMIT;
        END LOOP; END $$",
    );
    switch.execute(&mut *db).await?;
    sqlx::query("-- bench.checkpoint\nCHECKPOINT")
        .execute(db)
        .await
        .map(drop)
}
