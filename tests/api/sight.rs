//! What callers see of what they may read: no more than their role needs.

use super::harness::{Client, run_test};
use serde_json::{Value, json};

/// What the caller reads of an intent, alone and in the list.
async fn read(client: &Client, id: &str) -> [Value; 2] {
    let list = client.get("/v1/payment_intents").await.expect(200);
    [client.intent(id).await, list["data"][0].clone()]
}

#[test]
fn finance_reads_a_payment_and_cannot_pay_it() {
    run_test(async |app| {
        let merchant = &app.merchant;
        let body = json!({"amount": "5.00", "currency": "EUR"});
        let made = merchant.bot.create_intent(&body).await.expect(201);
        let (id, url) = (made["id"].as_str().unwrap(), &made["pay_url"]);
        let token = url.as_str().unwrap().rsplit_once('/').unwrap().1;
        for status in ["requires_payment", "requires_action"] {
            // Whoever reads first: what was printed for one is not shown to the other.
            for client in [&merchant.bot, &merchant.finance, &merchant.owner] {
                let is_finance = std::ptr::eq(client, &raw const merchant.finance);
                for shown in read(client, id).await {
                    assert_eq!(shown["status"], status);
                    assert_eq!(shown["pay_url"] == *url, !is_finance);
                    assert_eq!(shown.to_string().contains(token), !is_finance);
                    assert!(shown.as_object().unwrap().contains_key("pay_url"));
                }
            }
            merchant.bot.confirm(id, "pm_sandbox_requires_action").await;
        }
    });
}

#[test]
fn a_bot_reads_entries_and_nothing_of_the_books_around_them() {
    run_test(async |app| {
        let merchant = &app.merchant;
        let id = merchant.bot.paid("5.00", "EUR").await;
        let path = format!("/v1/payment_intents/{id}/entries");
        for client in [&merchant.owner, &merchant.finance] {
            let entries = client.get(&path).await.expect(200);
            let entry = &entries["data"][0];
            assert_eq!(entry["sequence"], 1);
            assert_eq!(entry["postings"][0]["balance_after"], "5.00");
            assert!(entry["hash"].is_string() && entry["previous_hash"].is_string());
        }
        let entries = merchant.bot.get(&path).await.expect(200);
        let entry = &entries["data"][0];
        assert_eq!(entry["postings"][0]["amount"], "5.00");
        assert_eq!(entry["kind"], "capture");
        for hidden in ["sequence", "hash", "balance_after"] {
            assert!(!entries.to_string().contains(hidden), "{hidden}");
        }
    });
}
