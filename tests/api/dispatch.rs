//! What becomes of deliveries: their order, endpoints in trouble, what is held and forgotten.

use super::harness::{Sink, TestApp, eventually, run_test};
use serde_json::{Value, json};
use time::Duration;

pub fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

/// Sends and settles until nothing that is due is left.
pub async fn deliver_due(app: &TestApp) {
    let mut before = -1;
    loop {
        app.settle().await;
        app.deliver().await;
        let tries = app
            .count("SELECT coalesce(sum(attempts), 0)::bigint FROM deliveries")
            .await;
        if tries == before {
            return;
        }
        before = tries;
    }
}

/// The statuses of an endpoint's deliveries, oldest event first.
async fn statuses(app: &TestApp, endpoint: &Value) -> Vec<String> {
    let deliveries = app.merchant.bot.deliveries(id(endpoint), "").await;
    let statuses = deliveries.iter().rev().map(|d| d["status"].as_str());
    statuses.map(|status| status.unwrap().to_owned()).collect()
}

#[test]
fn events_of_one_intent_wait_for_each_other_and_others_flow_on() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[500]));
        let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
        let intent = bot.ask_for("1.00", "EUR").await;
        app.deliver().await;
        assert_eq!(sink.sequences(), [1], "the head fails");
        bot.confirm(&intent, "pm_sandbox_ok").await.expect(200);
        bot.ask_for("2.00", "EUR").await;
        deliver_due(app).await;
        assert_eq!(sink.sequences(), [1, 3], "another intent flows on");
        app.clock.advance(Duration::seconds(7));
        deliver_due(app).await;
        assert_eq!(sink.sequences(), [1, 3, 1, 2], "the head, then what waited");
        assert_eq!(
            statuses(app, &endpoint).await,
            ["delivered", "delivered", "delivered"]
        );
    });
}

#[test]
fn a_head_that_fails_for_a_quarter_of_an_hour_lets_the_rest_pass() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[500, 500]));
        bot.create_endpoint(&sink.url, &["*"]).await;
        bot.paid("1.00", "EUR").await;
        deliver_due(app).await;
        app.clock.advance(Duration::seconds(7));
        deliver_due(app).await;
        assert_eq!(sink.sequences(), [1, 1]);
        // The head is due again in 5 minutes, fails once more, and then only in half an hour.
        sink.answer(&[500]);
        app.clock.advance(Duration::minutes(7));
        deliver_due(app).await;
        assert_eq!(sink.sequences(), [1, 1, 1]);
        app.clock.advance(Duration::minutes(9));
        deliver_due(app).await;
        assert_eq!(sink.sequences(), [1, 1, 1, 2]);
    });
}

#[test]
fn an_endpoint_that_wants_no_order_gets_all_at_once() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[500]));
        let body = json!({"url": sink.url, "event_types": ["*"], "ordering": "none"});
        let made = bot.post("/v1/callback_endpoints", &body).await.expect(201);
        assert_eq!(made["ordering"], "none");
        bot.paid("1.00", "EUR").await;
        app.deliver().await;
        let mut sequences = sink.sequences();
        sequences.sort_unstable();
        assert_eq!(
            sequences,
            [1, 2],
            "the first fails, the second does not wait"
        );
    });
}

#[test]
fn an_endpoint_that_fails_is_left_alone_and_costs_no_tries() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[500; 5]));
        let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
        for _ in 0..5 {
            bot.ask_for("1.00", "EUR").await;
        }
        app.deliver().await;
        assert_eq!(sink.received().len(), 5);
        for _ in 0..20 {
            bot.ask_for("1.00", "EUR").await;
        }
        app.clock.advance(Duration::seconds(20));
        deliver_due(app).await;
        assert_eq!(sink.received().len(), 5, "it is left alone");
        let path = format!("/v1/callback_endpoints/{}", id(&endpoint));
        let health = bot.get(&path).await.expect(200)["health"].clone();
        let told = (&health["status"], &health["last_error"]);
        assert_eq!(told, (&json!("paused"), &json!("HTTP status 500")));
        assert!(health["failing_since"].is_string());
        let waiting = bot.deliveries(id(&endpoint), "status=pending").await;
        for delivery in waiting {
            let next = delivery["next_attempt_at"].as_str().unwrap();
            let until = health["paused_until"].as_str().unwrap();
            assert!(next >= until, "not before the pause is over");
        }
        let tries = app
            .count("SELECT sum(attempts)::bigint FROM deliveries")
            .await;
        assert_eq!(tries, 5);
        // After the pause one try shows that it is well again, and all is sent.
        app.clock.advance(Duration::seconds(20));
        app.deliver().await;
        assert_eq!(sink.received().len(), 6, "one alone");
        deliver_due(app).await;
        let delivered = bot.deliveries(id(&endpoint), "status=delivered").await;
        assert_eq!(delivered.len(), 25);
        let list = bot.get("/v1/callback_endpoints").await.expect(200);
        let healthy = json!({"status": "healthy", "failing_since": null, "paused_until": null, "last_error": null});
        assert_eq!(list["data"][0]["health"], healthy);
    });
}

