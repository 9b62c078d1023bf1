//! The journal, balances and the trial balance, as they are read.

use super::shop::{START, id_of, open_books, seed};
use threadpay::base::db::Pool;
use threadpay::{
    base::{db::Window, ids::EntryId, timestamp},
    domain::ledger::JournalEntryView,
    views::reports::{
        AsOf, JournalFilter, ReportError, Source, balances, intent_entries, journal, trial_balance,
    },
};
use time::Duration;

fn sequences(entries: &[JournalEntryView]) -> Vec<i64> {
    entries
        .iter()
        .map(|entry| entry.sequence.unwrap())
        .collect()
}

/// Where a page of the journal begins.
#[derive(Clone, Copy)]
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
pub async fn an_intent_shows_its_entries(pool: &Pool) {
    let shop = seed(pool).await;
    let all = window(9, At::Newest);
    let list = intent_entries(pool, shop.merchant, shop.intents[0], all);
    let (list, has_more) = list.await.unwrap();
    assert!(!has_more);
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
    let empty = open_books(pool).await.merchant;
    let foreign = intent_entries(pool, empty, shop.intents[0], all).await;
    assert!(matches!(foreign, Err(ReportError::NotFound)));
}

/// Pages of every size and direction give the same journal.
pub async fn the_journal_pages(pool: &Pool) {
    let shop = seed(pool).await;
    let page = async |filter: &JournalFilter, limit, at: At| {
        let journal = journal(pool, shop.merchant, filter, window(limit, at));
        let (entries, has_more) = journal.await.unwrap();
        (sequences(&entries), has_more)
    };
    let id = |sequence: usize| shop.entries[sequence - 1].id;
    let all = JournalFilter::default();
    let on_account = JournalFilter {
        account: Some("merchant:pending".into()),
        ..JournalFilter::default()
    };
    for filter in [&all, &on_account] {
        assert_eq!(page(filter, 100, At::Newest).await.0, [5, 4, 3, 2, 1]);
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
}

/// The journal narrows by source, account and period, and refuses a cursor that is not its own.
pub async fn the_journal_narrows(pool: &Pool) {
    let shop = seed(pool).await;
    let page = async |filter: &JournalFilter, limit, at: At| {
        let journal = journal(pool, shop.merchant, filter, window(limit, at));
        sequences(&journal.await.unwrap().0)
    };
    let all = JournalFilter::default();
    let first = shop.entries[0].id;
    let source = |source| JournalFilter {
        source: Some(source),
        ..JournalFilter::default()
    };
    let refund = source(Source::Refund(shop.refund));
    assert_eq!(page(&refund, 9, At::Newest).await, [4]);
    let intent = source(Source::Intent(shop.intents[0]));
    assert_eq!(page(&intent, 9, At::Newest).await, [1]);
    assert!(page(&intent, 9, At::After(first)).await.is_empty());
    let nobody = JournalFilter {
        account: Some("suspense".into()),
        ..intent
    };
    assert!(page(&nobody, 9, At::Newest).await.is_empty());
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
        assert_eq!(page(&period, 9, At::Newest).await, [3, 2]);
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
pub async fn balances_look_back(pool: &Pool) {
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
    let unused = balances(pool, shop.merchant, "suspense", AsOf::latest(START));
    assert!(unused.await.unwrap().data.is_empty());
    let unknown = balances(pool, shop.merchant, "cash", AsOf::latest(START)).await;
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
