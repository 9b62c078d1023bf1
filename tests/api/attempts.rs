//! The attempts of an intent: what was asked of the rail, and what became of it.

use super::harness::{TestApp, run_test};
use serde_json::{Value, json};

/// What the attempts of an intent say, the oldest first.
async fn told(app: &TestApp, id: &str) -> Vec<Value> {
    let list = app.merchant.bot.get(&path(id)).await.expect(200);
    assert_eq!(
        (&list["object"], &list["has_more"]),
        (&json!("list"), &json!(false))
    );
    let attempts = list["data"].as_array().unwrap().iter().rev();
    let words = |attempt: &Value| {
        assert_eq!(attempt["payment_intent"], id);
        let names = ["kind", "status", "payment_method", "amount", "decline_code"];
        Value::from_iter(names.map(|name| (name, attempt[name].clone())))
    };
    attempts.map(words).collect()
}

fn path(id: &str) -> String {
    format!("/v1/payment_intents/{id}/attempts")
}

#[test]
fn every_request_to_the_rail_is_listed() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let held = json!({"amount": "10.00", "currency": "EUR", "capture_method": "manual"});
        let id = bot.post("/v1/payment_intents", &held).await.id();
        assert_eq!(told(app, &id).await, Vec::<Value>::new());
        bot.confirm(&id, "pm_sandbox_declined").await.expect(402);
        bot.confirm(&id, "pm_sandbox_ok").await.expect(200);
        let capture = json!({"amount": "8.00"});
        let to = format!("/v1/payment_intents/{id}/capture");
        bot.post(&to, &capture).await.expect(200);
        let refund = bot.refund(&id, "3.00").await.expect(201);
        let attempt = |kind: &str, status: &str, method: Value, amount: &str, code: Value| {
            json!({"kind": kind, "status": status, "payment_method": method, "amount": amount,
                "decline_code": code})
        };
        let null = || Value::Null;
        let wanted = [
            attempt(
                "charge",
                "failed",
                "pm_sandbox_declined".into(),
                "10.00",
                "card_declined".into(),
            ),
            attempt(
                "charge",
                "succeeded",
                "pm_sandbox_ok".into(),
                "10.00",
                null(),
            ),
            attempt("capture", "succeeded", null(), "8.00", null()),
            attempt("refund", "succeeded", null(), "3.00", null()),
        ];
        assert_eq!(told(app, &id).await, wanted);
        // A page at a time, either way.
        let newest = bot.get(&format!("{}?limit=1", path(&id))).await.expect(200);
        assert_eq!(newest["has_more"], true);
        let last = &newest["data"][0];
        assert_eq!(last["refund"], refund["id"]);
        let all = bot.get(&path(&id)).await.expect(200);
        let charge = all["data"].as_array().unwrap().iter();
        let mut charge = charge.filter(|attempt| attempt["payment_method"] == "pm_sandbox_ok");
        assert_eq!(last["charge"], charge.next().unwrap()["id"]);
        let before = format!(
            "{}?limit=1&after={}",
            path(&id),
            last["id"].as_str().unwrap()
        );
        assert_eq!(
            bot.get(&before).await.expect(200)["data"][0]["kind"],
            "capture"
        );
    });
}

#[test]
fn attempts_are_shown_to_their_merchant_alone() {
    run_test(async |app| {
        let id = app.merchant.bot.paid("10.00", "EUR").await;
        let owners = [&app.merchant.owner, &app.merchant.finance];
        for caller in owners {
            assert_eq!(
                caller.get(&path(&id)).await.expect(200)["data"][0]["status"],
                "succeeded"
            );
        }
        let stranger = app.another_merchant().await;
        stranger.bot.get(&path(&id)).await.problem(404, "not_found");
        app.anyone
            .get(&path(&id))
            .await
            .problem(401, "unauthorized");
    });
}

#[test]
fn one_way_to_pay_is_given_up_for_another() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.ask_for("10.00", "EUR").await;
        bot.confirm(&id, "pm_sandbox_requires_action")
            .await
            .expect(200);
        let first = bot.get(&path(&id)).await.expect(200)["data"][0]["id"].clone();
        let paid = bot.confirm(&id, "pm_sandbox_ok").await.expect(200);
        assert_eq!(paid["status"], "succeeded");
        app.resolve().await;
        let attempts = bot.get(&path(&id)).await.expect(200);
        let attempts = attempts["data"].as_array().unwrap().iter();
        let mut words: Vec<String> = attempts
            .map(|attempt| format!("{} {}", attempt["kind"], attempt["status"]))
            .collect();
        words.sort();
        let wanted = [
            r#""charge" "closed""#,
            r#""charge" "succeeded""#,
            r#""close" "succeeded""#,
        ];
        assert_eq!(words, wanted);
        // Who pays by the first all the same has paid twice.
        let fact = json!({"kind": "charge", "outcome": "succeeded", "attempt": first});
        let told = bot.post("/v1/sandbox/facts", &fact).await.expect(200);
        let movement = format!("/v1/movements/{}", told["movement"].as_str().unwrap());
        assert_eq!(bot.get(&movement).await.expect(200)["reason"], "duplicate");
    });
}

#[test]
fn of_two_ways_to_pay_the_first_that_succeeds_pays() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.ask_for("10.00", "EUR").await;
        bot.confirm(&id, "pm_sandbox_requires_action")
            .await
            .expect(200);
        let first = bot.get(&path(&id)).await.expect(200)["data"][0]["id"].clone();
        bot.confirm(&id, "pm_sandbox_requires_action")
            .await
            .expect(200);
        let fact = json!({"kind": "charge", "outcome": "succeeded", "attempt": first});
        bot.post("/v1/sandbox/facts", &fact).await.expect(200);
        assert_eq!(bot.intent(&id).await["status"], "succeeded");
        bot.act(&id, "succeed").await.problem(409, "invalid_state");
        app.resolve().await;
        let attempts = bot.get(&path(&id)).await.expect(200);
        let open = attempts["data"].as_array().unwrap().iter();
        let open = open.filter(|attempt| attempt["status"] == "requires_action");
        assert_eq!(open.count(), 0, "{attempts}");
    });
}
