//! What is hashed is what is shown: anybody can hash an exported entry again, whatever becomes of
//! the payment intent behind it.

use super::{
    exports::export,
    harness::{TestApp, run_test},
    shop::{START, id_of, open_books, save},
    verify::corrupt,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use threadpay::base::db::Pool;
use threadpay::{
    base::crypto::hash::sha256,
    domain::ledger::{Draft, EntryHash, EntryRequest, JournalEntry, Origin, chain_hash},
    views::{
        exports::{Format, Period},
        reports::{store::entries, verify::verify},
    },
};
use time::Duration;

const EXPORT: &str = "/v1/exports/journal?from=2020-01-01&to=2099-01-01&format=jsonl";

/// The rows of each entry, in the order of the sequences.
fn by_entry(text: &str) -> Vec<Vec<Map<String, Value>>> {
    let rows = text.lines().map(|row| serde_json::from_str(row).unwrap());
    let mut entries: BTreeMap<i64, Vec<Map<String, Value>>> = BTreeMap::new();
    for row in rows.filter(|row: &Map<String, Value>| row.contains_key("account")) {
        entries
            .entry(row["sequence"].as_i64().unwrap())
            .or_default()
            .push(row);
    }
    entries.into_values().collect()
}

/// The hash of an entry by its rows, as `docs/proof.md` tells it.
fn hashed(rows: &[Map<String, Value>]) -> String {
    let of_line = [
        "account",
        "amount",
        "balance_after",
        "currency",
        "direction",
        "line",
    ];
    let shown_otherwise = ["booked_at", "hash"];
    let (mut entry, mut postings) = (BTreeMap::new(), Vec::new());
    for row in rows {
        let (line, rest): (Vec<_>, Vec<_>) = row
            .clone()
            .into_iter()
            .partition(|(name, _)| of_line.contains(&name.as_str()));
        postings.push(line.into_iter().collect::<BTreeMap<_, _>>());
        let rest = rest
            .into_iter()
            .filter(|(name, _)| !shown_otherwise.contains(&name.as_str()));
        entry.extend(rest);
    }
    entry.insert("postings".to_owned(), json!(postings));
    EntryHash(sha256(&serde_json::to_vec(&entry).unwrap())).to_string()
}

/// A payment with all that an intent can say, captured in part and given back in part.
async fn told_payment(app: &TestApp) -> String {
    let bot = &app.merchant.bot;
    let asked = json!({"amount": "12.50", "currency": "EUR", "capture_method": "manual",
        "description": "2 × \"flat white\"\nto go", "reference": "order-1042",
        "thread": {"channel": "slack", "tenant": "T1", "conversation": "C2", "thread": "17.5",
            "message": "17.6", "user": "U3"}});
    let id = bot.create_intent(&asked).await.id();
    bot.confirm(&id, "pm_sandbox_ok").await.expect(200);
    bot.capture(&id, &json!({"amount": "8.00"}))
        .await
        .expect(200);
    bot.refund(&id, "0.50").await.expect(201);
    id
}

#[test]
fn an_exported_entry_can_be_hashed_again() {
    run_test(async |app| {
        let id = told_payment(app).await;
        app.merchant.bot.paid("700", "JPY").await;
        let entries = by_entry(&app.merchant.finance.get(EXPORT).await.text());
        assert_eq!(entries.len(), 3);
        let mut previous = Value::from("0".repeat(64));
        for rows in &entries {
            assert_eq!(rows[0]["hash"], hashed(rows));
            assert_eq!(rows[0]["previous_hash"], previous);
            previous = rows[0]["hash"].clone();
        }
        let attempts = format!(
            "SELECT count(*) FROM attempts WHERE kind = 'capture' AND id = '{}'",
            uuid_of(entries[0][0]["cause"].as_str().unwrap())
        );
        assert_eq!(app.count(&attempts).await, 1);
        let refund = &entries[1][0];
        for (column, value) in [
            ("hash_version", json!(2)),
            ("reference", json!("order-1042")),
            ("description", json!("2 × \"flat white\"\nto go")),
            ("tenant", json!("T1")),
            ("message", json!("17.6")),
            ("rail", json!("sandbox")),
            ("payment_method", json!("pm_sandbox_ok")),
            ("merchant", json!(app.merchant.id)),
            ("tip", Value::Null),
            ("fee", Value::Null),
        ] {
            assert_eq!(refund[column], value, "{column}");
            assert_eq!(entries[0][0][column], value, "{column}");
        }
        let shown = app
            .merchant
            .finance
            .get(&format!("/v1/payment_intents/{id}/entries"))
            .await;
        let shown = &shown.expect(200)["data"][0];
        assert_eq!(shown["hash_version"], 2);
        assert_eq!(shown["cause"], entries[0][0]["cause"]);
        assert_eq!(shown["reference"], "order-1042");
        // A bot sees nothing that hangs on other entries.
        let told = app
            .merchant
            .bot
            .get(&format!("/v1/payment_intents/{id}/entries"))
            .await;
        let told = &told.expect(200)["data"][0];
        assert!(told.get("hash_version").is_none(), "{told}");
    });
}

fn uuid_of(id: &str) -> String {
    let id: threadpay::base::ids::AttemptId = id.parse().unwrap();
    id.0.to_string()
}

#[test]
fn a_tip_is_told_with_what_was_captured() {
    run_test(async |app| {
        let link = json!({"amount": "10.00", "currency": "EUR", "tip_options": ["0.00", "2.00"]});
        let link = app.merchant.owner.create_link(&link).await;
        let url = link["url"].as_str().unwrap();
        let token = app.anyone.open_form(url).await;
        let fields = [
            ("csrf", token.as_str()),
            ("tip", "2.00"),
            ("payment_method", "pm_sandbox_ok"),
        ];
        app.anyone.post_form(&format!("{url}/pay"), &fields).await;
        let entries = by_entry(&app.merchant.finance.get(EXPORT).await.text());
        assert_eq!(entries[0][0]["tip"], "2.00");
        assert_eq!(entries[0][0]["payment_link"], link["id"]);
        assert_eq!(entries[0][0]["hash"], hashed(&entries[0]));
    });
}

#[test]
fn what_becomes_of_an_intent_changes_no_entry() {
    run_test(async |app| {
        let id = told_payment(app).await;
        let (finance, merchant) = (&app.merchant.finance, app.merchant.id);
        let list = format!("/v1/payment_intents/{id}/entries");
        let (file, entries) = (finance.get(EXPORT).await, finance.get(&list).await);
        corrupt(
            &app.pool,
            merchant,
            "UPDATE payment_intents SET reference = 'other', description = NULL, thread = NULL WHERE merchant_id = $1",
        )
        .await;
        let rows = |text: String| by_entry(&text);
        assert_eq!(rows(finance.get(EXPORT).await.text()), rows(file.text()));
        assert_eq!(finance.get(&list).await.text(), entries.text());
        let back = r#"UPDATE payment_intents SET reference = 'order-1042', description = '2 × "flat white"
to go', thread = '{"channel": "slack", "tenant": "T1", "conversation": "C2", "thread": "17.5",
"message": "17.6", "user": "U3"}' WHERE merchant_id = $1"#;
        corrupt(&app.pool, merchant, back).await;
    });
}

/// Makes an entry one that the version before booked.
fn of_version_1(entry: &mut JournalEntry) {
    let payment_intent = entry.origin.payment_intent;
    entry.origin = Origin {
        payment_intent,
        ..Origin::default()
    };
    entry.hash_version = 1;
    entry.hash = chain_hash(entry).unwrap();
}

/// Two versions of the program book side by side for a while, and the chain goes on.
pub async fn entries_of_two_versions_follow_each_other(pool: &Pool) {
    let mut books = open_books(pool).await;
    let line = |side: &str, account: &str| json!({"account": account, "direction": side, "amount": "1.00", "currency": "EUR"});
    let postings = [
        line("debit", "rail:sandbox:clearing"),
        line("credit", "merchant:pending"),
    ];
    let request: EntryRequest = serde_json::from_value(json!({"postings": postings})).unwrap();
    let draft: Draft = request.parse(START.date()).unwrap();
    let mut booked = Vec::new();
    for (hour, version) in (0..).zip([1, 2, 2, 1, 1, 2]) {
        let now = START + Duration::hours(hour);
        let mut entry = books.book(draft.clone(), id_of(now), now);
        if version == 1 {
            of_version_1(&mut entry);
            books.entry_hash = entry.hash;
        }
        booked.push(entry);
    }
    save(pool, &books, &booked).await;
    assert_eq!(verify(pool, Some(books.merchant)).await.unwrap().entries, 6);
    let period = Period::new(START, START + Duration::days(1)).unwrap();
    let bytes = export(pool, books.merchant, period, Format::Jsonl)
        .await
        .unwrap();
    let rows = by_entry(&String::from_utf8(bytes).unwrap());
    let versions = rows.iter().map(|rows| rows[0]["hash_version"].clone());
    assert_eq!(versions.collect::<Value>(), json!([1, 2, 2, 1, 1, 2]));
    for rows in rows.iter().filter(|rows| rows[0]["hash_version"] == 2) {
        assert_eq!(rows[0]["hash"], hashed(rows));
    }
}

/// An entry of the version before tells what its intent says now.
#[test]
fn an_entry_of_version_1_stays_readable_and_provable() {
    run_test(async |app| {
        let asked = json!({"amount": "3.00", "currency": "EUR", "reference": "old",
            "thread": {"channel": "telegram", "conversation": "-100"}});
        let id = app.merchant.bot.create_intent(&asked).await.id();
        app.merchant
            .bot
            .confirm(&id, "pm_sandbox_ok")
            .await
            .expect(200);
        let mut db = app.pool.acquire().await.unwrap();
        let mut entry = entries(&mut db, app.merchant.id, &[1])
            .await
            .unwrap()
            .remove(0);
        of_version_1(&mut entry);
        let hash = entry.hash;
        let sql = format!(
            "WITH entry AS (UPDATE journal_entries SET hash_version = 1, hash = '\\x{hash}', cause = NULL,
                reference = NULL, thread = NULL, rail = NULL, payment_method = NULL WHERE merchant_id = $1)
            UPDATE books SET entry_hash = '\\x{hash}' WHERE merchant_id = $1"
        );
        corrupt(&app.pool, app.merchant.id, &sql).await;
        let shown = app
            .merchant
            .finance
            .get(&format!("/v1/payment_intents/{id}/entries"))
            .await;
        let shown = shown.expect(200)["data"][0].clone();
        assert_eq!(shown["hash_version"], 1);
        assert_eq!(shown["thread"], "telegram:-100");
        assert_eq!(shown["reference"], "old");
        let rows = by_entry(&app.merchant.finance.get(EXPORT).await.text());
        assert_eq!(rows[0][0]["hash"], entry.hash.to_string());
        assert_eq!(rows[0][0]["reference"], "old");
        // What comes next continues the chain.
        app.merchant.bot.refund(&id, "1.00").await.expect(201);
    });
}
