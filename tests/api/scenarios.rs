//! Scenarios of the sandbox: what becomes of a charge, in the merchant's time, and how it is told.

use super::harness::{TestApp, run_test};
use serde_json::{Value, json};

impl TestApp {
    /// The payment method of a scenario with this step.
    async fn scenario(&self, step: &Value) -> String {
        let body = json!({"steps": [step]});
        let made = self.merchant.bot.post("/v1/sandbox/scenarios", &body).await;
        let made = made.expect(201);
        made["payment_method"].as_str().unwrap().to_owned()
    }

    /// An intent that was confirmed with a scenario with this step, and its status then.
    async fn plays(&self, step: &Value) -> (String, Value) {
        let method = self.scenario(step).await;
        let id = self.merchant.bot.ask_for("12.50", "EUR").await;
        let confirmed = self.merchant.bot.confirm(&id, &method).await;
        let status = match confirmed.status {
            200 => confirmed.json()["status"].clone(),
            _ => json!(confirmed.status),
        };
        (id, status)
    }

    async fn later(&self, by: &str) {
        let body = json!({"advance": by});
        let moved = self.merchant.bot.post("/v1/sandbox/clock", &body).await;
        moved.expect(200);
    }
}

#[test]
fn what_is_told_moves_the_payment_in_the_merchants_time() {
    run_test(async |app| {
        for (step, first, after, last) in [
            (
                json!({"on": "charge", "answer": "succeeded"}),
                json!("succeeded"),
                "1s",
                "succeeded",
            ),
            (
                json!({"on": "charge", "answer": "pending", "after": "3d", "then": "succeeded"}),
                json!("processing"),
                "3d",
                "succeeded",
            ),
            (
                json!({"on": "charge", "answer": "pending", "after": "3s", "then": "declined"}),
                json!("processing"),
                "3s",
                "requires_payment",
            ),
            (
                json!({"on": "charge", "answer": "requires_action", "after": "1h", "then": "succeeded", "webhooks": ["twice"]}),
                json!("requires_action"),
                "1h",
                "succeeded",
            ),
            (
                json!({"on": "charge", "answer": "lost", "after": "3s", "then": "succeeded"}),
                json!("processing"),
                "3s",
                "succeeded",
            ),
            (
                json!({"on": "charge", "answer": "declined"}),
                json!(402),
                "1s",
                "requires_payment",
            ),
        ] {
            let (id, status) = app.plays(&step).await;
            assert_eq!(status, first, "{step}");
            app.later(after).await;
            app.play().await;
            assert_eq!(app.status(&id).await, last, "{step}");
        }
        assert!(app.movements().await.is_empty());
    });
}

#[test]
fn who_is_not_told_must_ask() {
    run_test(async |app| {
        let step = json!({"on": "charge", "answer": "lost", "after": "1m", "webhooks": ["none"]});
        let (id, status) = app.plays(&step).await;
        assert_eq!(status, "processing");
        app.later("10m").await;
        app.play().await;
        assert_eq!(app.status(&id).await, "processing");
        app.resolve().await;
        assert_eq!(app.status(&id).await, "succeeded");
        // One that comes an hour late changes nothing more.
        let step = json!({"on": "charge", "answer": "lost", "webhooks": ["late", "twice"]});
        let (id, _) = app.plays(&step).await;
        app.later("30m").await;
        app.play().await;
        app.resolve().await;
        assert_eq!(app.status(&id).await, "succeeded");
        app.later("1h").await;
        app.play().await;
        assert!(app.movements().await.is_empty());
    });
}

#[test]
fn money_that_comes_after_all_stands_apart() {
    run_test(async |app| {
        let late =
            json!({"on": "charge", "answer": "declined", "after": "60d", "then": "succeeded"});
        let (id, _) = app.plays(&late).await;
        app.merchant.bot.cancel(&id).await.expect(200);
        app.later("61d").await;
        app.play().await;
        let movements = app.movements().await;
        assert_eq!(
            (movements.len(), &movements[0]["reason"]),
            (1, &json!("late"))
        );
        let id = app.merchant.bot.ask_for("12.50", "EUR").await;
        let paid = app
            .merchant
            .bot
            .confirm(&id, "pm_sandbox_dispute")
            .await
            .expect(200);
        assert_eq!(
            (&paid["status"], &paid["payment_method"]),
            (&json!("succeeded"), &json!("pm_sandbox_dispute"))
        );
        app.play().await;
        let movements = app.movements().await;
        assert_eq!(
            (movements.len(), &movements[0]["reason"]),
            (2, &json!("dispute"))
        );
        assert_eq!(app.status(&id).await, "succeeded");
    });
}

#[test]
fn a_payer_who_has_acted_cannot_be_closed_out() {
    run_test(async |app| {
        let step = json!({"on": "charge", "answer": "requires_action", "after": "1h", "then": "succeeded", "webhooks": ["none"]});
        let (id, _) = app.plays(&step).await;
        app.later("2h").await;
        let refused = app.merchant.bot.cancel(&id).await;
        refused.problem(409, "invalid_state");
        app.resolve().await;
        assert_eq!(app.status(&id).await, "succeeded");
        let (id, _) = app.plays(&step).await;
        let canceled = app.merchant.bot.cancel(&id).await.expect(200);
        assert_eq!(canceled["status"], "canceled");
        app.later("2h").await;
        app.play().await;
        assert!(
            app.movements().await.is_empty(),
            "what was closed is not paid"
        );
    });
}

#[test]
fn a_webhook_comes_before_the_answer() {
    run_test(async |app| {
        let step = json!({"on": "charge", "answer": "succeeded", "webhooks": ["first", "twice"]});
        let told = async {
            loop {
                app.play().await;
                let events = app.merchant.bot.events().await;
                if events
                    .iter()
                    .any(|event| event["type"] == "payment_intent.succeeded")
                {
                    return;
                }
            }
        };
        let ((id, status), ()) = tokio::join!(app.plays(&step), told);
        assert_eq!(status, "succeeded");
        let events = app.merchant.bot.events().await;
        let paid = events
            .iter()
            .filter(|event| event["type"] == "payment_intent.succeeded");
        assert_eq!(paid.count(), 1);
        assert_eq!(app.status(&id).await, "succeeded");
    });
}

#[test]
fn what_is_no_scenario_is_refused() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        for (body, param) in [
            (json!({"steps": []}), "/steps"),
            (
                json!({"steps": [{"on": "refund", "answer": "lost"}]}),
                "/steps/0/on",
            ),
            (
                json!({"steps": [{"on": "charge", "answer": "lost", "after": "0s"}]}),
                "/steps/0/after",
            ),
            (
                json!({"steps": [{"on": "charge", "answer": "pending", "after": "3s"}]}),
                "/steps/0",
            ),
            (
                json!({"steps": [{"on": "charge", "answer": "lost", "webhooks": ["none", "late"]}]}),
                "/steps/0",
            ),
        ] {
            let refused = bot.post("/v1/sandbox/scenarios", &body).await;
            let problem = refused.problem(422, "invalid_request");
            assert_eq!(problem["param"], param, "{problem}");
        }
        let id = bot.ask_for("12.50", "EUR").await;
        let refused = bot.confirm(&id, "pm_sandbox_scenario.lost").await;
        refused.problem(422, "invalid_payment_method");
    });
}
