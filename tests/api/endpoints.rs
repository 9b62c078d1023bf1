//! What is done by hand to endpoints and deliveries: retry, replay, ping, new secrets, limits.

use super::{
    dispatch::{deliver_due, id},
    harness::{Sink, run_test},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use time::Duration;

#[test]
fn a_delivery_is_sent_again_by_hand() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[500]));
        let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
        bot.ask_for("1.00", "EUR").await;
        app.deliver().await;
        let delivery = &bot.deliveries(id(&endpoint), "status=pending").await[0];
        let attempt = &delivery["attempts"][0];
        assert_eq!(attempt["status_code"], 500);
        assert_eq!(attempt["response"], "thanks");
        assert!(attempt["started_at"].is_string() && attempt["duration_ms"].is_i64());
        let path = format!("/v1/deliveries/{}", id(delivery));
        for (key, tries) in [("first", 2), ("second", 3)] {
            let retry = bot.post_with(key, &format!("{path}/retry"), "").await;
            assert_eq!(retry.expect(202)["status"], "pending");
            app.replay().await;
            app.deliver().await;
            let now = bot.get(&path).await.expect(200);
            assert_eq!(now["status"], "delivered");
            assert_eq!(now["attempts"].as_array().unwrap().len(), tries);
            assert_eq!(now["attempts_count"], tries);
        }
        let again = bot.post_with("second", &format!("{path}/retry"), "").await;
        again.expect(202);
        app.replay().await;
        app.deliver().await;
        assert_eq!(
            sink.received().len(),
            3,
            "the same request does nothing more"
        );
        let ids: Vec<_> = sink.received().iter().map(|r| r.id().to_owned()).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "one id: {ids:?}");
        let stranger = app.another_merchant().await.bot;
        stranger.get(&path).await.problem(404, "not_found");
        let retry = stranger.post(&format!("{path}/retry"), &json!({})).await;
        retry.problem(404, "not_found");
    });
}

#[test]
fn a_part_of_the_feed_is_replayed_to_an_endpoint() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        bot.paid("1.00", "EUR").await;
        app.clock.advance(Duration::hours(1));
        let noon = app.ambient.now();
        bot.paid("1.00", "EUR").await;
        let endpoint = bot
            .create_endpoint(&sink.url, &["payment_intent.succeeded"])
            .await;
        bot.paid("1.00", "EUR").await;
        deliver_due(app).await;
        assert_eq!(sink.sequences(), [6]);
        let path = format!("/v1/callback_endpoints/{}/replay", id(&endpoint));
        let replay = async |body: &Value| {
            let replay = bot.post(&path, body).await.expect(202);
            app.replay().await;
            deliver_due(app).await;
            let path = format!("/v1/replays/{}", id(&replay));
            bot.get(&path).await.expect(200)
        };
        let done = replay(&json!({"after_sequence": 2})).await;
        assert_eq!(done["status"], "completed");
        assert_eq!(done["deliveries_count"], 2);
        assert_eq!(
            (&done["position"], &done["through_sequence"]),
            (&json!(6), &json!(6))
        );
        let mut sequences = sink.sequences();
        sequences[1..].sort_unstable();
        assert_eq!(sequences, [6, 4, 6]);
        let noon = noon
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap();
        let done = replay(&json!({"from": "2020-01-01T00:00:00Z", "to": noon})).await;
        assert_eq!(done["deliveries_count"], 1);
        assert_eq!(sink.sequences().last(), Some(&2));
        let done = replay(&json!({"from": "2099-01-01T00:00:00Z"})).await;
        assert_eq!(
            (&done["status"], &done["deliveries_count"]),
            (&json!("completed"), &json!(0))
        );
        bot.post(&path, &json!({}))
            .await
            .problem(422, "invalid_request");
    });
}

#[test]
fn a_long_replay_goes_on_where_it_stopped() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        for _ in 0..12 {
            bot.ask_for("1.00", "EUR").await;
        }
        let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
        let path = format!("/v1/callback_endpoints/{}/replay", id(&endpoint));
        let replay = bot
            .post(&path, &json!({"after_sequence": 0}))
            .await
            .expect(202);
        assert_eq!(
            (&replay["status"], &replay["position"]),
            (&json!("running"), &json!(0))
        );
        // As a process would leave it that died after a step.
        let half = "UPDATE replays SET position = 6, deliveries = 6 RETURNING 1::bigint";
        assert_eq!(app.count(half).await, 1);
        app.replay().await;
        deliver_due(app).await;
        let mut sequences = sink.sequences();
        sequences.sort_unstable();
        assert_eq!(sequences, (7..=12).collect::<Vec<_>>());
        let done = bot
            .get(&format!("/v1/replays/{}", id(&replay)))
            .await
            .expect(200);
        assert_eq!(
            (&done["status"], &done["deliveries_count"]),
            (&json!("completed"), &json!(12))
        );
    });
}

#[test]
fn an_endpoint_has_one_replay_at_a_time() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        bot.ask_for("1.00", "EUR").await;
        let mut paths = Vec::new();
        for place in ["/a", "/b"] {
            let url = format!("{}{place}", sink.url);
            let endpoint = bot.create_endpoint(&url, &["*"]).await;
            let path = format!("/v1/callback_endpoints/{}/replay", id(&endpoint));
            paths.push(path);
        }
        let all = json!({"after_sequence": 0});
        let running = bot.post(&paths[0], &all).await.expect(202);
        let refused = bot.post(&paths[0], &all).await;
        let refused = refused.problem(409, "replay_running");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains(id(&running)), "{detail}");
        bot.post(&paths[1], &all).await.expect(202);
        app.replay().await;
        bot.post(&paths[0], &all).await.expect(202);
    });
}

