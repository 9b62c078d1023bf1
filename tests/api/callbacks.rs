//! Callbacks: signed, in order, again until they are taken.

use super::harness::{Received, Sink, TestApp, new_key, run_test};
use serde_json::{Value, json};
use time::Duration;

async fn pending(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM deliveries WHERE status = 'pending'")
        .await
}

/// Delivers until nothing is due; what failed becomes due as the clock goes forward.
async fn deliver_all(app: &TestApp) {
    for _ in 0..50 {
        if pending(app).await == 0 {
            return;
        }
        app.deliver().await;
    }
    panic!("{} deliveries are still owed", pending(app).await);
}

#[test]
fn every_event_arrives_signed_and_as_the_feed_has_it() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
        let secret = endpoint["secret"].as_str().unwrap();
        assert!(secret.starts_with("whsec_"));
        let id = bot.paid("12.50", "EUR").await;
        bot.refund(&id, "2.50").await.expect(201);
        deliver_all(app).await;
        let (events, mut received) = (bot.events().await, sink.received());
        received.sort_by_key(|callback| callback.json()["sequence"].as_i64());
        assert_eq!(received.len(), events.len());
        for (callback, event) in received.iter().zip(&events) {
            callback.verify(secret);
            assert_eq!(&callback.json(), event);
            assert_eq!(event["id"], callback.id());
        }
        let paid = &events[1];
        let entries = app
            .merchant
            .finance
            .get(&format!("/v1/payment_intents/{id}/entries"))
            .await;
        assert_eq!(
            paid["journal_entries"],
            json!([entries.expect(200)["data"][0]["id"]])
        );
        assert!(paid["data"]["pay_url"].as_str().unwrap().len() > 24);
        let path = format!(
            "/v1/callback_endpoints/{}",
            endpoint["id"].as_str().unwrap()
        );
        let again = bot.get(&path).await.expect(200);
        assert!(
            again.get("secret").is_none(),
            "a secret is told once: {again}"
        );
        assert_eq!(app.count(&format!("SELECT count(*) FROM endpoint_secrets WHERE encode(sealed, 'escape') LIKE '%{secret}%'")).await, 0);
    });
}

#[test]
fn a_callback_that_fails_comes_again_with_the_same_bytes() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[500, 302, 404]));
        bot.create_endpoint(&sink.url, &["payment_intent.created"])
            .await;
        bot.ask_for("1.00", "EUR").await;
        for (tries, wait) in (1..).zip([0, 7, 361, 2_161]) {
            app.clock.advance(Duration::seconds(wait));
            app.deliver().await;
            assert_eq!(sink.received().len(), tries);
            // Not before its time.
            app.deliver().await;
            assert_eq!(sink.received().len(), tries);
        }
        let received = sink.received();
        for callback in &received {
            assert_eq!(
                (callback.id(), &callback.body),
                (received[0].id(), &received[0].body)
            );
        }
        assert_eq!(pending(app).await, 0);
    });
}

#[test]
fn an_endpoint_gets_what_it_asked_for() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let (refunds, paid) = (Sink::start(&[]), Sink::start(&[]));
        bot.create_endpoint(&refunds.url, &["refund.*"]).await;
        bot.create_endpoint(&paid.url, &["payment_intent.succeeded"])
            .await;
        let other = app.another_merchant().await;
        other.bot.paid("1.00", "EUR").await;
        let id = bot.paid("1.00", "EUR").await;
        bot.refund(&id, "1.00").await.expect(201);
        deliver_all(app).await;
        let types = |sink: &Sink| -> Vec<String> {
            let mut events: Vec<Value> = sink.received().iter().map(Received::json).collect();
            events.sort_by_key(|event| event["sequence"].as_i64());
            let types = events.iter().map(|event| event["type"].as_str());
            types.map(|name| name.unwrap().to_owned()).collect()
        };
        assert_eq!(types(&refunds), ["refund.created", "refund.succeeded"]);
        assert_eq!(types(&paid), ["payment_intent.succeeded"]);
    });
}

#[test]
fn a_dead_endpoint_delays_no_other() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        // Nobody listens on the discard port.
        bot.create_endpoint("http://127.0.0.1:9/", &["*"]).await;
        bot.create_endpoint(&sink.url, &["*"]).await;
        for _ in 0..5 {
            bot.ask_for("1.00", "EUR").await;
        }
        app.deliver().await;
        assert_eq!(sink.received().len(), 5);
        assert_eq!(pending(app).await, 5);
    });
}

