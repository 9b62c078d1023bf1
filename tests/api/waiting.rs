//! Requests that hold something for long: polls that wait, exports that are read.

use super::harness::{Wire, eventually, run_test};
use futures_util::future::join_all;
use serde_json::json;
use threadpay::{
    app::WAITERS_OF_KEY,
    domain::auth::{NewApiKey, Role, store},
};

fn poll(key: &str) -> String {
    format!(
        "GET /v1/events?after=latest&wait=30 HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\n\r\n"
    )
}

#[test]
fn a_key_has_few_waiting_and_those_who_left_do_not_count() {
    run_test(async |app| {
        let now = app.ambient.now();
        let key = NewApiKey::generate(
            &app.ambient,
            app.merchant.id,
            threadpay::base::mode::Mode::Test,
            Role::Bot,
        );
        let mut db = app.pool.acquire().await.unwrap();
        store::insert_key(&mut db, &key, now).await.unwrap();
        drop(db);
        let bot = app.anyone.with_key(&key.text());
        let mut waiting = Vec::new();
        for _ in 0..WAITERS_OF_KEY {
            let mut wire = Wire::open(&app.base_url).await;
            wire.send(poll(&key.text()).as_bytes()).await;
            waiting.push(wire);
        }
        let more = async || bot.get("/v1/events?after=latest&wait=1").await;
        let all = format!("Feeds ({WAITERS_OF_KEY} wait)");
        eventually("all of them", async || {
            (format!("{:?}", app.app.feeds) == all).then_some(())
        })
        .await;
        let refused = more().await;
        refused.problem(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), Some("1"));
        // Other keys of the merchant wait as before, and who does not wait is answered.
        let other = app.merchant.bot.get("/v1/events?after=latest&wait=1").await;
        other.expect(200);
        bot.get("/v1/events?after=latest").await.expect(200);
        // Clients that go are noticed long before their time is over.
        drop(waiting);
        eventually("a place", async || {
            Some(more().await).filter(|answer| answer.status == 200)
        })
        .await;
    });
}

#[test]
fn all_who_wait_get_what_each_asked_for() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let thread = json!({"channel": "slack", "conversation": "C1"});
        let asked = json!({"amount": "1.00", "currency": "EUR", "thread": thread});
        let wait = async |query: &str| {
            let path = format!("/v1/events?wait=30&{query}");
            let found = bot.get(&path).await.expect(200);
            let data = found["data"].as_array().unwrap().iter();
            let places: Vec<_> = data.map(|e| e["sequence"].as_i64().unwrap()).collect();
            (places, found["next_after"].as_i64().unwrap())
        };
        let waiting = (0..20).flat_map(|_| {
            [
                "limit=1",
                "conversation=C1",
                "type=payment_intent.succeeded",
            ]
        });
        let waiting = join_all(waiting.map(wait));
        let happening = async {
            eventually("all of them", async || {
                (format!("{:?}", app.app.feeds) == "Feeds (60 wait)").then_some(())
            })
            .await;
            bot.ask_for("1.00", "EUR").await;
            let id = bot.create_intent(&asked).await.id();
            bot.confirm(&id, "pm_sandbox_ok").await.expect(200);
        };
        let (found, ()) = tokio::join!(waiting, happening);
        for three in found.chunks(3) {
            assert_eq!(three[0].0[0], 1, "{three:?}");
            assert_eq!(three[1].0[0], 2, "{three:?}");
            assert_eq!(three[2], (vec![3], 3), "{three:?}");
        }
    });
}

#[test]
fn a_poll_begun_before_its_key_was_revoked_is_told_nothing() {
    run_test(async |app| {
        let now = app.ambient.now();
        let key = NewApiKey::generate(
            &app.ambient,
            app.merchant.id,
            threadpay::base::mode::Mode::Test,
            Role::Bot,
        );
        let mut db = app.pool.acquire().await.unwrap();
        store::insert_key(&mut db, &key, now).await.unwrap();
        let bot = app.anyone.with_key(&key.text());
        let waiting = tokio::spawn(async move { bot.get("/v1/events?after=latest&wait=30").await });
        eventually("the poll", async || {
            (format!("{:?}", app.app.feeds) == "Feeds (1 wait)").then_some(())
        })
        .await;
        store::revoke_key(&mut db, key.id, now).await.unwrap();
        app.merchant.bot.ask_for("1.00", "EUR").await;
        waiting.await.unwrap().problem(401, "unauthorized");
    });
}

#[test]
fn a_merchant_has_one_export_at_a_time() {
    run_test(async |app| {
        app.merchant.bot.paid("1.00", "EUR").await;
        let path = "/v1/exports/journal?from=2020-01-01&to=2099-01-01&format=csv";
        let owner = &app.merchant.owner;
        let mut lock = app.pool.begin().await.unwrap();
        let sql = "LOCK TABLE postings IN ACCESS EXCLUSIVE MODE";
        sqlx::query(sql).execute(&mut *lock).await.unwrap();
        let first = owner.clone();
        let first = tokio::spawn(async move { first.get(path).await });
        eventually("the export to be under way", async || {
            let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'
                AND datname = current_database()";
            (app.count(waits).await > 0).then_some(())
        })
        .await;
        let refused = owner.get(path).await;
        refused.problem(429, "export_running");
        assert!(refused.header("retry-after").is_some());
        lock.rollback().await.unwrap();
        assert_eq!(first.await.unwrap().status, 200);
        let again = eventually("a turn", async || {
            Some(owner.get(path).await).filter(|answer| answer.status == 200)
        })
        .await;
        assert!(again.text().contains("control_total"));
    });
}
