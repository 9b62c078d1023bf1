//! What a rail tells and nobody waits for: it is booked to suspense and told.

use super::harness::{Answer, TestApp, run, run_test};
use serde_json::{Value, json};
use threadpay::views::reports::verify::verify;

impl TestApp {
    /// The sandbox tells a fact; gives what came of it.
    pub async fn tell(&self, fact: &Value) -> Value {
        let bot = &self.merchant.bot;
        bot.post("/v1/sandbox/facts", fact).await.expect(200)
    }

    /// The sandbox tells a fact that nobody waits for; gives the movement.
    pub async fn unmatched(&self, fact: &Value) -> Value {
        let receipt = self.tell(fact).await;
        let id = receipt["movement"].as_str().unwrap();
        let movement = self.movement(id).await;
        assert_eq!(movement["status"], "unmatched");
        assert_eq!(movement["resolution"], Value::Null);
        movement
    }

    pub async fn movement(&self, id: &str) -> Value {
        let path = format!("/v1/movements/{id}");
        self.merchant.bot.get(&path).await.expect(200)
    }

    pub async fn resolve_as(&self, movement: &Value, body: &Value) -> Answer {
        let id = movement["id"].as_str().unwrap();
        let path = format!("/v1/movements/{id}/resolve");
        self.merchant.owner.post(&path, body).await
    }

    /// Resolves a movement; gives it as it is then.
    pub async fn resolved(&self, movement: &Value, action: &str) -> Value {
        let body = json!({"action": action});
        let resolved = self.resolve_as(movement, &body).await.expect(200);
        assert_eq!(resolved["status"], "resolved");
        assert_eq!(resolved["proposal"], Value::Null);
        assert_eq!(resolved["resolution"]["action"], action);
        resolved
    }

    /// The balance of an account of the merchant in EUR.
    pub async fn balance(&self, account: &str) -> String {
        let path = format!("/v1/accounts/{account}/balances");
        let balances = self.merchant.owner.get(&path).await.expect(200);
        let all = balances["data"].as_array().unwrap();
        let euro = all.iter().find(|balance| balance["currency"] == "EUR");
        euro.map_or("0.00", |euro| euro["balance"].as_str().unwrap())
            .to_owned()
    }

    pub async fn balances(&self) -> [String; 3] {
        [
            self.balance("rail:sandbox:clearing").await,
            self.balance("suspense").await,
            self.balance("merchant:pending").await,
        ]
    }

    /// The newest attempt of an intent.
    pub async fn attempt(&self, intent: &str) -> String {
        let path = format!("/v1/payment_intents/{intent}/attempts");
        let attempts = self.merchant.bot.get(&path).await.expect(200);
        attempts["data"][0]["id"].as_str().unwrap().to_owned()
    }

    /// An intent that was canceled while its payer was asked to act, and its charge.
    pub async fn canceled(&self) -> (String, String) {
        let bot = &self.merchant.bot;
        let intent = bot.ask_for("10.00", "EUR").await;
        bot.confirm(&intent, "pm_sandbox_requires_action").await;
        let charge = self.attempt(&intent).await;
        let canceled = bot.cancel(&intent).await.expect(200);
        assert_eq!(canceled["status"], "canceled");
        (intent, charge)
    }

    /// An intent that was declined once and then paid, and the charge that was declined.
    pub async fn paid_at_second(&self) -> (String, String) {
        let bot = &self.merchant.bot;
        let intent = bot.ask_for("10.00", "EUR").await;
        bot.confirm(&intent, "pm_sandbox_declined").await;
        let charge = self.attempt(&intent).await;
        bot.confirm(&intent, "pm_sandbox_ok").await.expect(200);
        (intent, charge)
    }
}

pub fn paid(charge: &str) -> Value {
    json!({"kind": "charge", "outcome": "succeeded", "attempt": charge})
}

pub fn unknown(name: &str, amount: &str) -> Value {
    json!({"kind": "charge", "outcome": "succeeded", "external_id": name, "amount": amount,
        "currency": "EUR"})
}

pub fn euros(amounts: [&str; 3]) -> [String; 3] {
    amounts.map(str::to_owned)
}