#[test]
fn an_endpoint_can_be_switched_off_and_deleted() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
        let path = format!(
            "/v1/callback_endpoints/{}",
            endpoint["id"].as_str().unwrap()
        );
        let change = async |method: &str, key: &str, body: &str| {
            let request = bot.request(method, &path).header("idempotency-key", key);
            let request = request.header("content-type", "application/json");
            bot.send(request.body(body.to_owned())).await
        };
        change("PATCH", "off", r#"{"enabled":false}"#)
            .await
            .expect(200);
        bot.ask_for("1.00", "EUR").await;
        app.deliver().await;
        assert_eq!(sink.received().len(), 0, "held while it is switched off");
        change("PATCH", "on", r#"{"enabled":true}"#)
            .await
            .expect(200);
        app.settle().await;
        deliver_all(app).await;
        assert_eq!(sink.received().len(), 1);
        change("DELETE", "gone", "{}").await.expect(200);
        bot.get(&path).await.problem(404, "not_found");
        bot.ask_for("1.00", "EUR").await;
        app.deliver().await;
        assert_eq!(sink.received().len(), 1);
    });
}

#[test]
fn addresses_of_the_inside_are_refused() {
    run_test(async |app| {
        // This service lets loopback through for the tests; what is no URL at all it refuses.
        for url in [
            "",
            "x",
            "ftp://example.com/",
            "http://",
            "http://user:pw@127.0.0.1/",
        ] {
            let body = json!({"url": url, "event_types": ["*"]});
            let answer = app.merchant.bot.post("/v1/callback_endpoints", &body).await;
            answer.problem(422, "endpoint_not_allowed");
        }
        for types in [json!([]), json!(["nothing.*"]), json!(["*", 1])] {
            let body = json!({"url": "http://127.0.0.1:9/", "event_types": types});
            let answer = app.merchant.bot.post("/v1/callback_endpoints", &body).await;
            assert_eq!(answer.status, 422, "{}", answer.text());
        }
    });
}

#[test]
fn a_secret_is_told_again_to_whoever_asks_with_the_same_key() {
    run_test(async |app| {
        let (bot, key) = (&app.merchant.bot, new_key());
        let body = r#"{"url":"http://127.0.0.1:9/","event_types":["*"]}"#;
        let first = bot.post_with(&key, "/v1/callback_endpoints", body).await;
        let again = bot.post_with(&key, "/v1/callback_endpoints", body).await;
        assert_eq!((again.status, again.text()), (201, first.text()));
        assert!(
            first.json()["secret"]
                .as_str()
                .unwrap()
                .starts_with("whsec_")
        );
        let kept: Vec<u8> = sqlx::query_scalar("SELECT answer FROM idempotency_keys")
            .fetch_one(&app.pool)
            .await
            .unwrap();
        assert!(
            !String::from_utf8(kept).unwrap().contains("whsec_"),
            "no secret is kept in the open"
        );
        assert_eq!(
            app.count("SELECT count(*) FROM callback_endpoints").await,
            1
        );
    });
}

#[test]
fn the_feed_gives_every_event_once_and_narrows() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        for number in 0..3 {
            let thread = json!({"channel": "slack", "conversation": format!("C{number}")});
            let body = json!({"amount": "1.00", "currency": "EUR", "thread": thread});
            let id = bot.create_intent(&body).await.id();
            bot.confirm(&id, "pm_sandbox_ok").await.expect(200);
        }
        let feed = async |query: &str| {
            let page = bot.get(&format!("/v1/events?{query}")).await.expect(200);
            let events = page["data"].as_array().unwrap().iter();
            let sequences: Vec<i64> = events.map(|e| e["sequence"].as_i64().unwrap()).collect();
            (sequences, page["has_more"].as_bool().unwrap())
        };
        assert_eq!(feed("limit=4").await, (vec![1, 2, 3, 4], true));
        assert_eq!(feed("limit=4&after=4").await, (vec![5, 6], false));
        assert_eq!(feed("after=6").await, (vec![], false));
        assert_eq!(
            feed("type=payment_intent.succeeded").await,
            (vec![2, 4, 6], false)
        );
        assert_eq!(
            feed("type=payment_intent.succeeded&limit=1&after=2").await,
            (vec![4], true)
        );
        assert_eq!(feed("conversation=C1").await, (vec![3, 4], false));
        assert_eq!(feed("conversation=C9").await, (vec![], false));
        let event = &bot.events().await[0];
        let path = format!("/v1/events/{}", event["id"].as_str().unwrap());
        assert_eq!(&bot.get(&path).await.expect(200), event);
        bot.get("/v1/events?type=payment_intent.lost")
            .await
            .expect(422);
    });
}
