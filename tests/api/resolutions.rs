//! Movements leave suspense as was decided, and each way books what it says.

use super::{
    harness::{new_key, run_test},
    movements::{euros, paid, unknown},
};
use serde_json::{Value, json};

#[test]
fn late_money_that_is_accepted_is_the_merchants() {
    run_test(async |app| {
        let (intent, charge) = app.canceled().await;
        let movement = app.unmatched(&paid(&charge)).await;
        let resolved = app.resolved(&movement, "accept").await;
        assert_eq!(resolved["resolution"]["payment_intent"], intent);
        assert_eq!(app.balances().await, euros(["10.00", "0.00", "10.00"]));
        let events = app.merchant.bot.events().await;
        let event = events.last().unwrap();
        assert_eq!(event["type"], "movement.resolved");
        assert_eq!(event["data"], resolved);
        let again = app.resolve_as(&movement, &json!({"action": "keep"})).await;
        let problem = again.problem(409, "invalid_state");
        assert_eq!(problem["current_status"], "resolved");
    });
}

#[test]
fn a_second_payment_goes_back() {
    run_test(async |app| {
        let (intent, charge) = app.paid_at_second().await;
        let movement = app.unmatched(&paid(&charge)).await;
        assert_eq!(movement["reason"], "duplicate");
        assert_eq!(movement["proposal"], "refund");
        assert_eq!(app.balances().await, euros(["20.00", "10.00", "10.00"]));
        let resolved = app.resolved(&movement, "refund").await;
        assert_eq!(app.balances().await, euros(["10.00", "0.00", "10.00"]));
        let refund = app.attempt(&intent).await;
        assert_eq!(resolved["resolution"]["attempt"], refund);
        let path = format!("/v1/payment_intents/{intent}/attempts?limit=1");
        let attempts = app.merchant.bot.get(&path).await.expect(200);
        let attempt = &attempts["data"][0];
        assert_eq!(attempt["movement"], movement["id"]);
        assert_eq!(attempt["charge"], charge);
        let intent = app.merchant.bot.intent(&intent).await;
        assert_eq!(
            intent["amount_refunded"], "0.00",
            "it is no refund of the payment"
        );
    });
}

#[test]
fn money_of_which_nothing_is_known_is_assigned_to_what_it_is_for() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let movement = app.unmatched(&unknown("txn_1", "10.00")).await;
        assert_eq!(
            (&movement["reason"], &movement["proposal"]),
            (&json!("unknown"), &json!("assign"))
        );
        assert_eq!(movement["payment_intent"], Value::Null);
        let accept = app
            .resolve_as(&movement, &json!({"action": "accept"}))
            .await;
        accept.problem(409, "invalid_state");
        let refund = app
            .resolve_as(&movement, &json!({"action": "refund"}))
            .await;
        refund.problem(409, "invalid_state");
        let other = bot.ask_for("9.99", "EUR").await;
        let assign =
            |to: &str| json!({"action": "assign", "payment_intent": to, "reason": "phoned"});
        let wrong = app.resolve_as(&movement, &assign(&other)).await;
        assert_eq!(
            wrong.problem(422, "invalid_request")["param"],
            "/payment_intent"
        );
        let intent = bot.ask_for("10.00", "EUR").await;
        let resolved = app
            .resolve_as(&movement, &assign(&intent))
            .await
            .expect(200);
        assert_eq!(resolved["resolution"]["reason"], "phoned");
        assert_eq!(bot.intent(&intent).await["status"], "succeeded");
        assert_eq!(app.balances().await, euros(["10.00", "0.00", "10.00"]));
        bot.refund(&intent, "4.00").await.expect(201);
        // The same name with as much is the same money; with more it is not.
        assert_eq!(
            app.tell(&unknown("txn_1", "10.00")).await["movement"],
            Value::Null
        );
        let more = app.unmatched(&unknown("txn_1", "11.00")).await;
        app.resolved(&more, "keep").await;
        assert_eq!(app.balances().await, euros(["17.00", "0.00", "17.00"]));
    });
}

#[test]
fn a_refund_at_the_provider_is_taken_in() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let intent = bot.paid("10.00", "EUR").await;
        let charge = app.attempt(&intent).await;
        let fact = json!({"kind": "refund", "outcome": "succeeded", "attempt": charge,
            "external_id": "re_1", "amount": "4.00", "currency": "EUR"});
        let movement = app.unmatched(&fact).await;
        assert_eq!(movement["reason"], "external_refund");
        assert_eq!(movement["direction"], "out");
        assert_eq!(app.balances().await, euros(["6.00", "-4.00", "10.00"]));
        app.resolved(&movement, "accept").await;
        assert_eq!(app.balances().await, euros(["6.00", "0.00", "6.00"]));
        assert_eq!(bot.intent(&intent).await["amount_refunded"], "4.00");
        let refunds = bot
            .get(&format!("/v1/refunds?payment_intent={intent}"))
            .await
            .expect(200);
        assert_eq!(refunds["data"][0]["status"], "succeeded");
        bot.refund(&intent, "6.01")
            .await
            .problem(422, "amount_too_large");
    });
}

#[test]
fn a_resolution_is_asked_for_by_the_merchant_and_well() {
    run_test(async |app| {
        let movement = app.unmatched(&unknown("txn_1", "1.00")).await;
        let id = movement["id"].as_str().unwrap();
        let path = format!("/v1/movements/{id}/resolve");
        let keep = json!({"action": "keep"});
        for caller in [&app.merchant.bot, &app.merchant.finance] {
            caller.post(&path, &keep).await.problem(403, "forbidden");
        }
        let stranger = app.another_merchant().await;
        stranger
            .owner
            .post(&path, &keep)
            .await
            .problem(404, "not_found");
        let intent = app.merchant.bot.ask_for("1.00", "EUR").await;
        let faults = [
            (json!({}), "invalid_request", "/action"),
            (json!({"action": "burn"}), "invalid_request", "/action"),
            (
                json!({"action": "assign"}),
                "invalid_request",
                "/payment_intent",
            ),
            (
                json!({"action": "keep", "payment_intent": intent}),
                "invalid_request",
                "/payment_intent",
            ),
            (
                json!({"action": "keep", "note": ""}),
                "unknown_field",
                "/note",
            ),
        ];
        for (body, code, param) in faults {
            let problem = app.resolve_as(&movement, &body).await.problem(422, code);
            assert_eq!(problem["param"], param, "{body}");
        }
        // One key, one resolution.
        let owner = &app.merchant.owner;
        let key = new_key();
        let first = owner.post_with(&key, &path, &keep.to_string()).await;
        let again = owner.post_with(&key, &path, &keep.to_string()).await;
        assert_eq!(first.bytes, again.bytes);
        assert_eq!(app.balances().await, euros(["1.00", "0.00", "1.00"]));
    });
}
