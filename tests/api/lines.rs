//! What people say about lines of statements: each way books what it says, and can be seen.

use super::{
    harness::{Answer, TestApp, run_test},
    statements::{Line, camt},
    transfers::{IBAN, reference},
};
use serde_json::{Value, json};

impl TestApp {
    /// The lines of a new statement, as they came to.
    pub async fn lines(&self, lines: &[Line<'_>]) -> Vec<Value> {
        let statement = self.import(lines).await;
        self.lines_of(&statement).await
    }

    /// What finance says about a line.
    pub async fn say(&self, line: &Value, verb: &str, body: &Value) -> Answer {
        let id = line["id"].as_str().unwrap();
        let path = format!("/v1/statement_lines/{id}/{verb}");
        self.merchant.finance.post(&path, body).await
    }

    /// Matches a line and proves the books.
    pub async fn matched(&self, line: &Value, intent: &str, reason: Option<&str>) -> Value {
        let body = json!({"payment_intent": intent, "reason": reason});
        let matched = self.say(line, "match", &body).await.expect(200);
        assert_eq!(
            (&matched["status"], &matched["payment_intent"]),
            (&json!("matched"), &json!(intent))
        );
        self.check_books().await;
        matched
    }

    pub async fn counts(&self, line: &Value) -> Value {
        let id = line["statement"].as_str().unwrap();
        let path = format!("/v1/statements/{id}");
        self.merchant.finance.get(&path).await.expect(200)["counts"].clone()
    }

    /// What is at the bank, in suspense and with the merchant, in EUR.
    pub async fn stands(&self) -> [String; 3] {
        let bank = self.merchant.owner.get("/v1/rail_accounts").await;
        let bank = bank.expect(200)["data"][0]["id"].clone();
        let bank = format!("bank:EUR:{}", bank.as_str().unwrap());
        [
            self.balance(&bank).await,
            self.balance("suspense").await,
            self.balance("merchant:pending").await,
        ]
    }

    pub async fn line_movement(&self, line: &Value) -> Value {
        let id = line["movement"].as_str().unwrap();
        self.movement(id).await
    }
}

pub fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

#[test]
fn a_line_that_nobody_knew_is_matched_by_hand() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let lines = app.lines(&[("7.00", "?", "A1")]).await;
        assert_eq!(lines[0]["how"], Value::Null);
        let intent = app.merchant.bot.ask_for("7.00", "EUR").await;
        let matched = app.matched(&lines[0], &intent, None).await;
        assert_eq!(matched["how"], "manual");
        let finance = app.line_movement(&matched).await["resolution"].clone();
        assert_eq!(finance["action"], "assign");
        assert_eq!(matched["decision"]["decided_by"], finance["resolved_by"]);
        assert_eq!(app.stands().await, ["7.00", "0.00", "7.00"]);
        let paid = app.merchant.bot.intent(&intent).await;
        assert_eq!(
            (&paid["status"], &paid["rail"]),
            (&json!("succeeded"), &json!("bank_transfer"))
        );
        let counts = app.counts(&matched).await;
        assert_eq!(
            (&counts["lines"], &counts["matched"], &counts["unexplained"]),
            (&json!(1), &json!(1), &json!(0))
        );
        let events = app.merchant.bot.events().await;
        let types: Vec<_> = events.iter().map(|event| event["type"].clone()).collect();
        assert_eq!(
            types[types.len() - 2..],
            ["payment_intent.succeeded", "movement.resolved"].map(Value::from)
        );
        // The bank may be told to send it back to where it came from.
        let refund = app.merchant.bot.refund(&intent, "2.00").await.id();
        let path = format!("/v1/refunds/{refund}/transfer");
        let file = app.merchant.finance.get(&path).await;
        assert!(
            file.text().contains("AT611904300234573201"),
            "{}",
            file.text()
        );
        // The same line again is the same money.
        let again = app.lines(&[("7.00", "?", "A1"), ("1.00", "?", "A2")]).await;
        assert_eq!(again[0]["status"], "duplicate");
        let problem = app
            .say(&again[0], "mark", &json!({"as": "unrelated"}))
            .await;
        let problem = problem.problem(409, "invalid_state");
        assert_eq!(problem["current_status"], "duplicate");
        assert_eq!(app.stands().await, ["8.00", "1.00", "7.00"]);
    });
}

