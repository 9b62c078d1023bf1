//! Payment intents from the request to the final outcome.

use super::harness::{TestApp, run_test};
use serde_json::{Value, json};
use time::Duration;

/// The types of an intent's events, in their order, without the noun.
async fn story(app: &TestApp, id: &str) -> Vec<String> {
    let events = app.merchant.bot.events().await;
    let own = events.iter().filter(|event| {
        let data = &event["data"];
        data["id"] == id || data["payment_intent"] == id
    });
    let told: Vec<&Value> = own.collect();
    for (place, event) in (1..).zip(&told) {
        assert_eq!(event["intent_sequence"], place, "{event}");
    }
    let word = |event: &Value| {
        let name = event["type"].as_str().unwrap();
        name.trim_start_matches("payment_intent.").to_owned()
    };
    told.into_iter().map(word).collect()
}

#[test]
fn an_intent_is_given_as_it_was_asked_for() {
    run_test(async |app| {
        let asked = json!({
            "amount": "12.50", "currency": "EUR", "description": "2 × flat white", "reference": "order-1042",
            "thread": {"channel": "telegram", "tenant": null, "conversation": "-1001234567890", "thread": "77", "message": null, "user": "42"},
            "line_items": [{"kind": "item", "label": "Flat white", "quantity": 2, "unit_amount": "6.25"}], "metadata": {"table": "4"},
            "capture_method": "automatic", "rails": ["sandbox"],
        });
        let bot = &app.merchant.bot;
        let made = bot.create_intent(&asked).await.expect(201);
        for (name, value) in asked.as_object().unwrap() {
            assert_eq!(&made[name], value, "{name}");
        }
        for (name, value) in [
            ("object", json!("payment_intent")),
            ("livemode", json!(false)),
            ("status", json!("requires_payment")),
            ("amount_capturable", json!("0.00")),
            ("amount_captured", json!("0.00")),
            ("amount_refunded", json!("0.00")),
            ("payment_link", json!(null)),
            ("rail", json!(null)),
            ("payment_method", json!(null)),
            ("next_action", json!(null)),
            ("last_error", json!(null)),
            ("cancellation_reason", json!(null)),
        ] {
            assert_eq!(made[name], value, "{name}");
        }
        let id = made["id"].as_str().unwrap();
        assert_eq!(bot.intent(id).await, made);
        let token = made["pay_url"]
            .as_str()
            .unwrap()
            .rsplit_once("/p/")
            .unwrap()
            .1;
        assert_eq!(token.len(), 24);
        assert!(token.starts_with("00") && token.bytes().all(|b| b.is_ascii_alphanumeric()));
        let stored = "SELECT count(*) FROM link_tokens WHERE encode(token_hash, 'escape') LIKE '%' || $$TOKEN$$ || '%'";
        assert_eq!(app.count(&stored.replace("TOKEN", token)).await, 0);
        assert_eq!(
            app.count(&format!(
                "SELECT count(*) FROM events WHERE encode(payload, 'escape') LIKE '%{token}%'"
            ))
            .await,
            0
        );
    });
}

/// Every sandbox method: the answer, and what the feed tells.
#[test]
fn every_sandbox_method_does_what_it_is_called() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        for (method, status, state, told) in [
            ("pm_sandbox_ok", 200, "succeeded", "succeeded"),
            (
                "pm_sandbox_declined",
                402,
                "requires_payment",
                "payment_failed",
            ),
            (
                "pm_sandbox_insufficient_funds",
                402,
                "requires_payment",
                "payment_failed",
            ),
            (
                "pm_sandbox_requires_action",
                200,
                "requires_action",
                "requires_action",
            ),
            ("pm_sandbox_pending", 200, "processing", "processing"),
            ("pm_sandbox_timeout", 200, "processing", "processing"),
            ("pm_sandbox_timeout_failed", 200, "processing", "processing"),
        ] {
            let id = bot.ask_for("3.00", "EUR").await;
            let answer = bot.confirm(&id, method).await;
            assert_eq!(answer.status, status, "{method}: {}", answer.text());
            assert_eq!(bot.intent(&id).await["status"], state, "{method}");
            assert_eq!(story(app, &id).await, ["created", told], "{method}");
        }
    });
}

