//! What cannot be taken is refused in words that help, and writes nothing.

use super::harness::{TestApp, run_test};
use futures_util::future::join_all;
use serde_json::{Value, json};
use threadpay::app::config::Config;

#[test]
fn what_is_no_amount_is_refused_and_writes_nothing() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let forty = "9".repeat(40);
        let amounts = [
            json!("12.505"),
            json!(12.5),
            json!(12),
            json!("1e2"),
            json!("-1"),
            json!("+1"),
            json!("0"),
            json!("0.00"),
            json!(""),
            json!(forty),
            json!("1,5"),
            json!("1 000"),
            json!(" 1"),
            json!("."),
            json!("1."),
            json!(".5"),
            json!("٣"),
            json!("NaN"),
            json!("0x1"),
            json!("1000000000000"),
            json!(null),
            json!(true),
            json!(["1"]),
            json!({}),
        ];
        for amount in &amounts {
            let body = json!({"amount": amount, "currency": "EUR"});
            let answer = bot.create_intent(&body).await;
            let problem = answer.problem(422, "invalid_amount");
            assert_eq!(problem["param"], "/amount", "{amount}");
            bot.post("/v1/payment_links", &body).await.expect(422);
        }
        for (amount, currency) in [("1.0", "JPY"), ("500.5", "JPY"), ("1.2345", "KWD")] {
            let body = json!({"amount": amount, "currency": currency});
            bot.create_intent(&body)
                .await
                .problem(422, "invalid_amount");
        }
        for currency in ["EURO", "", "XXX", "ZZZ"] {
            let body = json!({"amount": "1", "currency": currency});
            let problem = bot
                .create_intent(&body)
                .await
                .problem(422, "invalid_currency");
            assert_eq!(problem["param"], "/currency");
        }
        for table in [
            "payment_intents",
            "payment_links",
            "events",
            "idempotency_keys",
            "link_tokens",
        ] {
            assert_eq!(
                app.count(&format!("SELECT count(*) FROM {table}")).await,
                0,
                "{table}"
            );
        }
        // The largest amount there is.
        let id = bot.paid("999999999999.99", "EUR").await;
        assert_eq!(bot.intent(&id).await["amount_captured"], "999999999999.99");
    });
}

#[test]
fn a_field_at_fault_is_named() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let long = "x".repeat(501);
        let many: serde_json::Map<String, Value> =
            (0..51).map(|n| (format!("k{n}"), json!("v"))).collect();
        for (field, value, param) in [
            ("colour", json!("red"), "/colour"),
            ("description", json!(long), "/description"),
            ("expires_in", json!(59), "/expires_in"),
            ("expires_in", json!(7_776_001), "/expires_in"),
            ("capture_method", json!("later"), "/capture_method"),
            ("metadata", json!(many), "/metadata"),
            ("metadata", json!({"k": 1}), "/metadata/k"),
            (
                "line_items",
                json!([{"label": "a", "quantity": 1, "unit_amount": "9.99"}]),
                "/line_items",
            ),
            (
                "line_items",
                json!([{"label": "a", "quantity": 0, "unit_amount": "9.99"}]),
                "/line_items/0/quantity",
            ),
            (
                "thread",
                json!({"channel": "fax", "conversation": "1"}),
                "/thread/channel",
            ),
            (
                "thread",
                json!({"channel": "slack"}),
                "/thread/conversation",
            ),
            ("rails", json!(["swift"]), "/rails/0"),
            ("rails", json!([]), "/rails"),
            ("rails", json!(["sandbox", "sandbox"]), "/rails"),
        ] {
            let mut body = json!({"amount": "1.00", "currency": "EUR"});
            body[field] = value;
            let answer = bot.create_intent(&body).await;
            let problem = answer.expect(422);
            assert_eq!(problem["param"], param, "{problem}");
        }
        assert_eq!(app.count("SELECT count(*) FROM payment_intents").await, 0);
    });
}

#[test]
fn what_is_no_request_is_a_problem_too() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let intents = "/v1/payment_intents";
        bot.post_with("k1", intents, "{")
            .await
            .problem(400, "invalid_json");
        let large = format!(r#"{{"description":"{}"}}"#, "x".repeat(70_000));
        bot.post_with("k2", intents, &large)
            .await
            .problem(413, "body_too_large");
        bot.get("/v1/nothing").await.problem(404, "no_such_route");
        app.anyone
            .get("/nothing")
            .await
            .problem(404, "no_such_route");
        bot.get("/v1/payment_intents/pi_1")
            .await
            .problem(404, "not_found");
        bot.get("/v1/payment_intents/re_00000000000000000000000000")
            .await
            .problem(404, "not_found");
        let patch = bot.send(bot.request("PATCH", intents)).await;
        assert!([404, 405].contains(&patch.status), "{patch:?}");
        let ids = [bot.get(intents).await, bot.get("/v1/nothing").await];
        assert_ne!(
            ids[0].header("request-id").unwrap(),
            ids[1].header("request-id").unwrap()
        );
    });
}