#[test]
fn a_difference_is_accepted_with_a_reason() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let [less, late, more] = [
            app.awaited("20.00").await,
            app.awaited("50.00").await,
            app.awaited("30.00").await,
        ];
        app.merchant.bot.cancel(id(&late)).await.expect(200);
        let lines = app
            .lines(&[
                ("19.00", reference(&less), "A1"),
                ("50.00", reference(&late), "A2"),
                ("31.00", reference(&more), "A3"),
                ("3.00", "?", "A4"),
            ])
            .await;
        // Only the payment intent that it names takes less, or what came too late.
        for (line, intent) in [(&lines[0], &less), (&lines[1], &late)] {
            let body = json!({"payment_intent": intent["id"]});
            let refused = app.say(line, "match", &body).await;
            let problem = refused.problem(422, "invalid_request");
            assert_eq!(problem["param"], "/reason");
            let forced = app.matched(line, id(intent), Some("they paid")).await;
            assert_eq!(forced["how"], "forced");
            assert_eq!(forced["decision"]["reason"], "they paid");
        }
        let bot = &app.merchant.bot;
        assert_eq!(bot.intent(id(&less)).await["status"], "succeeded");
        assert_eq!(bot.intent(id(&late)).await["status"], "canceled");
        let other = bot.ask_for("3.01", "EUR").await;
        let body = json!({"payment_intent": other, "reason": "a cent is nothing"});
        let refused = app.say(&lines[3], "match", &body).await;
        let problem = refused.problem(422, "invalid_request");
        assert_eq!(problem["param"], "/payment_intent");
        // What is too much of one payment is another.
        let rest = bot.ask_for("1.00", "EUR").await;
        let body = json!({"payment_intent": rest});
        let matched = app.say(&lines[2], "match", &body).await.expect(200);
        assert_eq!(
            (&matched["status"], &matched["payment_intent"]),
            (&json!("matched"), &more["id"])
        );
        assert_eq!(bot.intent(&rest).await["status"], "succeeded");
        assert_eq!(app.stands().await, ["103.00", "3.00", "100.00"]);
        let counts = app.counts(&lines[0]).await;
        for (name, count) in [
            ("matched", 3),
            ("under", 0),
            ("over", 0),
            ("unexplained", 1),
        ] {
            assert_eq!(counts[name], count, "{name}: {counts}");
        }
    });
}

#[test]
fn a_line_is_marked_as_what_it_is() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let more = app.awaited("30.00").await;
        let lines = app
            .lines(&[
                ("4.00", "interest", "A1"),
                ("5.00", "?", "A2"),
                ("31.00", reference(&more), "A3"),
            ])
            .await;
        let unrelated = json!({"as": "unrelated", "reason": "interest"});
        let marked = app.say(&lines[0], "mark", &unrelated).await.expect(200);
        assert_eq!(
            (&marked["status"], &marked["how"]),
            (&json!("unrelated"), &json!("manual"))
        );
        let kept = app.line_movement(&marked).await["resolution"].clone();
        assert_eq!(
            (&kept["action"], &kept["reason"]),
            (&json!("keep"), &json!("interest"))
        );
        let body = json!({"as": "reviewed", "reason": "nobody knows"});
        let marked = app.say(&lines[1], "mark", &body).await.expect(200);
        assert_eq!(
            (
                &marked["status"],
                &marked["how"],
                &marked["decision"]["reason"]
            ),
            (
                &json!("unexplained"),
                &json!("manual"),
                &json!("nobody knows")
            )
        );
        // What has paid is not unrelated.
        let problem = app.say(&lines[2], "mark", &unrelated).await;
        let problem = problem.problem(409, "invalid_state");
        assert_eq!(problem["current_status"], "over");
        assert_eq!(app.stands().await, ["40.00", "6.00", "34.00"]);
        // What the merchant paid is nothing that is booked.
        let fees = camt(&[("9.00", "fees", "B1")], 10_000, &app.today())
            .replacen(
                "<CdtDbtInd>CRDT</CdtDbtInd><Sts>",
                "<CdtDbtInd>DBIT</CdtDbtInd><Sts>",
                1,
            )
            .replacen("109.00", "91.00", 1);
        let statement = app.give(&fees).await.expect(201);
        let fees = &app.lines_of(&statement).await[0];
        let intent = app.merchant.bot.ask_for("9.00", "EUR").await;
        let body = json!({"payment_intent": intent});
        let problem = app.say(fees, "match", &body).await;
        problem.problem(409, "invalid_state");
        let marked = app.say(fees, "mark", &unrelated).await.expect(200);
        assert_eq!(marked["status"], "unrelated");
        let counts = app.counts(fees).await;
        assert_eq!(
            (&counts["unrelated"], &counts["unexplained"]),
            (&json!(1), &json!(0))
        );
        let path = format!("/v1/statements/{}/lines?status=unrelated", id(&statement));
        let listed = app.merchant.finance.get(&path).await.expect(200);
        assert_eq!(listed["data"], json!([marked]));
        assert_eq!(app.stands().await, ["40.00", "6.00", "34.00"]);
    });
}

