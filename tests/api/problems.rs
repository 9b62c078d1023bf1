//! What cannot be taken is refused in words that help, and writes nothing.

use super::harness::run_test;
use serde_json::{Value, json};

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
        for currency in ["EURO", "eur", "", "XXX", "ZZZ"] {
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
            ("rail", json!("swift"), "/rail"),
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
