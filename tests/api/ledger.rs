//! The reading side of the books: journal, balances, trial balance, exports, and `verify` against
//! rows that were changed behind the writer's back.

use serde_json::Value;
use sqlx::PgPool;
use std::collections::HashMap;
use threadpay::{
    ambient::Ambient,
    db::Window,
    exports::{Export, ExportError, Format, Period},
    ids::{EntryId, IntentId, LinkId, MerchantId, RefundId},
    ledger::{
        Account, Books, Direction, Draft, EntryHash, EntryKind, JournalEntry, store as ledger,
    },
    money::Money,
    reports::{
        AsOf, JournalEntryView, JournalFilter, ReportError, Source, balances,
        intent_entries, journal, trial_balance,
        verify::{VerifyError, verify},
    },
    timestamp,
};
use time::{Duration, OffsetDateTime, macros::datetime};
use uuid::Uuid;

const START: OffsetDateTime = datetime!(2026-01-31 23:00:00.123_456 UTC);

/// A merchant with five entries, an hour apart: captures of 12.50 EUR (by a link, from a Slack
/// thread), 500 JPY (from a Telegram group) and 1.250 KWD, a refund of 2.50 EUR, and a capture of
/// 0.50 EUR whose id was made by a wrong clock.
pub struct Shop {
    /// The merchant.
    pub merchant: MerchantId,
    /// The intents of the captures, in that order.
    pub intents: Vec<IntentId>,
    /// The refund of the first.
    pub refund: RefundId,
    /// The link of the first.
    pub link: LinkId,
    /// What was booked.
    pub entries: Vec<JournalEntry>,
}

