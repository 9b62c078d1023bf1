//! Words that this version does not know, since a newer one has written them: they are passed through
//! where nothing depends on them, and stop no more than their own row.

use super::harness::{Sink, TestApp, run, run_test};
use serde_json::json;
use time::Duration;

async fn plant(app: &TestApp, statements: &[&str]) {
    let mut db = app.pool.acquire().await.unwrap();
    for sql in statements {
        run(&mut db, sql).await;
    }
}

#[test]
fn lists_pass_through_what_they_do_not_know() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
        let id = endpoint["id"].as_str().unwrap();
        let path = format!("/v1/callback_endpoints/{id}");
        let paid = bot.paid("9.00", "EUR").await;
        bot.refund(&paid, "1.00").await.expect(201);
        bot.refund(&paid, "2.00").await.expect(201);
        app.deliver().await;
        let all = json!({"after_sequence": 0});
        let replay = bot.post(&format!("{path}/replay"), &all).await.id();
        let replay = format!("/v1/replays/{replay}");
        plant(
            app,
            &[
                "ALTER TABLE refunds DROP CONSTRAINT refunds_status_check",
                "UPDATE refunds SET status = 'in_review' WHERE amount = 100",
                "ALTER TABLE deliveries DROP CONSTRAINT deliveries_status_check",
                "UPDATE deliveries SET status = 'parked' WHERE event_sequence = 1",
                "ALTER TABLE callback_endpoints DROP CONSTRAINT callback_endpoints_status_check,
                    DROP CONSTRAINT callback_endpoints_ordering_check",
                "UPDATE callback_endpoints SET status = 'suspended', ordering = 'account'",
                "ALTER TABLE replays DROP CONSTRAINT replays_status_check",
                "UPDATE replays SET status = 'parked'",
                "ALTER TABLE events DISABLE TRIGGER events_append_only",
                "UPDATE events SET type = 'payment_intent.dreamt_of' WHERE sequence = 1",
            ],
        )
        .await;
        let shown = async |path: &str, field: &str| {
            let list = bot.get(path).await.expect(200);
            let data = list["data"].as_array().unwrap().clone();
            let words = data
                .iter()
                .map(|row| row[field].as_str().unwrap().to_owned());
            words.collect::<Vec<_>>()
        };
        let statuses = ["succeeded", "in_review"];
        assert_eq!(shown("/v1/refunds", "status").await, statuses);
        let of_intent = format!("/v1/payment_intents/{paid}/refunds");
        assert_eq!(shown(&of_intent, "status").await, statuses);
        let deliveries = format!("{path}/deliveries");
        assert_eq!(shown(&deliveries, "status").await.last().unwrap(), "parked");
        let types = shown(&deliveries, "event_type").await;
        assert_eq!(types.last().unwrap(), "payment_intent.dreamt_of");
        assert_eq!(
            shown("/v1/callback_endpoints", "status").await,
            ["suspended"]
        );
        assert_eq!(
            shown("/v1/callback_endpoints", "ordering").await,
            ["account"]
        );
        assert_eq!(bot.get(&replay).await.expect(200)["status"], "parked");
        assert!(bot.events().await.len() > 3);
        // Money goes on, and what such an endpoint is owed is kept for it.
        bot.paid("1.00", "EUR").await;
        app.settle().await;
        app.deliver().await;
        let held = "SELECT count(*) FROM deliveries WHERE status = 'held'";
        assert_eq!(app.count(held).await, 2);
        // The books are proved at the end, by words that are known.
        plant(
            app,
            &[
                "UPDATE refunds SET status = 'succeeded'",
                "UPDATE events SET type = 'payment_intent.created' WHERE sequence = 1",
            ],
        )
        .await;
    });
}

/// What is stored as JSON may hold what is not known here, as any column may.
#[test]
fn a_row_that_cannot_be_read_hides_no_other_of_its_list() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let link = json!({"amount": "2.00", "currency": "EUR", "usage": "multi"});
        bot.post("/v1/payment_links", &link).await.expect(201);
        let unread = bot.ask_for("1.00", "EUR").await;
        let read = bot.ask_for("2.00", "EUR").await;
        for (column, newer, before) in [
            (
                "thread",
                r#"'{"channel": "pager", "conversation": "1"}'"#,
                "NULL",
            ),
            ("line_items", r#"'[{"kind": "fee"}]'"#, "'[]'"),
            ("metadata", "'[]'", "'{}'"),
            ("last_error", r#"'{"why": 1}'"#, "NULL"),
        ] {
            let set = |value: &str| {
                format!("UPDATE payment_intents SET {column} = {value} WHERE amount = 100")
            };
            plant(app, &[&set(newer)]).await;
            let list = bot.get("/v1/payment_intents").await.expect(200);
            let data = list["data"].as_array().unwrap();
            assert_eq!((data.len(), &data[0]["id"]), (1, &json!(read)), "{column}");
            let path = format!("/v1/payment_intents/{unread}");
            assert_eq!(bot.get(&path).await.status, 500, "{column}");
            plant(app, &[&set(before)]).await;
            bot.get(&path).await.expect(200);
        }
    });
}

