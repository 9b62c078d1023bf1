//! A test merchant's clock: what takes days happens at once, for that merchant alone.

use super::harness::{Client, Merchant, Sink, TestApp, new_key, run_test};
use futures_util::future::join;
use serde_json::{Value, json};
use threadpay::base::timestamp;
use time::{Duration, OffsetDateTime};

const CLOCK: &str = "/v1/sandbox/clock";

impl Client {
    /// Moves the clock on, and gives it.
    async fn advance(&self, by: &str) -> Value {
        let answer = self.post(CLOCK, &json!({"advance": by})).await;
        answer.expect(200)
    }
}

fn time(text: &Value) -> OffsetDateTime {
    timestamp::parse(text.as_str().unwrap()).unwrap()
}

/// How far a time of a merchant is ahead of everybody's, in whole days.
fn days_ahead(app: &TestApp, at: &Value) -> i64 {
    (time(at) - app.ambient.now()).whole_days()
}

async fn events_of(merchant: &Merchant, event_type: &str) -> Vec<Value> {
    let mut events = merchant.owner.events().await;
    events.retain(|event| event["type"] == event_type);
    events
}

#[test]
fn an_intent_expires_at_once_and_its_callback_goes_out_by_the_real_time() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
        let body = json!({"amount": "5.00", "currency": "EUR", "expires_in": 2_592_000});
        let id = bot.create_intent(&body).await.id();
        app.deliver().await;
        let other = app.another_merchant().await;
        let others = other.bot.create_intent(&body).await.id();
        bot.advance("31d").await;
        // Before any worker has looked.
        assert_eq!(bot.intent(&id).await["status"], "expired");
        let listed = bot.get("/v1/payment_intents?status=expired").await;
        assert_eq!(listed.expect(200)["data"][0]["id"], *id);
        app.expire().await;
        let told = events_of(&app.merchant, "payment_intent.expired").await;
        assert_eq!(told.len(), 1);
        assert!(days_ahead(app, &told[0]["timestamp"]) >= 30, "{}", told[0]);
        app.deliver().await;
        let received = sink.received();
        let got = received.last().unwrap();
        assert_eq!(got.json()["type"], "payment_intent.expired");
        // The library refuses what was not signed within five minutes.
        got.verify(endpoint["secret"].as_str().unwrap());
        let sent = got.headers["webhook-timestamp"].to_str().unwrap();
        let sent = OffsetDateTime::from_unix_timestamp(sent.parse().unwrap()).unwrap();
        assert!(app.ambient.now() - sent < Duration::MINUTE, "{sent}");
        assert_eq!(
            other.bot.intent(&others).await["status"],
            "requires_payment"
        );
        assert_eq!(events_of(&other, "payment_intent.expired").await.len(), 0);
        app.check_books().await;
    });
}

/// Those that are made after the clock was moved end in its time, too: by themselves, and early
/// when it is moved again.
#[test]
fn what_is_made_later_lives_by_the_clock() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        bot.advance("366d").await;
        let body = json!({"amount": "5.00", "currency": "EUR", "expires_in": 3600});
        let [first, second] = [
            bot.create_intent(&body).await.expect(201),
            bot.create_intent(&body).await.expect(201),
        ];
        assert_eq!(days_ahead(app, &first["created_at"]), 365);
        let id = |intent: &Value| intent["id"].as_str().unwrap().to_owned();
        // Times find what was made by that time.
        let from = timestamp::format(time(&first["created_at"]));
        let listed = bot
            .get(&format!("/v1/payment_intents?created_from={from}"))
            .await
            .expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 2, "{listed}");
        app.expire().await;
        assert_eq!(bot.intent(&id(&first)).await["status"], "requires_payment");
        let paid = bot.confirm(&id(&second), "pm_sandbox_ok").await.expect(200);
        assert_eq!(paid["status"], "succeeded");
        app.clock.advance(Duration::minutes(61));
        app.expire().await;
        assert_eq!(
            events_of(&app.merchant, "payment_intent.expired")
                .await
                .len(),
            1
        );
        let third = bot.create_intent(&body).await.id();
        bot.advance("1h").await;
        app.expire().await;
        let told = events_of(&app.merchant, "payment_intent.expired").await;
        assert_eq!((told.len(), &told[1]["data"]["id"]), (2, &json!(third)));
        assert_eq!(
            app.count("SELECT count(*) FROM due WHERE at <= now()")
                .await,
            0
        );
    });
}

