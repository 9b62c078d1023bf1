//! Who causes what: events, entries and endpoints say it.

use super::harness::run_test;
use serde_json::{Value, json};
use time::Duration;

fn created_by(object: &Value) -> &str {
    object["created_by"].as_str().unwrap()
}

#[test]
fn events_entries_and_endpoints_say_who_caused_them() {
    run_test(async |app| {
        let (bot, owner) = (&app.merchant.bot, &app.merchant.owner);
        let endpoint = bot
            .create_endpoint("https://bot.example/hook", &["*"])
            .await;
        let key = created_by(&endpoint).to_owned();
        assert!(key.starts_with("key_"), "{key}");
        let path = format!(
            "/v1/callback_endpoints/{}",
            endpoint["id"].as_str().unwrap()
        );
        assert_eq!(created_by(&owner.get(&path).await.expect(200)), key);
        // One that the bot confirms, one that its payer pays, one that nobody pays.
        let confirmed = bot.paid("5.00", "EUR").await;
        let body = json!({"amount": "3.00", "currency": "EUR"});
        let page = bot.create_intent(&body).await.expect(201);
        let url = page["pay_url"].as_str().unwrap();
        assert_eq!(app.anyone.pay(url, "pm_sandbox_ok").await.status, 303);
        bot.ask_for("1.00", "EUR").await;
        app.clock.advance(Duration::days(2));
        app.expire().await;
        let causes: Vec<(String, String)> = bot
            .events()
            .await
            .iter()
            .map(|event| {
                let kind = event["type"].as_str().unwrap().to_owned();
                (kind, created_by(event).to_owned())
            })
            .collect();
        let cause = |kind: &str, actor: &str| (format!("payment_intent.{kind}"), actor.to_owned());
        assert_eq!(
            causes,
            [
                cause("created", &key),
                cause("succeeded", &key),
                cause("created", &key),
                cause("succeeded", "payer"),
                cause("created", &key),
                cause("expired", "worker:expire"),
            ]
        );
        for (intent, actor) in [
            (confirmed.as_str(), &*key),
            (page["id"].as_str().unwrap(), "payer"),
        ] {
            let path = format!("/v1/payment_intents/{intent}/entries");
            let entries = owner.get(&path).await.expect(200);
            assert_eq!(created_by(&entries["data"][0]), actor);
        }
    });
}
