//! Lines that pay several payment intents: each part is a movement of its own, and nothing is booked
//! twice.

use super::{
    harness::{TestApp, run_test},
    lines::id,
    transfers::{IBAN, reference},
};
use serde_json::{Value, json};

impl TestApp {
    /// The movements that a line was split into.
    async fn parts(&self, line: &Value) -> Vec<Value> {
        let mut parts = Vec::new();
        for part in line["parts"].as_array().unwrap() {
            parts.push(self.movement(part.as_str().unwrap()).await);
        }
        parts
    }

    async fn split(&self, line: &Value, parts: &[(&str, Option<&str>)]) -> Value {
        let part = |(amount, intent): &(&str, Option<&str>)| json!({"amount": amount, "payment_intent": intent});
        let parts: Vec<Value> = parts.iter().map(part).collect();
        let split = self.say(line, "split", &json!({"parts": parts})).await;
        let split = split.expect(200);
        self.check_books().await;
        split
    }
}

#[test]
fn a_line_pays_several() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let lines = app.lines(&[("12.00", "both orders", "A1")]).await;
        let bot = &app.merchant.bot;
        let [one, other] = [
            bot.ask_for("7.00", "EUR").await,
            bot.ask_for("5.00", "EUR").await,
        ];
        let parts = [("7.00", Some(one.as_str())), ("5.00", Some(&other))];
        let split = app.split(&lines[0], &parts).await;
        assert_eq!(
            (&split["status"], &split["how"], &split["movement"]),
            (&json!("matched"), &json!("manual"), &lines[0]["movement"])
        );
        assert_eq!(app.stands().await, ["12.00", "0.00", "12.00"]);
        for intent in [&one, &other] {
            assert_eq!(bot.intent(intent).await["status"], "succeeded");
        }
        let whole = app.line_movement(&split).await;
        assert_eq!(whole["resolution"]["action"], "split");
        for (part, intent) in app.parts(&split).await.iter().zip([&one, &other]) {
            assert_eq!(part["external_id"], whole["id"]);
            assert_eq!(part["journal_entry"], whole["resolution"]["journal_entry"]);
            assert_eq!(part["resolution"]["action"], "assign");
            assert_eq!(part["resolution"]["payment_intent"], *intent);
        }
        // The entry moves nothing out of suspense.
        let entries = "/v1/journal_entries?limit=3";
        let entries = app.merchant.finance.get(entries).await.expect(200);
        let amounts: Vec<_> = entries["data"][2]["postings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| [&p["account"], &p["direction"], &p["amount"]].map(|v| v.as_str().unwrap()))
            .collect();
        assert_eq!(
            amounts,
            [
                ["suspense", "debit", "12.00"],
                ["suspense", "credit", "7.00"],
                ["suspense", "credit", "5.00"]
            ]
        );
        assert_eq!(app.counts(&split).await["matched"], 1);
        // The bank tells of it again: it is the same money still.
        let again = app.lines(&[("12.00", "both orders", "A1"), ("1.00", "?", "A2")]);
        assert_eq!(again.await[0]["status"], "duplicate");
        let problem = app.say(&split, "mark", &json!({"as": "unrelated"})).await;
        problem.problem(409, "invalid_state");
    });
}

#[test]
fn a_part_for_nobody_waits_in_suspense() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let more = app.awaited("30.00").await;
        let lines = app
            .lines(&[("12.00", "?", "A1"), ("33.00", reference(&more), "A2")])
            .await;
        let intent = app.merchant.bot.ask_for("7.00", "EUR").await;
        let parts = [("7.00", Some(intent.as_str())), ("5.00", None)];
        let split = app.split(&lines[0], &parts).await;
        assert_eq!(
            (&split["status"], &split["how"]),
            (&json!("unexplained"), &json!("manual"))
        );
        assert_eq!(app.stands().await, ["45.00", "8.00", "37.00"]);
        let types: Vec<_> = app.merchant.bot.events().await;
        let types: Vec<_> = types.iter().map(|event| event["type"].clone()).collect();
        assert_eq!(
            types[types.len() - 4..],
            [
                "movement.resolved",
                "payment_intent.succeeded",
                "movement.resolved",
                "movement.unmatched"
            ]
            .map(Value::from)
        );
        for (verb, body) in [
            ("match", json!({"payment_intent": intent})),
            ("mark", json!({"as": "unrelated"})),
            (
                "split",
                json!({"parts": [{"amount": "7.00"}, {"amount": "5.00"}]}),
            ),
        ] {
            let problem = app.say(&split, verb, &body).await;
            problem.problem(409, "invalid_state");
        }
        // It is decided about like any movement.
        app.resolved(&app.parts(&split).await[1], "keep").await;
        // Of what pays too much, the rest is split.
        let rest = app
            .split(&lines[1], &[("1.00", None), ("2.00", None)])
            .await;
        assert_eq!(
            (&rest["status"], &rest["payment_intent"]),
            (&json!("over"), &more["id"])
        );
        assert_eq!(app.stands().await, ["45.00", "3.00", "42.00"]);
    });
}