#[test]
fn a_callback_is_tried_through_the_whole_schedule() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[500; 12]));
        let endpoint = bot
            .create_endpoint(&sink.url, &["payment_intent.created"])
            .await;
        let endpoint = endpoint["id"].as_str().unwrap();
        bot.ask_for("1.00", "EUR").await;
        let waits = [
            "7s", "6m", "37m", "150m", "361m", "13h", "17h", "25h", "29h",
        ];
        app.deliver().await;
        for (tries, wait) in (1..).zip(waits) {
            assert_eq!(sink.received().len(), tries);
            // Not before its time.
            app.deliver().await;
            assert_eq!(sink.received().len(), tries, "before {wait}");
            bot.advance(wait).await;
            app.deliver().await;
        }
        assert_eq!(sink.received().len(), waits.len() + 1);
        let delivery = &bot.deliveries(endpoint, "").await[0];
        assert_eq!(delivery["status"], "exhausted", "{delivery}");
        assert_eq!(delivery["attempts_count"], 10);
        // It goes on where time has come to.
        bot.ask_for("1.00", "EUR").await;
        bot.advance("7d").await;
        app.deliver().await;
        let disabled = events_of(&app.merchant, "callback_endpoint.disabled").await;
        assert_eq!(disabled.len(), 1, "it failed for more than five days");
    });
}

#[test]
fn an_old_secret_stops_signing() {
    run_test(async |app| {
        let (owner, sink) = (&app.merchant.owner, Sink::start(&[]));
        let endpoint = owner.create_endpoint(&sink.url, &["*"]).await;
        let path = format!(
            "/v1/callback_endpoints/{}/rotate_secret",
            endpoint["id"].as_str().unwrap()
        );
        let rotate = json!({"overlap": 86_400});
        owner.post(&path, &rotate).await.expect(200);
        for (advance, signatures) in [("1h", 2), ("1d", 1)] {
            owner.advance(advance).await;
            owner.ask_for("1.00", "EUR").await;
            app.deliver().await;
            let received = sink.received();
            let signed = received.last().unwrap().headers["webhook-signature"].to_str();
            let own = signed.unwrap().split(' ').filter(|s| s.starts_with("v1,"));
            assert_eq!(own.count(), signatures, "after {advance}");
        }
    });
}

#[test]
fn the_rail_is_asked_and_a_link_ends() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let lost = bot.ask_for("3.00", "EUR").await;
        bot.confirm(&lost, "pm_sandbox_timeout").await.expect(200);
        let body = json!({"amount": "3.00", "currency": "EUR", "expires_in": 86_400});
        let link = bot.create_link(&body).await;
        app.resolve().await;
        assert_eq!(bot.intent(&lost).await["status"], "processing");
        bot.advance("1d").await;
        app.resolve().await;
        assert_eq!(bot.intent(&lost).await["status"], "succeeded");
        // Once more, by an attempt that is made while the clock is ahead.
        let lost = bot.ask_for("3.00", "EUR").await;
        bot.confirm(&lost, "pm_sandbox_timeout").await.expect(200);
        app.clock.advance(Duration::MINUTE);
        app.resolve().await;
        assert_eq!(bot.intent(&lost).await["status"], "succeeded");
        let id = link["id"].as_str().unwrap();
        let read = bot.get(&format!("/v1/payment_links/{id}")).await;
        assert_eq!(read.expect(200)["status"], "expired");
        let listed = bot.get("/v1/payment_links?status=expired").await;
        assert_eq!(listed.expect(200)["data"][0]["id"], id);
        let page = app.anyone.get(link["url"].as_str().unwrap()).await;
        assert_eq!(page.form_token(), None, "{}", page.text());
        app.expire().await;
        assert_eq!(
            events_of(&app.merchant, "payment_link.expired").await.len(),
            1
        );
        let later = bot.create_link(&body).await;
        // A payer's form is as good as ever.
        let page = app
            .anyone
            .pay(later["url"].as_str().unwrap(), "pm_sandbox_ok")
            .await;
        assert_eq!(page.status, 303, "{}", page.text());
        bot.advance("2d").await;
        app.expire().await;
        let told = events_of(&app.merchant, "payment_link.expired").await;
        assert_eq!(told.len(), 1, "a link that was paid does not expire");
        app.check_books().await;
    });
}