#[test]
fn an_endpoint_is_spared_for_as_long_as_it_asks() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        bot.create_endpoint(&sink.url, &["*"]).await;
        sink.answer_later(429, 120);
        bot.ask_for("1.00", "EUR").await;
        app.deliver().await;
        bot.ask_for("1.00", "EUR").await;
        app.clock.advance(Duration::seconds(110));
        deliver_due(app).await;
        assert_eq!(sink.sequences(), [1]);
        app.clock.advance(Duration::seconds(11));
        deliver_due(app).await;
        let mut sequences = sink.sequences();
        sequences.sort_unstable();
        assert_eq!(sequences, [1, 1, 2]);
    });
}

#[test]
fn gone_disables_and_what_is_held_goes_out_in_order() {
    run_test(async |app| {
        let (bot, sink, other) = (&app.merchant.bot, Sink::start(&[410]), Sink::start(&[]));
        let endpoint = bot.create_endpoint(&sink.url, &["payment_intent.*"]).await;
        bot.create_endpoint(&other.url, &["callback_endpoint.disabled"])
            .await;
        bot.ask_for("1.00", "EUR").await;
        app.deliver().await;
        let path = format!("/v1/callback_endpoints/{}", id(&endpoint));
        let disabled = bot.get(&path).await.expect(200);
        assert_eq!(disabled["status"], "disabled");
        let reason = disabled["disabled_reason"].as_str().unwrap();
        assert!(reason.contains("410 Gone"), "{reason}");
        for _ in 0..30 {
            bot.ask_for("1.00", "EUR").await;
        }
        deliver_due(app).await;
        assert_eq!(sink.received().len(), 1, "nothing more is sent");
        let told = &other.received()[0].json();
        assert_eq!(told["type"], "callback_endpoint.disabled");
        assert_eq!(told["data"]["id"], endpoint["id"]);
        assert_eq!(told["data"]["disabled_reason"], reason);
        assert_eq!(bot.deliveries(id(&endpoint), "status=held").await.len(), 31);
        app.clock.advance(Duration::days(20));
        deliver_due(app).await;
        let body = json!({"enabled": true});
        let enabled = bot.change_endpoint(id(&endpoint), &body);
        assert_eq!(enabled.await.expect(200)["disabled_reason"], Value::Null);
        deliver_due(app).await;
        let ids = |sink: &Sink| -> Vec<String> {
            let received = sink.received();
            let ids = received.iter().map(|r| r.json()["data"]["id"].to_string());
            ids.collect()
        };
        let mut in_order = ids(&sink);
        assert_eq!(in_order.len(), 32);
        in_order.remove(0);
        let mut sorted = in_order.clone();
        sorted.sort();
        // Several are under way at a time, so neighbors may swap; nothing comes early.
        let place = |id: &String| sorted.iter().position(|other| other == id).unwrap();
        for (at, id) in in_order.iter().enumerate() {
            assert!(place(id).abs_diff(at) < 16, "{at}: {in_order:?}");
        }
    });
}

#[test]
fn five_days_of_failures_disable_it_with_a_reason() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[500; 100]));
        let endpoint = bot.create_endpoint(&sink.url, &["payment_intent.*"]).await;
        bot.ask_for("1.00", "EUR").await;
        for _ in 0..11 {
            deliver_due(app).await;
            app.clock.advance(Duration::hours(12));
            bot.ask_for("1.00", "EUR").await;
        }
        deliver_due(app).await;
        let path = format!("/v1/callback_endpoints/{}", id(&endpoint));
        let disabled = bot.get(&path).await.expect(200);
        assert_eq!(disabled["status"], "disabled");
        let reason = disabled["disabled_reason"].as_str().unwrap();
        assert!(reason.contains("has failed since"), "{reason}");
        assert!(reason.contains("HTTP status 500"), "{reason}");
        let events = bot.events().await;
        let told = |e: &&Value| e["type"] == "callback_endpoint.disabled";
        assert_eq!(events.iter().filter(told).count(), 1);
    });
}

#[test]
fn old_deliveries_are_forgotten_and_young_ones_are_not() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
        bot.ask_for("1.00", "EUR").await;
        deliver_due(app).await;
        app.clock.advance(Duration::days(29));
        bot.ask_for("1.00", "EUR").await;
        deliver_due(app).await;
        app.forget().await;
        assert_eq!(bot.deliveries(id(&endpoint), "").await.len(), 2);
        app.clock.advance(Duration::days(2));
        app.forget().await;
        assert_eq!(bot.deliveries(id(&endpoint), "").await.len(), 1);
        let tries = app.count("SELECT count(*) FROM delivery_attempts").await;
        assert_eq!(tries, 1);
        // The event itself is kept, and can be sent again.
        let path = format!("/v1/callback_endpoints/{}/replay", id(&endpoint));
        bot.post(&path, &json!({"after_sequence": 0}))
            .await
            .expect(202);
        app.replay().await;
        deliver_due(app).await;
        assert_eq!(sink.sequences().len(), 4);
    });
}

