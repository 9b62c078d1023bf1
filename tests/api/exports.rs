//! Exports of the journal.

use super::harness::run_test;
use super::shop::{START, Shop, draft, id_of, open_books, save, seed};
use serde_json::Value;
use std::collections::HashMap;
use threadpay::base::db::Pool;
use threadpay::{
    base::{
        ids::{IntentId, MerchantId},
        money::Money,
        timestamp,
    },
    domain::ledger::{EntryKind, JournalEntry},
    views::{
        exports::{Export, ExportError, Format, Period},
        reports::{AsOf, TrialBalanceRow, trial_balance},
    },
};
use time::Duration;

/// The bytes of an export.
pub async fn export(
    pool: &Pool,
    merchant: MerchantId,
    period: Period,
    format: Format,
) -> Result<Vec<u8>, ExportError> {
    let mut export = Export::open(pool, merchant, period, format).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = export.next_chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Both formats hold every posting of the period once, the same each time, and control totals.
pub async fn both_formats_hold_every_posting(pool: &Pool) {
    let shop = seed(pool).await;
    let period = Period::new(START, START + Duration::days(1)).unwrap();
    let bytes = export(pool, shop.merchant, period, Format::Csv)
        .await
        .unwrap();
    assert_eq!(
        bytes,
        export(pool, shop.merchant, period, Format::Csv)
            .await
            .unwrap()
    );
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let columns = reader.headers().unwrap().clone();
    let rows: Vec<HashMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 16);
    assert_eq!(rows[0]["reference"], "=SUM(A1)");
    assert_eq!(rows[0]["payment_link"], shop.link.to_string());
    assert_eq!(rows[2]["reference"], "two\r\nlines, \"quoted\" — ö");
    assert_eq!(rows[2]["conversation"], "-1001234567890");
    let totals: Vec<[&str; 6]> = rows[10..]
        .iter()
        .map(|row| {
            ["kind", "account", "direction", "amount", "currency", "line"].map(|c| row[c].as_str())
        })
        .collect();
    assert_eq!(
        totals[0],
        ["control_total", "", "debit", "15.50", "EUR", "3"]
    );
    assert_eq!(
        totals[1],
        ["control_total", "", "credit", "15.50", "EUR", "3"]
    );
    assert_eq!(totals[2], ["control_total", "", "debit", "500", "JPY", "1"]);
    let lines = rows_of_jsonl(pool, &shop).await;
    assert_eq!(lines.len(), 16);
    for (line, row) in lines.iter().zip(&rows).take(10) {
        for column in &columns {
            let value = &line[column];
            let text = match value.as_str() {
                Some(text) => text.to_owned(),
                None if value.is_null() => String::new(),
                None => value.to_string(),
            };
            assert_eq!(text, row[column], "{column}");
        }
        assert_eq!(line.as_object().unwrap().len(), columns.len());
    }
    assert_eq!(lines[15]["kind"], "control_total");
    assert_eq!(lines[15]["postings"], 1);
}

