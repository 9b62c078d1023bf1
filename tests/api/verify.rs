//! `verify` against rows that were changed behind the writer's back.

use super::{
    damage::DAMAGE,
    exports::export,
    harness::run_test,
    shop::{START, id_of, seed},
};
use serde_json::json;
use threadpay::base::db::Pool;
use threadpay::{
    base::ids::MerchantId,
    views::{
        exports::{Format, Period},
        reports::verify::{VerifyError, verify},
    },
};
use time::Duration;

/// Changes rows behind the back of writer and triggers; `$1` in `sql` is the merchant.
pub async fn corrupt(pool: &Pool, merchant: MerchantId, sql: &str) {
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

/// `verify` passes true books and names every kind of damage; an export never passes on damage
/// that it can see.
pub async fn verify_names_every_damage(pool: &Pool) {
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
    for &(sql, words, export_fails) in DAMAGE {
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

/// What an entry says is what was booked, each column of it.
const COLUMNS: [&str; 13] = [
    "id = gen_random_uuid()",
    "kind = 'refund'",
    "cause = 'pa_01kmz6v7h3e8r9t2x4c5b6n7m8'",
    "payment_link_id = gen_random_uuid()",
    "reference = 'x'",
    "thread = jsonb_set(thread, '{message}', '\"x\"')",
    "description = 'x'",
    "rail = 'card'",
    "payment_method = 'x'",
    "tip = 1",
    "fee = 1",
    "actor = 'operator'",
    "hash_version = 1, cause = NULL, reference = NULL, thread = NULL, rail = NULL, payment_method = NULL",
];

/// No column of an entry can be changed unseen, by `verify` or by an export.
pub async fn every_column_of_an_entry_is_hashed(pool: &Pool) {
    let period = Period::new(START - Duration::days(9), START + Duration::days(9)).unwrap();
    for change in COLUMNS {
        let shop = seed(pool).await;
        let sql =
            format!("UPDATE journal_entries SET {change} WHERE merchant_id = $1 AND sequence = 2");
        corrupt(pool, shop.merchant, &sql).await;
        let fault = verify(pool, Some(shop.merchant))
            .await
            .unwrap_err()
            .to_string();
        let words = "): hash should be";
        assert!(
            fault.contains(words) && fault.contains("journal entry 2 (je_"),
            "{change}\n{fault}"
        );
        let export = export(pool, shop.merchant, period, Format::Csv).await;
        assert!(export.is_err(), "{change}");
    }
}

/// Takes away the last entry and puts back all that the books say of it.
const CUT: &str = "WITH entry AS (DELETE FROM journal_entries WHERE merchant_id = $1 AND sequence = 5
        RETURNING payment_intent_id),
    posting AS (DELETE FROM postings WHERE merchant_id = $1 AND entry_sequence = 5),
    debit AS (UPDATE balances SET debits = debits - 50 WHERE merchant_id = $1 AND currency = 'EUR'
        AND account = 'rail:sandbox:clearing'),
    credit AS (UPDATE balances SET credits = credits - 50 WHERE merchant_id = $1 AND currency = 'EUR'
        AND account = 'merchant:pending'),
    intent AS (UPDATE payment_intents i SET status = 'requires_payment', amount_captured = 0,
        amount_authorized = 0, charge_attempt_id = NULL FROM entry
        WHERE i.merchant_id = $1 AND i.id = entry.payment_intent_id)
    UPDATE books b SET entry_sequence = 4, entry_hash = e.hash, booked_at = e.booked_at
    FROM journal_entries e WHERE b.merchant_id = $1 AND e.merchant_id = $1 AND e.sequence = 4";

/// The chain alone does not tell that its end was cut off; the event and the attempt do.
pub async fn a_cut_journal_is_found(pool: &Pool) {
    let shop = seed(pool).await;
    corrupt(pool, shop.merchant, CUT).await;
    let faults = verify(pool, Some(shop.merchant))
        .await
        .unwrap_err()
        .to_string();
    let entry = shop.entries[4].id;
    for words in [
        &format!("names journal entry {entry}, which is missing"),
        "amount_captured should be 0.50 EUR by its attempts that succeeded, found 0.00 EUR",
        "its status is requires_payment, and of its end events tell: succeeded",
    ] {
        assert!(faults.contains(words), "{words}\n{faults}");
    }
    assert_eq!(faults.lines().count(), 3, "{faults}");
}

/// Each fault is named, and none twice.
pub async fn every_fault_is_named(pool: &Pool) {
    let (one, other) = (seed(pool).await, seed(pool).await);
    let sql = "UPDATE postings SET balance_after = balance_after + 1 WHERE merchant_id = $1 AND line = 1 AND entry_sequence IN (1, 5)";
    corrupt(pool, one.merchant, sql).await;
    let sql =
        "UPDATE payment_intents SET reference = 'x' WHERE merchant_id = $1 AND currency = 'EUR'";
    corrupt(pool, other.merchant, sql).await;
    let faults = verify(pool, None).await.unwrap_err().to_string();
    let named = |shop: &super::shop::Shop, words: &str| {
        let of = |line: &&str| line.contains(&shop.merchant.to_string()) && line.contains(words);
        faults.lines().filter(of).count()
    };
    assert_eq!(named(&one, "hash should be"), 2, "{faults}");
    assert_eq!(
        named(&other, "its reference should be that of journal entry"),
        3,
        "{faults}"
    );
}

/// Of an entry that was booked by hand no event tells, but the answer that is kept for a day.
#[test]
fn a_cut_entry_is_missed_by_its_answer() {
    run_test(async |app| {
        let line = |account: &str, side: &str| json!({"account": account, "direction": side, "amount": "1.00", "currency": "EUR"});
        let body = json!({"postings": [line("suspense", "debit"), line("tips", "credit")]});
        let path = "/v1/sandbox/journal_entries";
        let entry = app.merchant.owner.post(path, &body).await.expect(201);
        let cut = "WITH entry AS (DELETE FROM journal_entries WHERE merchant_id = $1),
            posting AS (DELETE FROM postings WHERE merchant_id = $1),
            balance AS (DELETE FROM balances WHERE merchant_id = $1)
            UPDATE books SET entry_sequence = 0, entry_hash = decode(repeat('00', 32), 'hex')
            WHERE merchant_id = $1";
        corrupt(&app.pool, app.merchant.id, cut).await;
        let fault = verify(&app.pool, None).await.unwrap_err().to_string();
        let id = entry["id"].as_str().unwrap();
        let words = format!("journal entry {id}: should be there, as the answer under");
        assert!(
            fault.contains(&words) && fault.lines().count() == 1,
            "{fault}"
        );
        let forget = "DELETE FROM idempotency_keys WHERE merchant_id = $1";
        corrupt(&app.pool, app.merchant.id, forget).await;
    });
}

/// A change behind the writer's back, the change back, and how `verify` names it.
const UNTOLD: &[(&str, &str, &str)] = &[
    (
        "UPDATE payment_intents SET amount = 1 WHERE merchant_id = $1 AND amount = 100",
        "UPDATE payment_intents SET amount = 100 WHERE merchant_id = $1 AND amount = 1",
        r#"its amount should be "1.00", which event"#,
    ),
    (
        "UPDATE payment_intents SET currency = 'USD' WHERE merchant_id = $1 AND amount = 100",
        "UPDATE payment_intents SET currency = 'EUR' WHERE merchant_id = $1 AND amount = 100",
        r#"its currency should be "EUR", which event"#,
    ),
    (
        "UPDATE payment_intents SET reference = 'x' WHERE merchant_id = $1 AND amount = 100",
        "UPDATE payment_intents SET reference = NULL WHERE merchant_id = $1 AND amount = 100",
        "its reference should be null, which event",
    ),
    (
        "UPDATE payment_intents SET thread = '{\"x\": 1}' WHERE merchant_id = $1 AND amount = 100",
        "UPDATE payment_intents SET thread = NULL WHERE merchant_id = $1 AND amount = 100",
        "its row cannot be read",
    ),
    (
        "UPDATE payment_intents SET status = 'requires_capture' WHERE merchant_id = $1 AND amount = 100",
        "UPDATE payment_intents SET status = 'requires_payment' WHERE merchant_id = $1 AND amount = 100",
        "its status is requires_capture, and its last event is payment_intent.created",
    ),
    (
        "UPDATE payment_intents SET status = 'processing' WHERE merchant_id = $1 AND amount = 200",
        "UPDATE payment_intents SET status = 'requires_action' WHERE merchant_id = $1 AND amount = 200",
        "its status is processing, and the attempt that it waits for is requires_action",
    ),
    (
        "UPDATE payment_intents SET status = 'requires_payment' WHERE merchant_id = $1 AND amount = 300",
        "UPDATE payment_intents SET status = 'requires_capture' WHERE merchant_id = $1 AND amount = 300",
        "its status is requires_payment, and its last event is payment_intent.requires_capture",
    ),
    (
        "UPDATE attempts SET amount = 1 WHERE merchant_id = $1 AND kind = 'void'",
        "UPDATE attempts SET amount = 400 WHERE merchant_id = $1 AND kind = 'void'",
        "canceled, and of 4.00 EUR that its charges took or hold 0.01 EUR was let go",
    ),
    (
        "UPDATE attempts SET status = 'pending' WHERE merchant_id = $1 AND amount = 500",
        "UPDATE attempts SET status = 'failed' WHERE merchant_id = $1 AND amount = 500",
        "0 of its attempts failed, and events tell of 1",
    ),
    (
        "UPDATE attempts SET payment_method = 'x' WHERE merchant_id = $1 AND amount = 600",
        "UPDATE attempts SET payment_method = 'pm_sandbox_ok' WHERE merchant_id = $1 AND amount = 600",
        "its payment_method should be that of journal entry 1",
    ),
    (
        "UPDATE payment_links SET price = '{\"fixed\": 1}' WHERE merchant_id = $1",
        "UPDATE payment_links SET price = '{\"fixed\": 1250}' WHERE merchant_id = $1",
        r#"its amount should be "12.50", which event"#,
    ),
    (
        "UPDATE events SET conversation = 'x' WHERE merchant_id = $1 AND sequence = 1",
        "UPDATE events SET conversation = NULL WHERE merchant_id = $1 AND sequence = 1",
        "its payload should say thread.conversation x, and says",
    ),
    (
        "UPDATE merchants SET mode = 'live' WHERE merchant_id = $1",
        "UPDATE merchants SET mode = 'test' WHERE merchant_id = $1",
        "its payload should say livemode true, and says false",
    ),
    (
        "UPDATE journal_entries SET thread = '{\"x\": 1}' WHERE merchant_id = $1 AND sequence = 1",
        "UPDATE journal_entries SET thread = NULL WHERE merchant_id = $1 AND sequence = 1",
        "journal entry 1: its row cannot be read",
    ),
    (
        "UPDATE balances SET currency = 'XYZ' WHERE merchant_id = $1 AND account = 'merchant:pending'",
        "UPDATE balances SET currency = 'EUR' WHERE merchant_id = $1 AND account = 'merchant:pending'",
        "books: cannot be read",
    ),
];

/// What nobody has paid yet is in no entry and no attempt; what was asked for is in events.
#[test]
fn what_was_never_paid_is_held_against_its_events() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        bot.ask_for("1.00", "EUR").await;
        let waits = bot.ask_for("2.00", "EUR").await;
        let acts = bot.confirm(&waits, "pm_sandbox_requires_action").await;
        acts.expect(200);
        for (amount, then) in [("3.00", None), ("4.00", Some("cancel"))] {
            let body = json!({"amount": amount, "currency": "EUR", "capture_method": "manual"});
            let held = bot.post("/v1/payment_intents", &body).await.id();
            bot.confirm(&held, "pm_sandbox_ok").await.expect(200);
            if let Some(then) = then {
                let path = format!("/v1/payment_intents/{held}/{then}");
                bot.post(&path, &json!({})).await.expect(200);
            }
        }
        let declined = bot.ask_for("5.00", "EUR").await;
        bot.confirm(&declined, "pm_sandbox_declined").await;
        bot.paid("6.00", "EUR").await;
        let link = json!({"amount": "12.50", "currency": "EUR"});
        bot.post("/v1/payment_links", &link).await.expect(201);
        for (change, back, words) in UNTOLD {
            verify(&app.pool, None).await.unwrap();
            corrupt(&app.pool, app.merchant.id, change).await;
            let faults = verify(&app.pool, None).await.unwrap_err().to_string();
            assert!(faults.contains(words), "{change}\n{faults}");
            corrupt(&app.pool, app.merchant.id, back).await;
        }
    });
}