#[test]
fn an_endpoint_is_pinged_a_few_times_a_minute() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
        let path = format!("/v1/callback_endpoints/{}/ping", id(&endpoint));
        let pings = (0..8).map(|_| async { bot.post(&path, &json!({})).await });
        let answers = join_all(pings).await;
        let taken = answers.iter().filter(|answer| answer.status == 202).count();
        assert_eq!(taken, 5);
        let refused = answers.iter().find(|answer| answer.status != 202).unwrap();
        refused.problem(429, "too_many_pings");
        let wait = refused.header("retry-after").unwrap().parse().unwrap();
        let pings = "SELECT count(*) FROM events WHERE type = 'ping'";
        assert_eq!(app.count(pings).await, 5);
        app.clock.advance(Duration::seconds(wait));
        bot.post(&path, &json!({})).await.expect(202);
        bot.post(&path, &json!({}))
            .await
            .problem(429, "too_many_pings");
    });
}

#[test]
fn a_ping_goes_to_its_endpoint_alone() {
    run_test(async |app| {
        let (bot, sink, other) = (&app.merchant.bot, Sink::start(&[]), Sink::start(&[]));
        let endpoint = bot.create_endpoint(&sink.url, &["refund.failed"]).await;
        bot.create_endpoint(&other.url, &["*"]).await;
        let path = format!("/v1/callback_endpoints/{}", id(&endpoint));
        let delivery = bot
            .post(&format!("{path}/ping"), &json!({}))
            .await
            .expect(202);
        deliver_due(app).await;
        assert!(other.received().is_empty());
        let ping = &sink.received()[0];
        ping.verify(endpoint["secret"].as_str().unwrap());
        let event = ping.json();
        assert_eq!(
            (&event["type"], &event["data"]["id"]),
            (&json!("ping"), &endpoint["id"])
        );
        assert_eq!(event["sequence"], delivery["event_sequence"]);
        assert_eq!(event["id"], delivery["event"]);
        let delivery = bot.get(&format!("/v1/deliveries/{}", id(&delivery))).await;
        assert_eq!(delivery.expect(200)["status"], "delivered");
        bot.change_endpoint(id(&endpoint), &json!({"enabled": false}))
            .await
            .expect(200);
        let ping = bot.post(&format!("{path}/ping"), &json!({})).await;
        ping.problem(409, "invalid_state");
    });
}

#[test]
fn secrets_change_over_without_a_gap() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
        let path = format!("/v1/callback_endpoints/{}/rotate_secret", id(&endpoint));
        let rotated = bot.post(&path, &json!({})).await.expect(200);
        let (old, new) = (&endpoint["secret"], &rotated["secret"]);
        assert_ne!(old, new);
        assert_ne!(endpoint["public_key"], rotated["public_key"]);
        let signs = async |secret: &Value| {
            bot.ask_for("1.00", "EUR").await;
            deliver_due(app).await;
            let received = sink.received();
            let webhook = standardwebhooks::Webhook::new(secret.as_str().unwrap()).unwrap();
            let last = received.last().unwrap();
            let signature = last.headers["webhook-signature"].to_str().unwrap();
            assert!(signature.split(' ').count() <= 10);
            webhook.verify(&last.body, &last.headers).is_ok()
        };
        // The receivers' clock is real, so the signatures' time must be: the test's clock began now.
        assert!(signs(old).await && signs(new).await);
        let body = json!({"overlap": 604_801});
        bot.post(&path, &body).await.problem(422, "invalid_request");
        for _ in 0..3 {
            bot.post(&path, &json!({"overlap": 3600})).await.expect(200);
        }
        let sixth = bot.post(&path, &json!({"overlap": 3600})).await;
        sixth.problem(409, "too_many_secrets");
        let last = bot.post(&path, &json!({"overlap": 0})).await.expect(200);
        assert!(signs(&last["secret"]).await);
    });
}

#[test]
fn a_merchant_has_sixteen_endpoints_each_with_its_own_url() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let url = |number: u32| format!("http://127.0.0.1:9/{number}");
        let first = bot.create_endpoint(&url(1), &["*"]).await;
        let body = |number| json!({"url": url(number), "event_types": ["*"]});
        let twice = bot.post("/v1/callback_endpoints", &body(1)).await;
        twice.problem(409, "duplicate_endpoint");
        for number in 2..=16 {
            bot.create_endpoint(&url(number), &["*"]).await;
        }
        let many = bot.post("/v1/callback_endpoints", &body(17)).await;
        many.problem(409, "too_many_endpoints");
        let moved = bot
            .change_endpoint(id(&first), &json!({"url": url(2)}))
            .await;
        moved.problem(409, "duplicate_endpoint");
        let kept = json!({"url": url(1), "description": "mine"});
        bot.change_endpoint(id(&first), &kept).await.expect(200);
        app.another_merchant()
            .await
            .bot
            .create_endpoint(&url(1), &["*"])
            .await;
    });
}