#[test]
fn what_a_deleted_endpoint_was_owed_is_canceled() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let endpoint = bot.create_endpoint("http://127.0.0.1:9/", &["*"]).await;
        bot.ask_for("1.00", "EUR").await;
        let request = bot.request(
            "DELETE",
            &format!("/v1/callback_endpoints/{}", id(&endpoint)),
        );
        bot.send(request).await.expect(200);
        app.settle().await;
        let canceled = app
            .count("SELECT count(*) FROM deliveries WHERE status = 'canceled'")
            .await;
        assert_eq!(canceled, 1);
    });
}

#[test]
fn stripes_header_is_there_where_it_is_asked_for() {
    run_test(async |app| {
        let (bot, plain, stripe) = (&app.merchant.bot, Sink::start(&[]), Sink::start(&[]));
        bot.create_endpoint(&plain.url, &["*"]).await;
        let body = json!({"url": stripe.url, "event_types": ["*"], "stripe_signature": true});
        bot.post("/v1/callback_endpoints", &body).await.expect(201);
        bot.ask_for("1.00", "EUR").await;
        deliver_due(app).await;
        assert!(!plain.received()[0].headers.contains_key("stripe-signature"));
        let received = stripe.received();
        let header = received[0].headers["stripe-signature"].to_str().unwrap();
        let time = received[0].headers["webhook-timestamp"].to_str().unwrap();
        assert!(header.starts_with(&format!("t={time},v1=")), "{header}");
    });
}

/// Two dispatchers at work on one database: nothing is sent twice, and an intent's events keep
/// their order although many are under way.
#[test]
fn two_dispatchers_share_the_work_and_keep_the_order() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        bot.create_endpoint(&sink.url, &["*"]).await;
        let workers = [app.start_dispatcher(), app.start_dispatcher()];
        for _ in 0..30 {
            let id = bot.paid("1.00", "EUR").await;
            bot.refund(&id, "1.00").await.expect(201);
        }
        let all = bot.events().await.len();
        eventually("all callbacks", async || {
            (sink.received().len() >= all).then_some(())
        })
        .await;
        for worker in workers {
            worker.stop().await;
        }
        let received = sink.received();
        assert_eq!(received.len(), all, "each once");
        let mut seen = std::collections::HashMap::new();
        for callback in &received {
            let event = callback.json();
            let intent = event["data"]["payment_intent"].as_str();
            let intent = intent.unwrap_or_else(|| event["data"]["id"].as_str().unwrap());
            let place = event["intent_sequence"].as_i64().unwrap();
            let before = seen.insert(intent.to_owned(), place).unwrap_or(0);
            assert_eq!(place, before + 1, "{intent}");
        }
    });
}

/// A dispatcher that was killed leaves leases; nobody waits until they run out.
#[test]
fn leases_of_the_dead_are_taken_back_at_once_and_those_of_the_living_are_not() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        bot.create_endpoint(&sink.url, &["*"]).await;
        bot.ask_for("1.00", "EUR").await;
        bot.ask_for("1.00", "EUR").await;
        let lease = "UPDATE deliveries SET attempts = 1, due_at = due_at + interval '25 seconds',
            lease_id = CASE event_sequence WHEN 1 THEN '11111111-1111-1111-1111-111111111111'::uuid
                ELSE '22222222-2222-2222-2222-222222222222' END RETURNING 1::bigint";
        app.count(lease).await;
        let mut living = app.pool.acquire().await.unwrap();
        let lock = "SELECT pg_advisory_lock(uuid_hash_extended($1, 0))";
        let id = uuid::Uuid::from_u128(0x2222_2222_2222_2222_2222_2222_2222_2222);
        let lock = sqlx::query(lock).bind(id).execute(&mut *living);
        lock.await.unwrap();
        app.deliver().await;
        assert_eq!(sink.sequences(), [1]);
        drop(living.detach());
        eventually("the second delivery", async || {
            app.deliver().await;
            (sink.sequences().len() == 2).then_some(())
        })
        .await;
    });
}

/// However much waits for what is taken back, that goes first, and then what waited.
#[test]
fn what_the_dead_had_leased_goes_before_all_that_waits_for_it() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        bot.create_endpoint(&sink.url, &["*"]).await;
        // Taken back from the dead, and run out by itself.
        for (rounds, seconds) in [(1, 1), (2, 31)] {
            for _ in 0..9 {
                let id = bot.ask_for("1.00", "EUR").await;
                for _ in 0..4 {
                    bot.confirm(&id, "pm_sandbox_declined").await.expect(402);
                }
            }
            let lease =
                "UPDATE deliveries SET attempts = 1, due_at = due_at + interval '25 seconds',
                lease_id = '11111111-1111-1111-1111-111111111111' WHERE event_sequence IN (
                    SELECT min(event_sequence) FROM deliveries WHERE status = 'pending'
                    GROUP BY intent_id)
                RETURNING 1::bigint";
            app.count(lease).await;
            app.clock.advance(Duration::seconds(seconds));
            deliver_due(app).await;
            assert_eq!(sink.sequences().len(), rounds * 9 * 5);
        }
    });
}