#[test]
fn a_declined_card_leaves_the_intent_payable() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.ask_for("3.00", "EUR").await;
        let declined = bot.confirm(&id, "pm_sandbox_insufficient_funds").await;
        let problem = declined.problem(402, "payment_declined");
        assert_eq!(problem["decline_code"], "insufficient_funds");
        let intent = bot.intent(&id).await;
        assert_eq!(intent["status"], "requires_payment");
        assert_eq!(intent["last_error"]["decline_code"], "insufficient_funds");
        bot.confirm(&id, "pm_sandbox_ok").await.expect(200);
        assert_eq!(bot.intent(&id).await["last_error"], json!(null));
        assert_eq!(
            story(app, &id).await,
            ["created", "payment_failed", "succeeded"]
        );
    });
}

#[test]
fn a_payer_acts_or_fails_to() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        for (outcome, state) in [("succeed", "succeeded"), ("fail", "requires_payment")] {
            let id = bot.ask_for("3.00", "EUR").await;
            bot.act(&id, outcome).await.problem(409, "invalid_state");
            let waiting = bot
                .confirm(&id, "pm_sandbox_requires_action")
                .await
                .expect(200);
            assert_eq!(waiting["next_action"], json!({"type": "sandbox_action"}));
            bot.settle(&id, outcome).await.problem(409, "invalid_state");
            assert_eq!(bot.act(&id, outcome).await.expect(200)["status"], state);
            bot.act(&id, outcome).await.problem(409, "invalid_state");
        }
        let id = bot.ask_for("3.00", "EUR").await;
        bot.confirm(&id, "pm_sandbox_pending").await.expect(200);
        bot.cancel(&id).await.problem(409, "invalid_state");
        bot.confirm(&id, "pm_sandbox_ok")
            .await
            .problem(409, "invalid_state");
        assert_eq!(
            bot.settle(&id, "succeed").await.expect(200)["status"],
            "succeeded"
        );
    });
}

#[test]
fn the_resolver_finds_out_what_became_of_a_lost_answer() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        for (method, state) in [
            ("pm_sandbox_timeout", "succeeded"),
            ("pm_sandbox_timeout_failed", "requires_payment"),
        ] {
            let id = bot.ask_for("3.00", "EUR").await;
            bot.confirm(&id, method).await.expect(200);
            app.resolve().await;
            assert_eq!(
                bot.intent(&id).await["status"],
                "processing",
                "it is not due yet"
            );
            app.clock.advance(Duration::seconds(5));
            app.resolve().await;
            assert_eq!(bot.intent(&id).await["status"], state);
        }
    });
}

#[test]
fn held_money_is_captured_once_in_part_or_let_go() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let body = json!({"amount": "10.00", "currency": "EUR", "capture_method": "manual"});
        let id = bot.create_intent(&body).await.id();
        bot.capture(&id, &json!({}))
            .await
            .problem(409, "invalid_state");
        let held = bot.confirm(&id, "pm_sandbox_ok").await.expect(200);
        assert_eq!(
            (&held["status"], &held["amount_capturable"]),
            (&json!("requires_capture"), &json!("10.00"))
        );
        let more = json!({"amount": "10.01"});
        bot.capture(&id, &more)
            .await
            .problem(422, "amount_too_large");
        let taken = bot
            .capture(&id, &json!({"amount": "8.00"}))
            .await
            .expect(200);
        assert_eq!(
            (&taken["status"], &taken["amount_captured"]),
            (&json!("succeeded"), &json!("8.00"))
        );
        assert_eq!(taken["amount_capturable"], "0.00");
        bot.capture(&id, &json!({"amount": "2.00"}))
            .await
            .problem(409, "invalid_state");
        bot.refund(&id, "8.01")
            .await
            .problem(422, "amount_too_large");
        let void = bot.create_intent(&body).await.id();
        bot.confirm(&void, "pm_sandbox_ok").await.expect(200);
        let canceled = bot.cancel(&void).await.expect(200);
        assert_eq!(canceled["cancellation_reason"], "requested_by_customer");
        assert_eq!(
            story(app, &void).await,
            ["created", "requires_capture", "canceled"]
        );
        assert_eq!(app.count("SELECT count(*) FROM journal_entries").await, 1);
    });
}

