//! Test and live: what a live merchant's objects say, and that nothing is played for one.

use super::harness::{Answer, Merchant, run_test};
use serde_json::{Value, json};

/// An intent, a link and an endpoint of a merchant, as their answers and as they are read again.
async fn objects(merchant: &Merchant) -> Vec<Value> {
    let owner = &merchant.owner;
    let terms = json!({"amount": "12.50", "currency": "EUR"});
    let url = json!({"url": "https://bot.example.com/hook", "event_types": ["*"]});
    let mut objects = Vec::new();
    for (path, body) in [
        ("/v1/payment_intents", &terms),
        ("/v1/payment_links", &terms),
        ("/v1/callback_endpoints", &url),
    ] {
        let made = owner.post(path, body).await.expect(201);
        let id = made["id"].as_str().unwrap().to_owned();
        let read = owner.get(&format!("{path}/{id}")).await.expect(200);
        let listed = owner.get(path).await.expect(200)["data"][0].clone();
        objects.extend([made, read, listed]);
    }
    let feed = owner.get("/v1/events?after=0").await.expect(200);
    let events = feed["data"].as_array().unwrap();
    assert!(events.len() >= 2, "{feed}");
    objects.extend(events.iter().cloned());
    objects.extend(events.iter().map(|event| event["data"].clone()));
    objects
}

#[test]
fn livemode_is_the_merchant_s() {
    run_test(async |app| {
        let live = app.live_merchant().await;
        for (merchant, mode) in [(&app.merchant, false), (&live, true)] {
            for object in objects(merchant).await {
                assert_eq!(object["livemode"], json!(mode), "{object}");
            }
        }
    });
}

#[test]
fn nothing_is_played_for_a_live_merchant() {
    run_test(async |app| {
        let live = app.live_merchant().await;
        let owner = &live.owner;
        let terms = json!({"amount": "12.50", "currency": "EUR"});
        let intent = owner.post("/v1/payment_intents", &terms).await.expect(201);
        let id = intent["id"].as_str().unwrap();
        let confirm = json!({"payment_method": "pm_sandbox_ok"});
        let path = format!("/v1/payment_intents/{id}/confirm");
        let answer: Answer = owner.post(&path, &confirm).await;
        answer.problem(409, "rail_not_available");
        for (path, body) in [
            (
                format!("/v1/sandbox/outcomes/{id}"),
                json!({"outcome": "succeed"}),
            ),
            (
                format!("/v1/sandbox/actions/{id}"),
                json!({"outcome": "succeed"}),
            ),
            ("/v1/sandbox/journal_entries".to_owned(), json!({})),
        ] {
            let problem = owner.post(&path, &body).await.problem(404, "not_found");
            assert!(problem.to_string().contains("live"), "{path}: {problem}");
        }
        let link = owner.post("/v1/payment_links", &terms).await.expect(201);
        for url in [&intent["pay_url"], &link["url"]] {
            let page = app.anyone.get(url.as_str().unwrap()).await;
            assert_eq!(page.form_token(), None, "{}", page.text());
            assert!(!page.text().contains("pm_sandbox"), "{}", page.text());
        }
        let after = owner.get(&format!("/v1/payment_intents/{id}")).await;
        assert_eq!(after.expect(200)["status"], "requires_payment");
    });
}