#[test]
fn the_books_are_of_the_merchant_s_time() {
    run_test(async |app| {
        let (bot, finance) = (&app.merchant.bot, &app.merchant.finance);
        let before = bot.paid("1.00", "EUR").await;
        bot.advance("60d").await;
        bot.refund(&before, "0.40").await.expect(201);
        bot.paid("2.00", "EUR").await;
        let entries = finance.get("/v1/journal_entries").await.expect(200);
        let booked: Vec<i64> = entries["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| days_ahead(app, &entry["booked_at"]))
            .collect();
        assert_eq!(booked, [59, 59, 0]);
        let balance = async |at: &str| {
            let path = format!("/v1/accounts/merchant:pending/balances{at}");
            let balances = finance.get(&path).await.expect(200);
            balances["data"][0]["balance"].clone()
        };
        assert_eq!(balance("").await, "2.60");
        let then = timestamp::format(app.ambient.now() + Duration::DAY);
        assert_eq!(balance(&format!("?at={then}")).await, "1.00");
        // A period is closed when the merchant's time has passed it.
        for (days, open) in [(40, false), (80, true)] {
            let date = |days| timestamp::format(app.ambient.now() + Duration::days(days));
            let path = format!(
                "/v1/exports/journal?from={}&to={}&format=jsonl",
                date(-1),
                date(days)
            );
            let export = finance.get(&path).await.text();
            let says_so = export.contains(r#""kind":"open""#);
            assert_eq!(says_so, open, "{export}");
        }
        app.check_books().await;
    });
}

#[test]
fn a_clock_only_goes_forward_and_each_call_counts_once() {
    run_test(async |app| {
        let (bot, owner) = (&app.merchant.bot, &app.merchant.owner);
        let read = owner.get(CLOCK).await.expect(200);
        assert_eq!(
            (&read["offset_seconds"], &read["advanced"]),
            (&json!(0), &Value::Null)
        );
        let (a, b) = join(bot.advance("1d"), owner.advance("2h")).await;
        assert_eq!(
            (&a["advanced"], &b["advanced"]),
            (&json!("1d"), &json!("2h"))
        );
        let read = bot.get(CLOCK).await.expect(200);
        assert_eq!(read["offset_seconds"], 93_600);
        assert_eq!(days_ahead(app, &read["now"]), 1);
        let (key, body) = (new_key(), r#"{"advance":"4w"}"#);
        let first = bot.post_with(&key, CLOCK, body).await.expect(200);
        // The key's age goes by the real time.
        app.forget().await;
        let again = bot.post_with(&key, CLOCK, body).await.expect(200);
        assert_eq!(first, again);
        let other = r#"{"advance":"5w"}"#;
        bot.post_with(&key, CLOCK, other)
            .await
            .problem(422, "idempotency_key_reused");
        for wrong in ["-1d", "0s", "1.5d", "367d", "d", "", "1y"] {
            let answer = bot.post(CLOCK, &json!({"advance": wrong})).await;
            let problem = answer.problem(422, "invalid_request");
            assert_eq!(problem["param"], "/advance", "{wrong}");
        }
        let read = bot.get(CLOCK).await.expect(200);
        assert_eq!(read["offset_seconds"], 93_600 + 28 * 86_400);
        for _ in 0..9 {
            bot.advance("366d").await;
        }
        let answer = bot.post(CLOCK, &json!({"advance": "366d"})).await;
        let problem = answer.problem(422, "invalid_request");
        assert!(
            problem["detail"].as_str().unwrap().contains("ten years"),
            "{problem}"
        );
        // All the while, keys and other merchants know nothing of it.
        let other = app.another_merchant().await;
        let read = other.bot.get(CLOCK).await.expect(200);
        assert_eq!(read["offset_seconds"], 0);
    });
}

#[test]
fn a_live_merchant_has_no_clock() {
    run_test(async |app| {
        let live = app.live_merchant().await;
        let answer = live.owner.post(CLOCK, &json!({"advance": "1d"})).await;
        answer.problem(404, "not_found");
        live.owner.get(CLOCK).await.problem(404, "not_found");
        let finance = &app.merchant.finance;
        let answer = finance.post(CLOCK, &json!({"advance": "1d"})).await;
        answer.problem(403, "forbidden");
    });
}