/// Postgres keeps no NUL in its texts: whoever sends one is told, and nothing breaks.
#[test]
fn a_nul_is_refused_wherever_it_stands() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let nul = "a\u{0}b";
        for (field, value) in [
            ("description", json!(nul)),
            ("reference", json!(nul)),
            ("currency", json!(nul)),
            ("amount", json!(nul)),
            ("metadata", json!({"k": nul})),
            ("metadata", json!({nul: "v"})),
            (
                "line_items",
                json!([{"label": nul, "quantity": 1, "unit_amount": "1.00"}]),
            ),
            ("thread", json!({"channel": "slack", "conversation": nul})),
            (
                "thread",
                json!({"channel": "slack", "conversation": "C", "user": nul}),
            ),
        ] {
            let mut body = json!({"amount": "1.00", "currency": "EUR"});
            body[field] = value;
            for path in ["/v1/payment_intents", "/v1/payment_links"] {
                let answer = bot.post(path, &body).await;
                assert_eq!(answer.status, 422, "{path} {body}: {}", answer.text());
            }
        }
        let id = bot.paid("5.00", "EUR").await;
        let intent = format!("/v1/payment_intents/{id}");
        for (path, body) in [
            (
                format!("{intent}/refunds"),
                json!({"amount": "1.00", "reason": nul}),
            ),
            (format!("{intent}/cancel"), json!({"reason": nul})),
            (format!("{intent}/confirm"), json!({"payment_method": nul})),
            (
                "/v1/callback_endpoints".to_owned(),
                json!({"url": "http://127.0.0.1:9/", "event_types": [nul]}),
            ),
            (
                "/v1/callback_endpoints".to_owned(),
                json!({"url": "http://127.0.0.1:9/", "event_types": ["*"], "description": nul}),
            ),
            (
                "/v1/callback_endpoints".to_owned(),
                json!({"url": "http://127.0.0.1:9/\u{0}", "event_types": ["*"]}),
            ),
        ] {
            let answer = bot.post(&path, &body).await;
            assert_eq!(answer.status, 422, "{path} {body}: {}", answer.text());
        }
    });
}

#[test]
fn a_card_number_is_refused_in_every_text_and_kept_nowhere() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let card = "my card: 4242-4242 4242-4242.";
        let both = ["/v1/payment_intents", "/v1/payment_links"].as_slice();
        for (paths, field, value, param) in [
            (both, "description", json!(card), "/description"),
            (both, "reference", json!(card), "/reference"),
            (both, "metadata", json!({"note": card}), "/metadata/note"),
            (
                both,
                "metadata",
                json!({"4242424242424242": "a"}),
                "/metadata",
            ),
            (
                &both[..1],
                "line_items",
                json!([{"label": card, "quantity": 1, "unit_amount": "1.00"}]),
                "/line_items/0/label",
            ),
        ] {
            let mut body = json!({"amount": "1.00", "currency": "EUR"});
            body[field] = value;
            for path in paths {
                let refused = bot.post(path, &body).await;
                let problem = refused.problem(422, "card_number_not_allowed");
                assert_eq!(problem["param"], param);
                assert!(!refused.text().contains("4242"), "{problem}");
            }
        }
        let id = bot.paid("5.00", "EUR").await;
        let endpoint = bot.create_endpoint("http://127.0.0.1:9/", &["*"]).await;
        let body = json!({"amount": "1.00", "reason": card});
        let refunds = format!("/v1/payment_intents/{id}/refunds");
        let refund = bot.post(&refunds, &body).await;
        let body =
            json!({"url": "http://127.0.0.1:9/b", "event_types": ["*"], "description": card});
        let new_endpoint = bot.post("/v1/callback_endpoints", &body).await;
        let body = json!({"description": card});
        let change = bot
            .change_endpoint(endpoint["id"].as_str().unwrap(), &body)
            .await;
        for refused in [refund, new_endpoint, change] {
            refused.problem(422, "card_number_not_allowed");
        }
        // Ids of a chat are no texts: those that look like cards are taken.
        let thread = json!({"channel": "whatsapp", "conversation": "4242424242424242"});
        let body = json!({"amount": "1.00", "currency": "EUR", "thread": thread});
        bot.create_intent(&body).await.expect(201);
    });
}

#[test]
fn a_nul_in_a_url_finds_nothing_and_breaks_nothing() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        for path in [
            "/v1/payment_intents?reference=%00",
            "/v1/payment_intents?conversation=%00",
            "/v1/payment_intents?thread=%00",
            "/v1/payment_intents?created_from=%00",
            "/v1/payment_intents/%00",
            "/v1/events?conversation=%00",
            "/v1/events?type=%00",
            "/v1/journal_entries?account=%00",
            "/v1/journal_entries?source=%00",
            "/v1/accounts/%00/balances",
            "/p/%00",
            "/r/%00",
        ] {
            let answer = owner.get(path).await;
            assert!(
                (200..500).contains(&answer.status),
                "{path}: {} {}",
                answer.status,
                answer.text()
            );
        }
    });
}

#[test]
fn who_asks_too_often_is_told_when_to_come_back() {
    run_test(async |app| {
        let slow = TestApp::with(app.database_url.clone(), |config| Config {
            rate_limit: Some(5.try_into().unwrap()),
            ..config
        });
        let slow = slow.await;
        let bot = &slow.merchant.bot;
        let answers = join_all((0..40).map(|_| bot.get("/v1/events"))).await;
        let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(|a| a.status == 200);
        assert!(!good.is_empty() && !bad.is_empty(), "{} good", good.len());
        for answer in bad {
            answer.problem(429, "rate_limited");
            assert!(
                answer
                    .header("retry-after")
                    .unwrap()
                    .parse::<u32>()
                    .unwrap()
                    >= 1
            );
            assert!(answer.header("ratelimit").is_some(), "{:?}", answer.headers);
        }
        // Another key has a rate of its own.
        slow.merchant.owner.get("/v1/events").await.expect(200);
        slow.end().await;
    });
}
