//! Refunds: never more than was captured, whoever asks at the same time.

use super::harness::{Browser, run_test};
use futures_util::future::join_all;
use serde_json::json;

#[test]
fn thirty_refunds_of_a_tenth_give_exactly_ten() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.paid("10.00", "EUR").await;
        let answers = join_all((0..30).map(|_| bot.refund(&id, "1.00"))).await;
        let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(|a| a.status == 201);
        assert_eq!((good.len(), bad.len()), (10, 20));
        for answer in bad {
            answer.problem(422, "amount_too_large");
        }
        for answer in good {
            assert_eq!(answer.json()["status"], "succeeded");
        }
        let intent = bot.intent(&id).await;
        assert_eq!(
            (&intent["status"], &intent["amount_refunded"]),
            (&json!("succeeded"), &json!("10.00"))
        );
        let sql = "SELECT count(*) FROM journal_entries WHERE kind = 'refund'";
        assert_eq!(app.count(sql).await, 10);
    });
}

#[test]
fn a_refund_is_given_as_it_was_asked_for() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.ask_for("10.00", "EUR").await;
        bot.refund(&id, "1.00").await.problem(409, "invalid_state");
        bot.confirm(&id, "pm_sandbox_ok").await.expect(200);
        let path = format!("/v1/payment_intents/{id}/refunds");
        let body = json!({"amount": "2.50", "reason": "one was cold"});
        let refund = bot.post(&path, &body).await.expect(201);
        let wanted = [
            ("object", "refund"),
            ("payment_intent", &id),
            ("amount", "2.50"),
            ("currency", "EUR"),
            ("status", "succeeded"),
            ("reason", "one was cold"),
        ];
        for (name, value) in wanted {
            assert_eq!(refund[name], value, "{name}");
        }
        let own = refund["id"].as_str().unwrap();
        assert_eq!(
            bot.get(&format!("/v1/refunds/{own}")).await.expect(200),
            refund
        );
        // All that is left, if no amount is given.
        let rest = bot.post(&path, &json!({})).await.expect(201);
        assert_eq!(rest["amount"], "7.50");
        bot.post(&path, &json!({}))
            .await
            .problem(422, "amount_too_large");
        let list = bot.get(&path).await.expect(200);
        assert_eq!(list["data"], json!([rest, refund]));
        let events = bot.events().await;
        let told: Vec<&str> = events.iter().map(|e| e["type"].as_str().unwrap()).collect();
        let refunded = ["refund.created", "refund.succeeded"];
        assert_eq!(told[2..], [refunded, refunded].concat());
        let entries = app
            .merchant
            .finance
            .get(&format!("/v1/payment_intents/{id}/entries"))
            .await;
        let entries = entries.expect(200);
        let kinds: Vec<_> = entries["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["kind"].clone())
            .collect();
        assert_eq!(kinds, ["capture", "refund", "refund"]);
        assert_eq!(entries["data"][2]["postings"][0]["balance_after"], "0.00");
    });
}

#[test]
fn the_one_payment_of_a_link_can_be_refunded() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let link = bot
            .create_link(&json!({"amount": "5.00", "currency": "EUR"}))
            .await;
        let url = link["url"].as_str().unwrap();
        Browser::new(&app.anyone).pay(url, "pm_sandbox_ok").await;
        let path = format!(
            "/v1/payment_links/{}/payments",
            link["id"].as_str().unwrap()
        );
        let payments = bot.get(&path).await.expect(200);
        let paid = payments["data"][0]["id"].as_str().unwrap();
        let refund = bot.refund(paid, "5.00").await.expect(201);
        assert_eq!(refund["status"], "succeeded");
    });
}