fn id_of<Id: From<Uuid>>(at: OffsetDateTime) -> Id {
    let millis = u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap();
    let random = Ambient::system().bytes();
    Id::from(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

fn draft(kind: EntryKind, source: String, intent: IntentId, amount: Money) -> Draft {
    let (clearing, pending) = (Account::RailClearing("sandbox"), Account::MerchantPending);
    let (debit, credit) = match kind {
        EntryKind::Capture => (clearing, pending),
        EntryKind::Refund => (pending, clearing),
    };
    let lines = vec![
        (debit, Direction::Debit, amount),
        (credit, Direction::Credit, amount),
    ];
    Draft::new(kind, source, lines)
        .unwrap()
        .for_payment_intent(intent.0)
}

/// Empty books of a new merchant.
pub async fn open_books(pool: &PgPool) -> Books {
    let merchant: MerchantId = Ambient::system().id();
    sqlx::query("INSERT INTO merchants (merchant_id, name, created_at) VALUES ($1, 'Shop', $2)")
        .bind(merchant.0)
        .bind(START)
        .execute(pool)
        .await
        .unwrap();
    sqlx::query("INSERT INTO books (merchant_id, entry_hash, booked_at) VALUES ($1, decode(repeat('00', 32), 'hex'), $2)")
        .bind(merchant.0).bind(OffsetDateTime::UNIX_EPOCH).execute(pool).await.unwrap();
    Books {
        merchant,
        entry_sequence: 0,
        entry_hash: EntryHash::default(),
        event_sequence: 0,
        booked_at: OffsetDateTime::UNIX_EPOCH,
        balances: HashMap::new(),
    }
}

/// Stores what was booked, as the writer does.
pub async fn save(pool: &PgPool, books: &Books, entries: &[JournalEntry]) {
    let mut db = pool.acquire().await.unwrap();
    let accounts =
        [Account::RailClearing("sandbox"), Account::MerchantPending].map(|a| (books.merchant, a));
    ledger::open_accounts(&mut db, &accounts, START)
        .await
        .unwrap();
    ledger::insert_entries(&mut db, entries).await.unwrap();
    let balances: Vec<_> = books
        .balances
        .iter()
        .map(|(k, b)| (books.merchant, k.clone(), *b))
        .collect();
    ledger::save_balances(&mut db, &balances).await.unwrap();
    ledger::save_books(&mut db, &[books]).await.unwrap();
}

async fn insert_intent(
    pool: &PgPool,
    merchant: MerchantId,
    intent: IntentId,
    amount: Money,
    link: Option<LinkId>,
    thread: &str,
    reference: &str,
) {
    sqlx::query(
        "INSERT INTO payment_intents (merchant_id, id, status, currency, amount, amount_authorized, amount_captured, capture_method,
            reference, thread, line_items, metadata, rail, payment_link_id, event_sequence, expires_at, created_at, updated_at)
        VALUES ($1, $2, 'succeeded', $3, $4, $4, $4, 'automatic', $5, $6::jsonb, '[]', '{}', 'sandbox', $7, 1, $8, $8, $8)",
    )
    .bind(merchant.0).bind(intent.0).bind(amount.currency().code()).bind(amount.minor())
    .bind(reference).bind(thread).bind(link.map(|l| l.0)).bind(START)
    .execute(pool).await.unwrap();
}

/// Seeds a shop.
pub async fn seed(pool: &PgPool) -> Shop {
    let mut books = open_books(pool).await;
    let merchant = books.merchant;
    let ambient = Ambient::system();
    let (link, refund): (LinkId, RefundId) = (ambient.id(), ambient.id());
    sqlx::query(
        "INSERT INTO payment_links (merchant_id, id, status, currency, price, tip_options, usage, payments_count, payments_open, metadata, rail, created_at, updated_at)
        VALUES ($1, $2, 'completed', 'EUR', '{\"fixed\": 1250}', '[]', 'single', 1, 0, '{}', 'sandbox', $3, $3)",
    )
    .bind(merchant.0).bind(link.0).bind(START).execute(pool).await.unwrap();
    let slack = r#"{"channel":"slack","tenant":"T1","conversation":"C2","thread":"1700000000.000100","message":null,"user":"U3"}"#;
    let telegram = r#"{"channel":"telegram","tenant":null,"conversation":"-1001234567890","thread":"77","message":"5","user":null}"#;
    let payments = [
        (1250, "EUR", Some(link), slack, "=SUM(A1)"),
        (500, "JPY", None, telegram, "two\r\nlines, \"quoted\" — ö"),
        (1250, "KWD", None, "null", "+order"),
        (50, "EUR", None, telegram, ""),
    ];
    let mut intents = Vec::new();
    for (minor, code, link, thread, reference) in payments {
        let intent: IntentId = ambient.id();
        let amount = Money::new(minor, code.parse().unwrap());
        insert_intent(pool, merchant, intent, amount, link, thread, reference).await;
        intents.push(intent);
    }
    sqlx::query(
        "INSERT INTO refunds (merchant_id, id, payment_intent_id, status, amount, currency, created_at, updated_at)
        VALUES ($1, $2, $3, 'succeeded', 250, 'EUR', $4, $4)",
    )
    .bind(merchant.0).bind(refund.0).bind(intents[0].0).bind(START).execute(pool).await.unwrap();
    sqlx::query(
        "UPDATE payment_intents SET amount_refunded = 250 WHERE merchant_id = $1 AND id = $2",
    )
    .bind(merchant.0)
    .bind(intents[0].0)
    .execute(pool)
    .await
    .unwrap();
    let money = |minor, code: &str| Money::new(minor, code.parse().unwrap());
    let capture = |n: usize, minor, code| {
        draft(
            EntryKind::Capture,
            intents[n].to_string(),
            intents[n],
            money(minor, code),
        )
    };
    let drafts = [
        capture(0, 1250, "EUR"),
        capture(1, 500, "JPY"),
        capture(2, 1250, "KWD"),
        draft(
            EntryKind::Refund,
            refund.to_string(),
            intents[0],
            money(250, "EUR"),
        ),
        capture(3, 50, "EUR"),
    ];
    let mut entries = Vec::new();
    for (hour, draft) in (0..).zip(drafts) {
        let now = START + Duration::hours(hour);
        let made = if hour == 4 {
            now - Duration::days(3)
        } else {
            now
        };
        entries.push(books.book(draft, id_of(made), now).unwrap());
    }
    for sequence in 1..=3_i64 {
        sqlx::query("INSERT INTO events (merchant_id, sequence, id, type, intent_id, payload, created_at) VALUES ($1, $2, $3, 'payment_intent.succeeded', $4, '{}', $5)")
            .bind(merchant.0).bind(sequence).bind(id_of::<Uuid>(START)).bind(intents[0].0).bind(START).execute(pool).await.unwrap();
    }
    books.event_sequence = 3;
    save(pool, &books, &entries).await;
    Shop {
        merchant,
        intents,
        refund,
        link,
        entries,
    }
}

fn sequences(entries: &[JournalEntryView]) -> Vec<i64> {
    entries.iter().map(|entry| entry.sequence).collect()
}

/// Where a page of the journal begins.
enum At {
    Newest,
    After(EntryId),
    Before(EntryId),
}

fn window(limit: u8, at: At) -> Window {
    let (older_than, newer_than) = match at {
        At::Newest => (None, None),
        At::After(id) => (Some(id.0), None),
        At::Before(id) => (None, Some(id.0)),
    };
    Window {
        older_than,
        newer_than,
        limit,
    }
}

/// An intent's entries tell its story, and where in a chat it began.
pub async fn an_intent_shows_its_entries(pool: &PgPool) {
    let shop = seed(pool).await;
    let list = intent_entries(pool, shop.merchant, shop.intents[0])
        .await
        .unwrap();
    assert_eq!(sequences(&list), [1, 4]);
    let json = serde_json::to_value(&list).unwrap();
    let first = &json[0];
    assert_eq!(first["thread"], "slack:T1/C2/1700000000.000100");
    assert_eq!(first["booked_at"], "2026-01-31T23:00:00.123Z");
    assert_eq!(first["effective_date"], "2026-01-31");
    assert_eq!(first["source"], shop.intents[0].to_string());
    assert_eq!(first["previous_hash"], "0".repeat(64));
    assert_eq!(first["postings"][0]["account"], "rail:sandbox:clearing");
    assert_eq!(first["postings"][0]["direction"], "debit");
    assert_eq!(first["postings"][1]["amount"], "12.50");
    let second = &json[1];
    assert_eq!(second["source"], shop.refund.to_string());
    assert_eq!(second["postings"][0]["balance_after"], "10.00");
    let foreign = intent_entries(pool, open_books(pool).await.merchant, shop.intents[0]).await;
    assert!(matches!(foreign, Err(ReportError::NotFound)));
}

/// Pages of every size and direction give the same journal.
pub async fn the_journal_pages_and_narrows(pool: &PgPool) {
    let shop = seed(pool).await;
    let page = async |filter: &JournalFilter, limit, at: At| {
        let (entries, has_more) = journal(pool, shop.merchant, filter, window(limit, at))
            .await
            .unwrap();
        (sequences(&entries), has_more)
    };
    let id = |sequence: usize| shop.entries[sequence - 1].id;
    let all = JournalFilter::default();
    let on_account = JournalFilter {
        account: Some("merchant:pending".into()),
        ..JournalFilter::default()
    };
    for filter in [&all, &on_account] {
        assert_eq!(
            page(filter, 100, At::Newest).await.0,
            [5, 4, 3, 2, 1]
        );
        let top = page(filter, 2, At::Newest).await;
        assert_eq!(top, (vec![5, 4], true));
        let next = page(filter, 2, At::After(id(4))).await;
        assert_eq!(next, (vec![3, 2], true));
        let last = page(filter, 2, At::After(id(2))).await;
        assert_eq!(last, (vec![1], false));
        let back = page(filter, 2, At::Before(id(1))).await;
        assert_eq!(back, (vec![3, 2], true));
        let top = page(filter, 2, At::Before(id(3))).await;
        assert_eq!(top, (vec![5, 4], false));
        let odd_clock = page(filter, 1, At::After(id(5))).await;
        assert_eq!(odd_clock, (vec![4], true));
    }
    let source = |source| JournalFilter {
        source: Some(source),
        ..JournalFilter::default()
    };
    let refund = source(Source::Refund(shop.refund));
    assert_eq!(page(&refund, 9, At::Newest).await.0, [4]);
    let intent = source(Source::Intent(shop.intents[0]));
    assert_eq!(page(&intent, 9, At::Newest).await.0, [1]);
    assert_eq!(
        page(&intent, 9, At::After(id(1))).await.0,
        Vec::<i64>::new()
    );
    let nobody = JournalFilter {
        account: Some("suspense".into()),
        ..intent
    };
    assert_eq!(
        page(&nobody, 9, At::Newest).await.0,
        Vec::<i64>::new()
    );
    for account in [None, Some("merchant:pending".to_owned())] {
        let (from, to) = (
            Some(START + Duration::hours(1)),
            Some(START + Duration::hours(3)),
        );
        let period = JournalFilter {
            account,
            source: None,
            from,
            to,
        };
        assert_eq!(page(&period, 9, At::Newest).await.0, [3, 2]);
    }
    let unknown: EntryId = id_of(START);
    let list = journal(pool, shop.merchant, &all, window(9, At::After(unknown))).await;
    assert!(matches!(list, Err(ReportError::Invalid(fault)) if fault.param == "/after"));
    let empty = open_books(pool).await.merchant;
    let (entries, has_more) = journal(pool, empty, &all, window(9, At::Newest))
        .await
        .unwrap();
    assert!(entries.is_empty() && !has_more);
}

/// Balances and the trial balance look back to any time.
pub async fn balances_look_back(pool: &PgPool) {
    let shop = seed(pool).await;
    let pending = async |as_of| {
        let view = balances(pool, shop.merchant, "merchant:pending", as_of)
            .await
            .unwrap();
        view.data
            .into_iter()
            .map(|b| format!("{} {}", b.balance, b.currency))
            .collect::<Vec<_>>()
    };
    assert!(
        pending(AsOf::time(START - Duration::milliseconds(1)))
            .await
            .is_empty()
    );
    let printed = timestamp::parse(&timestamp::format(START)).unwrap();
    assert_eq!(pending(AsOf::time(printed)).await, ["12.50 EUR"]);
    assert_eq!(
        pending(AsOf::time(START + Duration::hours(2))).await,
        ["12.50 EUR", "500 JPY", "1.250 KWD"]
    );
    assert_eq!(
        pending(AsOf::latest(START)).await,
        ["10.50 EUR", "500 JPY", "1.250 KWD"]
    );
    let unknown = balances(pool, shop.merchant, "suspense", AsOf::latest(START)).await;
    assert!(matches!(unknown, Err(ReportError::NotFound)));

    let then = trial_balance(pool, shop.merchant, AsOf::time(START))
        .await
        .unwrap();
    let json = serde_json::to_value(&then).unwrap();
    assert_eq!(json["balanced"], true);
    assert_eq!(
        json["data"],
        serde_json::json!([
            {"account": "merchant:pending", "currency": "EUR", "debits": "0.00", "credits": "12.50"},
            {"account": "rail:sandbox:clearing", "currency": "EUR", "debits": "12.50", "credits": "0.00"},
        ])
    );
    let now = trial_balance(pool, shop.merchant, AsOf::latest(START))
        .await
        .unwrap();
    let eur = now
        .data
        .iter()
        .find(|row| row.account == "merchant:pending" && row.currency == "EUR")
        .unwrap();
    assert_eq!(
        (eur.debits.as_str(), eur.credits.as_str()),
        ("2.50", "13.00")
    );
}

/// The bytes of an export.
pub async fn export(
    pool: &PgPool,
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

/// Both formats hold every posting of the period once, the same each time, and totals that agree
/// with the trial balance.
pub async fn exports_agree_with_the_trial_balance(pool: &PgPool) {
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
    let trial = trial_balance(pool, shop.merchant, AsOf::latest(START))
        .await
        .unwrap();
    let sum = |side: fn(&threadpay::reports::TrialBalanceRow) -> &str| {
        let eur = trial.data.iter().filter(|row| row.currency == "EUR");
        eur.map(|row| {
            Money::parse(side(row), "EUR".parse().unwrap())
                .unwrap()
                .minor()
        })
        .sum::<i64>()
    };
    assert_eq!((sum(|r| &r.debits), sum(|r| &r.credits)), (1550, 1550));

    let lines = export(pool, shop.merchant, period, Format::Jsonl)
        .await
        .unwrap();
    let lines: Vec<Value> = String::from_utf8(lines)
        .unwrap()
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(lines.len(), 16);
    for (line, row) in lines.iter().zip(&rows).take(10) {
        for column in &columns {
            let text = match &line[column] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(text, row[column], "{column}");
        }
        assert_eq!(line.as_object().unwrap().len(), columns.len());
    }
    assert_eq!(lines[15]["kind"], "control_total");
    assert_eq!(lines[15]["postings"], 1);
}

/// A period holds what was booked from its start to just before its end, across many pages.
pub async fn export_periods_are_half_open(pool: &PgPool) {
    let mut books = open_books(pool).await;
    let merchant = books.merchant;
    let eur = |minor| Money::new(minor, "EUR".parse().unwrap());
    let entries: Vec<JournalEntry> = (0..700_i64)
        .map(|n| {
            let now = START + Duration::seconds(n / 2);
            let intent = id_of::<IntentId>(now);
            books
                .book(
                    draft(EntryKind::Capture, intent.to_string(), intent, eur(n + 1)),
                    id_of(now),
                    now,
                )
                .unwrap()
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

/// Changes rows behind the back of writer and triggers; `$1` in `sql` is the merchant.
pub async fn corrupt(pool: &PgPool, merchant: MerchantId, sql: &'static str) {
    let mut db = pool.begin().await.unwrap();
    for table in ["journal_entries", "postings", "events"] {
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "ALTER TABLE {table} DISABLE TRIGGER USER"
        )))
        .execute(&mut *db)
        .await
        .unwrap();
    }
    let done = sqlx::query(sql)
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
const DAMAGE: [(&str, &str, bool); 25] = [
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
        "found no row",
        false,
    ),
    (
        "UPDATE books SET entry_sequence = 4 WHERE merchant_id = $1",
        "books: the last journal entry should be 4, found 5",
        true,
    ),
    (
        "UPDATE books SET event_sequence = 4 WHERE merchant_id = $1",
        "events: should be 1 to 4 without gaps, and 4 is missing",
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
        (1, 5, 10, 3)
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