#[test]
fn money_after_a_cancel_is_kept_apart_and_told_once() {
    run_test(async |app| {
        let (intent, charge) = app.canceled().await;
        let path = format!("/v1/payment_intents/{intent}/attempts");
        let kinds = app.merchant.bot.get(&path).await.expect(200);
        let told = |at: usize| {
            (
                kinds["data"][at]["kind"].clone(),
                kinds["data"][at]["status"].clone(),
            )
        };
        assert_eq!(told(0), (json!("close"), json!("succeeded")));
        assert_eq!(told(1), (json!("charge"), json!("closed")));
        let movement = app.unmatched(&paid(&charge)).await;
        let wanted = json!({"direction": "in", "amount": "10.00", "currency": "EUR",
            "reason": "late", "payment_intent": intent, "attempt": charge, "external_id": charge,
            "proposal": "accept", "rail": "sandbox", "livemode": false, "object": "movement"});
        for (name, value) in wanted.as_object().unwrap() {
            assert_eq!(&movement[name], value, "{name}");
        }
        assert_eq!(app.balances().await, euros(["10.00", "10.00", "0.00"]));
        // Again, it is nothing new.
        assert_eq!(app.tell(&paid(&charge)).await["movement"], Value::Null);
        let list = app
            .merchant
            .finance
            .get("/v1/movements?status=unmatched")
            .await;
        assert_eq!(list.expect(200)["data"], json!([movement]));
        let events = app.merchant.bot.events().await;
        let event = events.last().unwrap();
        assert_eq!(event["type"], "movement.unmatched");
        assert_eq!(event["data"], movement);
        assert_eq!(event["journal_entries"], json!([movement["journal_entry"]]));
        let status = app.merchant.bot.intent(&intent).await;
        assert_eq!(status["status"], "canceled");
    });
}

#[test]
fn a_charge_of_another_amount_pays_as_far_as_it_goes() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let cases = [
            ("12.50", "succeeded", "over", "2.50", "refund"),
            ("9.99", "requires_payment", "under", "9.99", "accept"),
        ];
        for (seen, status, reason, apart, proposal) in cases {
            let intent = bot.ask_for("10.00", "EUR").await;
            bot.confirm(&intent, "pm_sandbox_pending").await.expect(200);
            let charge = app.attempt(&intent).await;
            let mut fact = paid(&charge);
            fact["amount"] = seen.into();
            fact["currency"] = "EUR".into();
            let movement = app.unmatched(&fact).await;
            assert_eq!(
                (&movement["reason"], &movement["amount"]),
                (&reason.into(), &apart.into())
            );
            assert_eq!(movement["proposal"], proposal);
            assert_eq!(bot.intent(&intent).await["status"], status, "{seen}");
            assert_eq!(app.tell(&fact).await["movement"], Value::Null, "{seen}");
            let after = app.resolved(&movement, proposal).await;
            assert_eq!(
                after["resolution"]["payment_intent"].is_null(),
                proposal == "refund"
            );
            assert_eq!(bot.intent(&intent).await["status"], "succeeded", "{seen}");
        }
        // What was accepted for less is paid with less.
        assert_eq!(app.balances().await, euros(["19.99", "0.00", "19.99"]));
    });
}

#[test]
fn money_of_another_currency_stands_apart() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let intent = bot.ask_for("10.00", "EUR").await;
        bot.confirm(&intent, "pm_sandbox_pending").await.expect(200);
        let mut fact = paid(&app.attempt(&intent).await);
        fact["amount"] = "1000".into();
        fact["currency"] = "JPY".into();
        let movement = app.unmatched(&fact).await;
        assert_eq!(movement["reason"], "currency");
        let after = bot.intent(&intent).await;
        assert_eq!(after["status"], "requires_payment");
        assert_eq!(after["last_error"]["decline_code"], "wrong_amount");
        app.resolved(&movement, "keep").await;
    });
}

#[test]
fn a_refund_that_fails_after_it_succeeded_is_reversed() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let intent = bot.paid("10.00", "EUR").await;
        let refund = bot.refund(&intent, "4.00").await.expect(201);
        let attempt = app.attempt(&intent).await;
        let fact = json!({"kind": "refund", "outcome": "failed", "attempt": attempt});
        for _ in 0..2 {
            app.tell(&fact).await;
            assert_eq!(app.balances().await, euros(["10.00", "0.00", "10.00"]));
            assert_eq!(bot.intent(&intent).await["amount_refunded"], "0.00");
        }
        let path = format!("/v1/refunds/{}", refund["id"].as_str().unwrap());
        assert_eq!(bot.get(&path).await.expect(200)["status"], "failed");
        let events = bot.events().await;
        assert_eq!(events.last().unwrap()["type"], "refund.failed");
        let entries = app
            .merchant
            .owner
            .get(&format!("/v1/payment_intents/{intent}/entries"))
            .await;
        let entries = entries.expect(200);
        let kinds = entries["data"].as_array().unwrap().iter();
        let kinds: Vec<&Value> = kinds.map(|entry| &entry["kind"]).collect();
        assert!(kinds.contains(&&json!("reversal")), "{kinds:?}");
        bot.refund(&intent, "10.00").await.expect(201);
    });
}

#[test]
fn an_authorization_that_lapses_cancels_its_intent() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let held = json!({"amount": "10.00", "currency": "EUR", "capture_method": "manual"});
        let intent = bot.create_intent(&held).await.id();
        bot.confirm(&intent, "pm_sandbox_ok").await.expect(200);
        let charge = app.attempt(&intent).await;
        let fact = json!({"kind": "void", "outcome": "succeeded", "attempt": charge});
        app.tell(&fact).await;
        app.tell(&fact).await;
        let after = bot.intent(&intent).await;
        assert_eq!(after["status"], "canceled");
        assert_eq!(after["cancellation_reason"], "authorization_expired");
        bot.capture(&intent, &json!({}))
            .await
            .problem(409, "invalid_state");
        let events = bot.events().await;
        assert_eq!(events.last().unwrap()["type"], "payment_intent.canceled");
    });
}

