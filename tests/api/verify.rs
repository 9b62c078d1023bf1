//! `verify` against rows that were changed behind the writer's back.

use super::{
    exports::export,
    shop::{START, id_of, seed},
};
use sqlx::PgPool;
use threadpay::{
    base::ids::MerchantId,
    views::{
        exports::{Format, Period},
        reports::verify::{VerifyError, verify},
    },
};
use time::Duration;

/// Changes rows behind the back of writer and triggers; `$1` in `sql` is the merchant.
pub async fn corrupt(pool: &PgPool, merchant: MerchantId, sql: &str) {
    let mut db = pool.begin().await.unwrap();
    for table in ["journal_entries", "postings", "events"] {
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "ALTER TABLE {table} DISABLE TRIGGER USER"
        )))
        .execute(&mut *db)
        .await
        .unwrap();
    }
    let done = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
        .bind(merchant.0)
        .execute(&mut *db)
        .await
        .unwrap();
    assert!(done.rows_affected() > 0, "{sql}");
    for table in ["journal_entries", "postings", "events"] {
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "ALTER TABLE {table} ENABLE TRIGGER USER"
        )))
        .execute(&mut *db)
        .await
        .unwrap();
    }
    db.commit().await.unwrap();
}

/// Every kind of damage, the words that name it, and whether an export of the whole journal
/// refuses it as well.
const DAMAGE: [(&str, &str, bool); 30] = [
    (
        "UPDATE postings SET amount = 1251 WHERE merchant_id = $1 AND entry_sequence = 1 AND line = 2",
        "posting 2 on merchant:pending: balance_after should be 12.51 EUR (0.00 before it and a credit of 12.51), found 12.50",
        true,
    ),
    (
        "UPDATE postings SET balance_after = 1 WHERE merchant_id = $1 AND entry_sequence = 4 AND line = 1",
        "posting 1 on merchant:pending: balance_after should be 10.00 EUR (12.50 before it and a debit of 2.50), found 0.01",
        true,
    ),
    (
        "UPDATE postings SET direction = 'debit' WHERE merchant_id = $1 AND entry_sequence = 2 AND line = 2",
        "journal entry 2",
        true,
    ),
    (
        "UPDATE postings SET account = 'suspense' WHERE merchant_id = $1 AND entry_sequence = 2 AND line = 2",
        "posting 2 on suspense: the account should be in the chart",
        true,
    ),
    (
        "UPDATE postings SET amount = 1251, balance_after = 1251 WHERE merchant_id = $1 AND entry_sequence = 1 AND line = 2",
        "debits 12.50 and credits 12.51",
        true,
    ),
    (
        "UPDATE postings SET amount = 501, balance_after = 501 WHERE merchant_id = $1 AND entry_sequence = 2",
        "hash should be",
        true,
    ),
    (
        "DELETE FROM postings WHERE merchant_id = $1 AND entry_sequence = 3 AND line = 1",
        "line 1 is missing",
        true,
    ),
    (
        "UPDATE postings SET booked_at = booked_at + interval '1 second' WHERE merchant_id = $1 AND entry_sequence = 3 AND line = 1",
        "posting 1 of journal entry 3: booked_at",
        false,
    ),
    (
        "DELETE FROM journal_entries WHERE merchant_id = $1 AND sequence = 3",
        "sequence should be 3, found 4",
        true,
    ),
    (
        "DELETE FROM journal_entries WHERE merchant_id = $1 AND sequence = 5",
        "the last journal entry should be 5, found 4",
        true,
    ),
    (
        "UPDATE journal_entries SET source = 'pi_x' WHERE merchant_id = $1 AND sequence = 2",
        "journal entry 2 (je_",
        true,
    ),
    (
        "UPDATE journal_entries SET previous_hash = hash WHERE merchant_id = $1 AND sequence = 2",
        "previous_hash should be",
        true,
    ),
    (
        "UPDATE journal_entries SET booked_at = booked_at - interval '1 day' WHERE merchant_id = $1 AND sequence = 2",
        "booked_at should not be before 2026-01-31T23:00:00.123Z, found 2026-01-31T00:00:00.123Z",
        true,
    ),
    (
        "UPDATE balances SET debits = debits + 1 WHERE merchant_id = $1 AND account = 'merchant:pending' AND currency = 'EUR'",
        "balance of merchant:pending in EUR: should be debits 2.50 and credits 13.00 by its postings, found debits 2.51 and credits 13.00",
        false,
    ),
    (
        "DELETE FROM balances WHERE merchant_id = $1 AND currency = 'JPY' AND account = 'merchant:pending'",
        "balance of merchant:pending in JPY: should be debits 0 and credits 500 by its postings, found debits 0 and credits 0",
        false,
    ),
    (
        "UPDATE books SET entry_sequence = 4 WHERE merchant_id = $1",
        "books: the last journal entry should be 4, found 5",
        true,
    ),
    (
        "UPDATE books SET event_sequence = 4 WHERE merchant_id = $1",
        "events: should be 1 to 4, found 10, the last of them 10",
        false,
    ),
    (
        "DELETE FROM events WHERE merchant_id = $1 AND sequence = 2",
        "and 2 is missing",
        false,
    ),
    (
        "UPDATE payment_intents SET status = 'canceled' WHERE merchant_id = $1 AND currency = 'JPY'",
        "canceled, so it should have 0 capture entries, found 1",
        false,
    ),
    (
        "UPDATE payment_intents SET amount_captured = 499 WHERE merchant_id = $1 AND currency = 'JPY'",
        "amount_captured should be 500 JPY by its capture entry, found 499 JPY",
        false,
    ),
    (
        "UPDATE refunds SET amount = 249 WHERE merchant_id = $1",
        "amount_refunded should be 2.49 EUR by its refunds that succeeded, found 2.50 EUR",
        false,
    ),
    (
        "UPDATE payment_links SET payments_count = 0 WHERE merchant_id = $1",
        "payments_count should be 1 by its payment intents that succeeded, found 0",
        false,
    ),
    (
        "UPDATE payment_links SET payments_open = 1 WHERE merchant_id = $1",
        "payments_open should be 0",
        false,
    ),
    (
        "DELETE FROM payment_links WHERE merchant_id = $1",
        "missing: payment link pl_",
        false,
    ),
    (
        "DELETE FROM payment_intents WHERE merchant_id = $1 AND currency = 'KWD'",
        "there is no such payment intent",
        false,
    ),
    (
        "INSERT INTO attempts (merchant_id, id, intent_id, kind, status, rail, amount, currency, created_at, updated_at) VALUES ($1, gen_random_uuid(), gen_random_uuid(), 'charge', 'succeeded', 'sandbox', 1, 'EUR', now(), now())",
        "is missing: payment intent pi_",
        false,
    ),
    (
        "INSERT INTO link_tokens (token_hash, merchant_id, link_id) VALUES (sha256($1::text::bytea), $1, gen_random_uuid())",
        "link token: its owner should be there, and is missing: payment link pl_",
        false,
    ),
    (
        "INSERT INTO deliveries (merchant_id, id, endpoint_id, event_sequence, status, due_at, created_at, updated_at) VALUES ($1, gen_random_uuid(), gen_random_uuid(), 99, 'pending', now(), now(), now())",
        "is missing: event 99",
        false,
    ),
    (
        "INSERT INTO delivery_attempts (merchant_id, delivery_id, number, started_at, duration_ms) VALUES ($1, gen_random_uuid(), 1, now(), 1)",
        "delivery attempt 1: its owner should be there, and is missing: delivery dlv_",
        false,
    ),
    (
        "INSERT INTO balances (merchant_id, account, currency, debits, credits) VALUES ($1, 'suspense', 'EUR', 1, 0)",
        "balance of suspense in EUR: should be debits 0.00 and credits 0.00 by its postings, found debits 0.01",
        false,
    ),
];

/// `verify` passes true books and names every kind of damage; an export never passes on damage
/// that it can see.
pub async fn verify_names_every_damage(pool: &PgPool) {
    let shop = seed(pool).await;
    let report = verify(pool, Some(shop.merchant)).await.unwrap();
    assert_eq!(
        (
            report.merchants,
            report.entries,
            report.postings,
            report.events
        ),
        (1, 5, 10, 10)
    );
    assert_eq!(report.totals["EUR"].to_string(), "15.50");
    let unknown = verify(pool, Some(id_of(START))).await;
    assert!(matches!(unknown, Err(VerifyError::UnknownMerchant(_))));
    let period = Period::new(START - Duration::days(9), START + Duration::days(9)).unwrap();
    for (sql, words, export_fails) in DAMAGE {
        let shop = seed(pool).await;
        corrupt(pool, shop.merchant, sql).await;
        let fault = verify(pool, Some(shop.merchant))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            fault.contains(words) && fault.contains(&shop.merchant.to_string()),
            "{sql}\n{fault}"
        );
        let export = export(pool, shop.merchant, period, Format::Csv).await;
        assert_eq!(export.is_err(), export_fails, "{sql}\n{export:?}");
    }
}