#[test]
fn a_line_is_decided_about_once() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let exact = app.awaited("2.00").await;
        let lines = app
            .lines(&[("7.00", "?", "A1"), ("2.00", reference(&exact), "A2")])
            .await;
        let bot = &app.merchant.bot;
        let [one, other] = [
            bot.ask_for("7.00", "EUR").await,
            bot.ask_for("7.00", "EUR").await,
        ];
        let body = |intent: &str| json!({"payment_intent": intent});
        let (bodies, line) = ([body(&one), body(&other)], &lines[0]);
        let tried = futures_util::future::join(
            app.say(line, "match", &bodies[0]),
            app.say(line, "match", &bodies[1]),
        );
        let (first, second) = tried.await;
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(app.stands().await, ["9.00", "0.00", "9.00"]);
        // What was found by ourselves needs no one, and what is decided stays.
        for (line, verb, body) in [
            (&lines[1], "match", body(&one)),
            (&lines[1], "mark", json!({"as": "reviewed"})),
            (line, "mark", json!({"as": "unrelated"})),
        ] {
            let problem = app.say(line, verb, &body).await;
            let problem = problem.problem(409, "invalid_state");
            assert_eq!(problem["current_status"], "matched");
        }
    });
}

#[test]
fn a_decision_about_a_line_has_one_answer_and_is_not_for_everybody() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let lines = app.lines(&[("7.00", "?", "A1")]).await;
        let intent = app.merchant.bot.ask_for("7.00", "EUR").await;
        let path = format!("/v1/statement_lines/{}", id(&lines[0]));
        let verbs = [
            ("match", json!({"payment_intent": intent})),
            ("mark", json!({"as": "unrelated"})),
            ("unmatch", json!({"reason": "a mistake"})),
        ];
        let stranger = app.another_merchant().await;
        for (verb, body) in &verbs {
            let path = format!("{path}/{verb}");
            let bot = app.merchant.bot.post(&path, body).await;
            bot.problem(403, "forbidden");
            let other = stranger.finance.post(&path, body).await;
            other.problem(404, "not_found");
        }
        let theirs = stranger.bot.ask_for("7.00", "EUR").await;
        for (verb, body, param) in [
            ("match", json!({}), "/payment_intent"),
            (
                "match",
                json!({"payment_intent": theirs}),
                "/payment_intent",
            ),
            (
                "match",
                json!({"payment_intent": intent, "reason": ""}),
                "/reason",
            ),
            ("mark", json!({"as": "matched"}), "/as"),
            ("mark", json!({}), "/as"),
        ] {
            let problem = app.say(&lines[0], verb, &body).await;
            let problem = problem.problem(422, "invalid_request");
            assert_eq!(problem["param"], param, "{body}");
        }
        let finance = &app.merchant.finance;
        let (path, body) = (format!("{path}/match"), verbs[0].1.to_string());
        let first = finance.post_with("once", &path, &body).await;
        let again = finance.post_with("once", &path, &body).await;
        assert_eq!((first.status, &first.bytes), (200, &again.bytes));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(app.stands().await, ["7.00", "0.00", "7.00"]);
    });
}

#[test]
fn money_that_went_is_a_refund() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let intent = app.awaited("20.00").await;
        app.lines(&[("20.00", reference(&intent), "A1")]).await;
        let back = camt(&[("5.00", reference(&intent), "B1")], 10_000, &app.today())
            .replacen(
                "<CdtDbtInd>CRDT</CdtDbtInd><Sts>",
                "<CdtDbtInd>DBIT</CdtDbtInd><Sts>",
                1,
            )
            .replacen("105.00", "95.00", 1);
        let statement = app.give(&back).await.expect(201);
        let line = &app.lines_of(&statement).await[0];
        assert_eq!(line["status"], "data_mismatch");
        let matched = app.matched(line, id(&intent), None).await;
        assert_eq!(matched["how"], "manual");
        let refunded = app.merchant.bot.intent(id(&intent)).await;
        assert_eq!(refunded["amount_refunded"], "5.00");
        assert_eq!(app.stands().await, ["15.00", "0.00", "15.00"]);
        // Whoever was told of a refund was told the truth.
        let why = json!({"reason": "a mistake"});
        let problem = app.say(line, "unmatch", &why).await;
        problem.problem(409, "invalid_state");
    });
}