#[test]
fn a_replay_that_cannot_go_on_stops_no_other() {
    run_test(async |app| {
        let other = app.another_merchant().await;
        let sink = Sink::start(&[]);
        let mut replays = Vec::new();
        for bot in [&other.bot, &app.merchant.bot] {
            let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
            bot.ask_for("1.00", "EUR").await;
            app.deliver().await;
            let id = endpoint["id"].as_str().unwrap();
            let path = format!("/v1/callback_endpoints/{id}/replay");
            let replay = bot.post(&path, &json!({"after_sequence": 0})).await.id();
            replays.push(format!("/v1/replays/{replay}"));
        }
        // A rule of a newer version that this one breaks.
        let rule = format!(
            "ALTER TABLE deliveries ADD CONSTRAINT newer CHECK (merchant_id <> '{}' OR status <> 'pending') NOT VALID",
            other.id.0
        );
        plant(app, &[&rule]).await;
        app.replay().await;
        let status = async |merchant: &super::harness::Merchant, at: usize| {
            merchant.bot.get(&replays[at]).await.expect(200)["status"].clone()
        };
        assert_eq!(status(&other, 0).await, "running");
        assert_eq!(status(&app.merchant, 1).await, "completed");
        let taken = "SELECT coalesce(max(tries), 0)::bigint FROM due WHERE kind = 'replay'";
        for tries in [1, 2] {
            // It rests, and then is taken once more.
            app.replay().await;
            assert_eq!(app.count(taken).await, tries);
            app.clock.advance(Duration::seconds(40));
            app.replay().await;
        }
        plant(app, &["ALTER TABLE deliveries DROP CONSTRAINT newer"]).await;
        app.clock.advance(Duration::minutes(5));
        app.replay().await;
        assert_eq!(status(&other, 0).await, "completed");
        assert_eq!(
            app.count("SELECT count(*) FROM due WHERE kind = 'replay'")
                .await,
            0
        );
        app.deliver().await;
        assert_eq!(sink.received().len(), 4);
    });
}

#[test]
fn an_endpoint_that_is_neither_enabled_nor_disabled_stops_no_other() {
    run_test(async |app| {
        let other = app.another_merchant().await;
        let mut endpoints = Vec::new();
        for bot in [&other.bot, &app.merchant.bot] {
            let endpoint = bot.create_endpoint("http://127.0.0.1:9/", &["*"]).await;
            let id = endpoint["id"].as_str().unwrap().to_owned();
            bot.ask_for("1.00", "EUR").await;
            let disabled = json!({"enabled": false});
            bot.change_endpoint(&id, &disabled).await.expect(200);
            endpoints.push(id);
        }
        let suspend = format!(
            "UPDATE callback_endpoints SET status = 'suspended' WHERE merchant_id = '{}'",
            other.id.0
        );
        plant(
            app,
            &[
                "ALTER TABLE callback_endpoints DROP CONSTRAINT callback_endpoints_status_check",
                &suspend,
            ],
        )
        .await;
        app.settle().await;
        let statuses = async |bot: &super::harness::Client, at: usize| {
            let deliveries = bot.deliveries(&endpoints[at], "").await;
            deliveries[0]["status"].clone()
        };
        assert_eq!(statuses(&other.bot, 0).await, "pending");
        assert_eq!(statuses(&app.merchant.bot, 1).await, "held");
        let due = "SELECT count(*) FROM due WHERE kind = 'hold' AND tries = 1";
        assert_eq!(app.count(due).await, 1, "it is left for who knows the word");
        let enabled = json!({"enabled": true});
        other
            .bot
            .change_endpoint(&endpoints[0], &enabled)
            .await
            .expect(200);
        app.clock.advance(Duration::seconds(30));
        app.settle().await;
        assert_eq!(
            app.count("SELECT count(*) FROM due WHERE kind = 'hold'")
                .await,
            0
        );
    });
}

#[test]
fn an_intent_that_cannot_be_ended_stops_no_other() {
    run_test(async |app| {
        let other = app.another_merchant().await;
        let unread = other.bot.ask_for("1.00", "EUR").await;
        let read = app.merchant.bot.ask_for("1.00", "EUR").await;
        let of_other = |rail: &str| {
            format!(
                "UPDATE payment_intents SET rail = '{rail}' WHERE merchant_id = '{}'",
                other.id.0
            )
        };
        plant(app, &[&of_other("barter")]).await;
        app.clock.advance(Duration::days(2));
        app.expire().await;
        let last = app.merchant.bot.events().await.pop().unwrap();
        assert_eq!(last["type"], "payment_intent.expired");
        assert_eq!(last["data"]["id"], json!(read));
        let taken = "SELECT coalesce(max(tries), 0)::bigint FROM due WHERE kind = 'intent_expiry'";
        assert_eq!(app.count(taken).await, 1);
        app.clock.advance(Duration::seconds(40));
        app.expire().await;
        assert_eq!(app.count(taken).await, 2);
        plant(app, &[&of_other("sandbox")]).await;
        app.clock.advance(Duration::minutes(5));
        app.expire().await;
        let last = other.bot.events().await.pop().unwrap();
        assert_eq!(last["type"], "payment_intent.expired");
        assert_eq!(last["data"]["id"], json!(unread));
        let due = "SELECT count(*) FROM due WHERE kind LIKE '%expiry'";
        assert_eq!(app.count(due).await, 0);
    });
}
