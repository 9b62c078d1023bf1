//! What a person said of a line and takes back: nothing is deleted.

use super::{
    harness::run_test,
    lines::id,
    transfers::{IBAN, reference},
};
use serde_json::{Value, json};

#[test]
fn what_was_matched_wrongly_is_matched_anew() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let lines = app.lines(&[("7.00", "?", "A1")]).await;
        let bot = &app.merchant.bot;
        let [wrong, right] = [
            bot.ask_for("7.00", "EUR").await,
            bot.ask_for("7.00", "EUR").await,
        ];
        let matched = app.matched(&lines[0], &wrong, None).await;
        let why = json!({"reason": "it was for another order"});
        let undone = app.say(&matched, "unmatch", &why).await.expect(200);
        app.check_books().await;
        assert_eq!(
            (&undone["status"], &undone["how"], &undone["payment_intent"]),
            (&json!("unexplained"), &Value::Null, &Value::Null)
        );
        assert_eq!(undone["decision"]["reason"], why["reason"]);
        assert_eq!(app.stands().await, ["7.00", "7.00", "0.00"]);
        assert_eq!(app.counts(&undone).await["unexplained"], 1);
        // Nothing is deleted: it was paid, and is refunded.
        let was = bot.intent(&wrong).await;
        assert_eq!(
            (&was["status"], &was["amount_refunded"]),
            (&json!("succeeded"), &json!("7.00"))
        );
        let before = app.line_movement(&matched).await;
        assert_eq!(before["status"], "resolved");
        let movement = app.line_movement(&undone).await;
        assert_eq!(
            (&movement["status"], &movement["external_id"]),
            (&json!("unmatched"), &before["id"])
        );
        let events = bot.events().await;
        let types: Vec<_> = events.iter().map(|event| event["type"].clone()).collect();
        assert_eq!(
            types[types.len() - 3..],
            ["refund.created", "refund.succeeded", "movement.unmatched"].map(Value::from)
        );
        assert_eq!(
            events[events.len() - 2]["journal_entries"],
            json!([movement["journal_entry"]])
        );
        app.matched(&undone, &right, None).await;
        assert_eq!(bot.intent(&right).await["status"], "succeeded");
        assert_eq!(app.stands().await, ["7.00", "0.00", "7.00"]);
        // The bank tells of it again: it is the same money still.
        let again = app.lines(&[("7.00", "?", "A1"), ("1.00", "?", "A2")]).await;
        assert_eq!(again[0]["status"], "duplicate");
    });
}

#[test]
fn whatever_a_person_said_can_be_undone() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let [late, more] = [app.awaited("50.00").await, app.awaited("30.00").await];
        let bot = &app.merchant.bot;
        bot.cancel(id(&late)).await.expect(200);
        let lines = app
            .lines(&[
                ("50.00", reference(&late), "A1"),
                ("31.00", reference(&more), "A2"),
                ("4.00", "interest", "A3"),
            ])
            .await;
        let before = app.stands().await;
        app.matched(&lines[0], id(&late), Some("they paid")).await;
        let rest = bot.ask_for("1.00", "EUR").await;
        let body = json!({"payment_intent": rest});
        app.say(&lines[1], "match", &body).await.expect(200);
        let body = json!({"as": "unrelated"});
        app.say(&lines[2], "mark", &body).await.expect(200);
        assert_eq!(app.stands().await, ["85.00", "0.00", "85.00"]);
        for line in &lines {
            let why = json!({"reason": "a mistake"});
            let undone = app.say(line, "unmatch", &why).await.expect(200);
            app.check_books().await;
            for member in ["status", "how", "payment_intent", "attempt"] {
                assert_eq!(undone[member], line[member], "{member}");
            }
            let again = app.say(line, "unmatch", &why).await;
            let problem = again.problem(409, "invalid_state");
            assert_eq!(problem["current_status"], line["status"]);
        }
        assert_eq!(app.stands().await, before);
        assert_eq!(app.counts(&lines[0]).await["matched"], 0);
    });
}

#[test]
fn what_went_on_meanwhile_is_not_undone() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let exact = app.awaited("2.00").await;
        let lines = app
            .lines(&[("7.00", "?", "A1"), ("2.00", reference(&exact), "A2")])
            .await;
        let bot = &app.merchant.bot;
        let intent = bot.ask_for("7.00", "EUR").await;
        app.matched(&lines[0], &intent, None).await;
        bot.refund(&intent, "1.00").await.expect(201);
        let why = json!({"reason": "a mistake"});
        let problem = app.say(&lines[0], "unmatch", &why).await;
        let problem = problem.problem(409, "invalid_state");
        assert!(problem["detail"].as_str().unwrap().contains("refunded"));
        // Nobody has said what we have found.
        let problem = app.say(&lines[1], "unmatch", &why).await;
        let problem = problem.problem(409, "invalid_state");
        assert_eq!(problem["current_status"], "matched");
        let problem = app.say(&lines[0], "unmatch", &json!({})).await;
        assert_eq!(problem.problem(422, "invalid_request")["param"], "/reason");
    });
}