#[test]
fn parts_are_joined_again() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let lines = app.lines(&[("15.00", "?", "A1")]).await;
        let bot = &app.merchant.bot;
        let wrong = bot.ask_for("7.00", "EUR").await;
        let parts = [
            ("7.00", Some(wrong.as_str())),
            ("5.00", None),
            ("3.00", None),
        ];
        let split = app.split(&lines[0], &parts).await;
        app.resolved(&app.parts(&split).await[1], "keep").await;
        let why = json!({"reason": "other orders"});
        let undone = app.say(&split, "unmatch", &why).await.expect(200);
        app.check_books().await;
        assert_eq!(
            (&undone["status"], &undone["parts"]),
            (&json!("unexplained"), &json!([]))
        );
        assert_eq!(app.stands().await, ["15.00", "15.00", "0.00"]);
        let whole = app.line_movement(&undone).await;
        assert_eq!(
            (&whole["amount"], &whole["external_id"], &whole["status"]),
            (&json!("15.00"), &lines[0]["movement"], &json!("unmatched"))
        );
        let third = &app.parts(&split).await[2];
        assert_eq!(third["resolution"]["action"], "join");
        assert_eq!(bot.intent(&wrong).await["amount_refunded"], "7.00");
        // Nothing else is in suspense.
        let open = bot.get("/v1/movements?status=unmatched").await.expect(200);
        assert_eq!(open["data"], json!([whole]));
        let right = bot.ask_for("15.00", "EUR").await;
        app.matched(&undone, &right, None).await;
        assert_eq!(app.stands().await, ["15.00", "0.00", "15.00"]);
    });
}

#[test]
fn parts_are_asked_for_well() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let lines = app.lines(&[("12.00", "?", "A1")]).await;
        let bot = &app.merchant.bot;
        let [seven, five] = [
            bot.ask_for("7.00", "EUR").await,
            bot.ask_for("5.00", "EUR").await,
        ];
        let part = |amount: &str, intent: &str| json!({"amount": amount, "payment_intent": intent});
        let open = |amount: &str| json!({"amount": amount});
        let stranger = app.another_merchant().await;
        let theirs = stranger.bot.ask_for("5.00", "EUR").await;
        let wrong = "invalid_request";
        for (parts, code, param) in [
            (json!([]), wrong, "/parts"),
            (json!([open("12.00")]), wrong, "/parts"),
            (json!([open("7.00"), open("4.99")]), wrong, "/parts"),
            (json!([open("7.00"), open("5.01")]), wrong, "/parts"),
            (
                json!([open("12.00"), open("0.00")]),
                "invalid_amount",
                "/parts/1/amount",
            ),
            (
                json!([open("7.001"), open("5")]),
                "invalid_amount",
                "/parts/0/amount",
            ),
            (
                json!([{"amount": 7}, open("5")]),
                "invalid_amount",
                "/parts/0/amount",
            ),
            (
                json!([open("7"), part("5", &seven)]),
                wrong,
                "/parts/1/payment_intent",
            ),
            (
                json!([open("7"), part("5", &theirs)]),
                wrong,
                "/parts/1/payment_intent",
            ),
            (
                json!([part("5", &five), part("5", &five), open("2")]),
                wrong,
                "/parts/1/payment_intent",
            ),
        ] {
            let body = json!({"parts": parts});
            let problem = app.say(&lines[0], "split", &body).await;
            assert_eq!(problem.problem(422, code)["param"], param, "{body}");
        }
        assert_eq!(app.stands().await, ["12.00", "12.00", "0.00"]);
        assert_eq!(bot.intent(&five).await["status"], "requires_payment");
        let body = json!({"parts": [part("7.00", &seven), part("5.00", &five)]});
        let path = format!("/v1/statement_lines/{}/split", id(&lines[0]));
        bot.post(&path, &body).await.problem(403, "forbidden");
        let other = stranger.owner.post(&path, &body).await;
        other.problem(404, "not_found");
        let (owner, body) = (&app.merchant.owner, body.to_string());
        let first = owner.post_with("once", &path, &body).await;
        let again = owner.post_with("once", &path, &body).await;
        assert_eq!((first.status, &first.bytes), (200, &again.bytes));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(app.stands().await, ["12.00", "0.00", "12.00"]);
    });
}