#[test]
fn what_is_held_for_an_intent_that_is_over_is_let_go() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let held = json!({"amount": "10.00", "currency": "EUR", "capture_method": "manual"});
        let intent = bot.create_intent(&held).await.id();
        bot.confirm(&intent, "pm_sandbox_requires_action")
            .await
            .expect(200);
        let charge = app.attempt(&intent).await;
        bot.cancel(&intent).await.expect(200);
        app.tell(&paid(&charge)).await;
        app.tell(&paid(&charge)).await;
        app.resolve().await;
        let path = format!("/v1/payment_intents/{intent}/attempts");
        let attempts = bot.get(&path).await.expect(200);
        let kinds = attempts["data"].as_array().unwrap().iter();
        let kinds: Vec<String> = kinds
            .map(|a| format!("{} {}", a["kind"], a["status"]))
            .collect();
        let wanted = [
            r#""void" "succeeded""#,
            r#""close" "succeeded""#,
            r#""charge" "closed""#,
        ];
        assert_eq!(kinds, wanted);
        assert_eq!(app.balances().await, euros(["0.00", "0.00", "0.00"]));
    });
}

#[test]
fn facts_that_are_no_money_change_nothing() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let intent = bot.paid("10.00", "EUR").await;
        let charge = app.attempt(&intent).await;
        let before = app.merchant.bot.events().await.len();
        app.tell(&paid(&charge)).await;
        let strange = json!({"kind": "void", "outcome": "succeeded", "attempt": charge});
        app.tell(&strange).await;
        let failed = json!({"kind": "refund", "outcome": "failed", "attempt": charge});
        app.tell(&failed).await;
        assert_eq!(app.merchant.bot.events().await.len(), before);
        assert_eq!(app.balances().await, euros(["10.00", "0.00", "10.00"]));
        for (fact, param) in [
            (
                json!({"kind": "charge", "outcome": "succeeded"}),
                "/external_id",
            ),
            (
                json!({"kind": "charge", "outcome": "succeeded", "external_id": "x", "amount": "1.00"}),
                "/currency",
            ),
            (
                json!({"kind": "charge", "outcome": "succeeded", "external_id": "x", "amount": 1, "currency": "EUR"}),
                "/amount",
            ),
        ] {
            let answer = bot.post("/v1/sandbox/facts", &fact).await;
            assert_eq!(answer.status, 422, "{}", answer.text());
            assert_eq!(answer.json()["param"], param);
        }
    });
}

/// Changes of movements behind the writer's back, how they are undone, and what `verify` says of them.
const DAMAGE: [(&str, &str, &str); 5] = [
    (
        "amount = amount + 1 WHERE external_id = 'txn_1'",
        "amount = amount - 1 WHERE external_id = 'txn_1'",
        "should move its amount between suspense and another account, and does not",
    ),
    (
        "direction = 'out' WHERE external_id = 'txn_2'",
        "direction = 'in' WHERE external_id = 'txn_2'",
        "should move its amount between suspense and another account, and does not",
    ),
    (
        "payment_intent_id = gen_random_uuid()",
        "payment_intent_id = NULL",
        "its payment intent should be there, and is missing",
    ),
    (
        "entry_id = gen_random_uuid() WHERE external_id = 'txn_1'",
        "entry_id = (SELECT id FROM journal_entries WHERE sequence = 1) WHERE external_id = 'txn_1'",
        "its movement should be there, and is missing",
    ),
    (
        "resolution = 'keep', resolved_by = 'operator', resolved_at = now(),
            resolution_entry_id = entry_id WHERE external_id = 'txn_1'",
        "resolution = NULL, resolved_by = NULL, resolved_at = NULL, resolution_entry_id = NULL
            WHERE external_id = 'txn_1'",
        "should hold 0 minor units by its movements that are not resolved, found 700",
    ),
];

#[test]
fn verify_holds_movements_against_the_books() {
    run_test(async |app| {
        app.unmatched(&unknown("txn_1", "7.00")).await;
        let kept = app.unmatched(&unknown("txn_2", "5.00")).await;
        app.resolved(&kept, "keep").await;
        let mut db = app.pool.acquire().await.unwrap();
        for (damage, undo, words) in DAMAGE {
            run(&mut db, &format!("UPDATE movements SET {damage}")).await;
            let fault = verify(&app.pool, Some(app.merchant.id)).await.unwrap_err();
            assert!(fault.to_string().contains(words), "{damage}\n{fault}");
            run(&mut db, &format!("UPDATE movements SET {undo}")).await;
        }
    });
}