async fn rows_of_jsonl(pool: &Pool, shop: &Shop) -> Vec<Value> {
    let period = Period::new(START, START + Duration::days(1)).unwrap();
    let bytes = export(pool, shop.merchant, period, Format::Jsonl)
        .await
        .unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let lines = text.lines();
    lines.map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// The control totals are the sums of the trial balance.
pub async fn control_totals_agree_with_the_trial_balance(pool: &Pool) {
    let shop = seed(pool).await;
    let trial = trial_balance(pool, shop.merchant, AsOf::latest(START))
        .await
        .unwrap();
    let sum = |side: fn(&TrialBalanceRow) -> &str| {
        let eur = trial.data.iter().filter(|row| row.currency == "EUR");
        eur.map(|row| {
            Money::parse(side(row), "EUR".parse().unwrap())
                .unwrap()
                .minor()
        })
        .sum::<i64>()
    };
    assert_eq!((sum(|r| &r.debits), sum(|r| &r.credits)), (1550, 1550));

    let lines = rows_of_jsonl(pool, &shop).await;
    let totals = lines.iter().filter(|l| l["kind"] == "control_total");
    let eur = totals.filter(|l| l["currency"] == "EUR");
    let eur: Vec<&str> = eur.map(|l| l["amount"].as_str().unwrap()).collect();
    assert_eq!(eur, ["15.50", "15.50"]);
}

/// A period holds what was booked from its start to just before its end, across many pages.
pub async fn export_periods_are_half_open(pool: &Pool) {
    let mut books = open_books(pool).await;
    let merchant = books.merchant;
    let eur = |minor| Money::new(minor, "EUR".parse().unwrap());
    let entries: Vec<JournalEntry> = (0..700_i64)
        .map(|n| {
            let now = START + Duration::seconds(n / 2);
            let intent = id_of::<IntentId>(now);
            books.book(
                draft(EntryKind::Capture, intent.to_string(), intent, eur(n + 1)),
                id_of(now),
                now,
            )
        })
        .collect();
    save(pool, &books, &entries).await;
    let total = async |from: i64, to: i64| {
        let period = Period::new(
            START + Duration::seconds(from),
            START + Duration::seconds(to),
        )
        .unwrap();
        let bytes = export(pool, merchant, period, Format::Jsonl).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().last().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            (
                line["amount"].as_str().unwrap().to_owned(),
                line["postings"].as_i64().unwrap(),
            )
        })
    };
    assert_eq!(total(0, 350).await, Some(("2453.50".into(), 700)));
    assert_eq!(total(0, 300).await, Some(("1803.00".into(), 600)));
    assert_eq!(total(300, 9999).await, Some(("650.50".into(), 100)));
    assert_eq!(total(10, 11).await, Some(("0.43".into(), 2)));
    assert_eq!(total(-10, 0).await, None);
    assert_eq!(total(350, 400).await, None);
    let csv = export(
        pool,
        merchant,
        Period::parse("2020-01-01", "2020-01-02").unwrap(),
        Format::Csv,
    )
    .await
    .unwrap();
    assert_eq!(String::from_utf8(csv).unwrap().lines().count(), 1);
    let unknown = export(
        pool,
        id_of(START),
        Period::new(START, START + Duration::DAY).unwrap(),
        Format::Csv,
    )
    .await;
    assert!(matches!(unknown, Err(ExportError::UnknownMerchant(_))));
}

/// The journal of a period, and what a batch that is slow to commit books into it.
#[test]
fn an_export_of_a_period_that_is_over_waits_for_who_is_writing() {
    run_test(async |app| {
        let (bot, finance) = (app.merchant.bot.clone(), app.merchant.finance.clone());
        bot.paid("1.00", "EUR").await;
        // Whoever holds the books at this moment may have booked already, and not committed.
        let mut slow = app.pool.begin().await.unwrap();
        let hold = "SELECT FROM books FOR UPDATE";
        super::harness::run(&mut slow, hold).await;
        let end = timestamp::format(app.ambient.now());
        let path = format!("/v1/exports/journal?from=2020-01-01&to={end}&format=jsonl");
        let balance = format!("/v1/trial_balance?at={end}");
        let reading = [path.clone(), balance].map(|path| {
            let finance = finance.clone();
            tokio::spawn(async move { finance.get(&path).await })
        });
        let waiting = "SELECT count(*) FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND query LIKE '%settled_until%'";
        super::harness::eventually("both to wait", async || {
            (app.count(waiting).await == 2).then_some(())
        })
        .await;
        slow.rollback().await.unwrap();
        for read in reading {
            let read = read.await.unwrap();
            assert_eq!(read.status, 200);
            assert!(!read.text().contains("open"), "{}", read.text());
        }
        let later = finance.get(&path).await.text();
        assert_eq!(later, finance.get(&path).await.text());
    });
}

#[test]
fn an_export_says_that_its_period_is_not_over() {
    run_test(async |app| {
        app.merchant.bot.paid("1.00", "EUR").await;
        for format in ["csv", "jsonl"] {
            let path = format!("/v1/exports/journal?from=2020-01-01&to=2100-01-01&format={format}");
            let file = app.merchant.finance.get(&path).await.text();
            let (open, totals) = (file.find("open"), file.find("control_total"));
            assert!(open.is_some() && open < totals, "{file}");
        }
    });
}

/// Codes may be written small wherever one is given.
#[test]
fn a_currency_narrows_in_small_letters_too() {
    run_test(async |app| {
        app.merchant.bot.paid("1.00", "EUR").await;
        app.merchant.bot.paid("500", "JPY").await;
        let file = async |currency: &str| {
            let period = "from=2020-01-01&to=2020-01-02&format=csv";
            let path = format!("/v1/exports/journal?{period}&currency={currency}");
            app.merchant.finance.get(&path).await
        };
        assert_eq!(file("JPY").await.status, 200);
        assert_eq!(file("jpy").await.text(), file("JPY").await.text());
        file("qqq").await.problem(422, "invalid_currency");
    });
}