#[test]
fn an_intent_that_nobody_pays_expires() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let body = json!({"amount": "3.00", "currency": "EUR", "expires_in": 60});
        let (idle, acting) = (
            bot.create_intent(&body).await.id(),
            bot.create_intent(&body).await.id(),
        );
        let pending = bot.create_intent(&body).await.id();
        bot.confirm(&acting, "pm_sandbox_requires_action")
            .await
            .expect(200);
        bot.confirm(&pending, "pm_sandbox_pending")
            .await
            .expect(200);
        app.clock.advance(Duration::seconds(61));
        let problem = bot
            .confirm(&idle, "pm_sandbox_ok")
            .await
            .problem(409, "invalid_state");
        assert_eq!(problem["current_status"], "expired");
        // Its charge is open still: it has expired once that is closed. But the payer acts too late.
        assert_eq!(bot.intent(&acting).await["status"], "requires_action");
        bot.act(&acting, "succeed")
            .await
            .problem(409, "invalid_state");
        app.expire().await;
        app.expire().await;
        assert_eq!(story(app, &idle).await, ["created", "expired"]);
        assert_eq!(
            story(app, &acting).await,
            ["created", "requires_action", "expired"]
        );
        // Money may move still: this one waits for its outcome.
        assert_eq!(
            bot.settle(&pending, "succeed").await.expect(200)["status"],
            "succeeded"
        );
    });
}

#[test]
fn lists_filter_and_page() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let mut ids = Vec::new();
        for number in 0..5 {
            let thread = json!({"channel": "slack", "conversation": format!("C{}", number % 2)});
            let body = json!({"amount": "1.00", "currency": "EUR", "reference": format!("r{number}"), "thread": thread});
            ids.push(bot.create_intent(&body).await.id());
        }
        bot.confirm(&ids[4], "pm_sandbox_ok").await.expect(200);
        ids.reverse();
        let list = async |query: &str| {
            let page = bot
                .get(&format!("/v1/payment_intents?{query}"))
                .await
                .expect(200);
            let found = page["data"].as_array().unwrap().iter();
            let found: Vec<String> = found
                .map(|i| i["id"].as_str().unwrap().to_owned())
                .collect();
            (found, page["has_more"].as_bool().unwrap())
        };
        let after = ids[1].clone();
        assert_eq!(list("limit=2").await, (ids[..2].to_vec(), true));
        assert_eq!(
            list(&format!("limit=2&after={after}")).await,
            (ids[2..4].to_vec(), true)
        );
        assert_eq!(
            list(&format!("limit=9&after={after}")).await,
            (ids[2..].to_vec(), false)
        );
        assert_eq!(
            list(&format!("limit=9&before={after}")).await,
            (ids[..1].to_vec(), false)
        );
        assert_eq!(list("status=succeeded").await.0, ids[..1]);
        assert_eq!(list("reference=r0").await.0, ids[4..]);
        assert_eq!(
            list("conversation=C1").await.0,
            [ids[1].clone(), ids[3].clone()]
        );
        for wrong in [
            "limit=0",
            "limit=101",
            "limit=x",
            "status=paid",
            "after=pl_1",
        ] {
            let answer = bot.get(&format!("/v1/payment_intents?{wrong}")).await;
            assert_eq!(answer.status, 422, "{wrong}: {}", answer.text());
        }
    });
}
