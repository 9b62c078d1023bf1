//! Who has a page may try stolen cards on it: declines are bounded, and leave little behind.

use super::harness::{Answer, Browser, TestApp, new_key, run_test};
use serde_json::{Value, json};
use threadpay::base::language::Language;
use time::Duration;

const DECLINED: &str = "pm_sandbox_declined";

fn notes() -> Value {
    let note = |n: usize| (format!("note-{n}"), "n".repeat(500).into());
    Value::Object((0..50).map(note).collect())
}

async fn link(app: &TestApp, more: &Value) -> Value {
    let mut body = json!({"amount": "5.00", "currency": "EUR"});
    let fields = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(fields);
    app.merchant.bot.create_link(&body).await
}

/// Posts the form of a page that was opened before.
async fn post(app: &TestApp, url: &str, csrf: &str) -> Answer {
    let fields = [("csrf", csrf), ("payment_method", DECLINED)];
    app.anyone.post_form(&format!("{url}/pay"), &fields).await
}

async fn payments(app: &TestApp, link: &Value) -> Vec<Value> {
    let path = format!(
        "/v1/payment_links/{}/payments",
        link["id"].as_str().unwrap()
    );
    let list = app.merchant.bot.get(&path).await.expect(200);
    list["data"].as_array().unwrap().clone()
}

#[test]
fn after_five_declines_an_intent_rests() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.ask_for("3.00", "EUR").await;
        for _ in 0..4 {
            bot.confirm(&id, DECLINED).await.expect(402);
        }
        assert_eq!(bot.intent(&id).await["attempts_blocked_until"], json!(null));
        bot.confirm(&id, DECLINED).await.expect(402);
        let until = bot.intent(&id).await["attempts_blocked_until"].clone();
        assert!(until.is_string(), "{until}");
        let events = bot.events().await;
        let told = events.last().unwrap();
        assert_eq!(told["type"], "payment_intent.payment_failed");
        assert_eq!(told["data"]["attempts_blocked_until"], until);
        let (key, path) = (new_key(), format!("/v1/payment_intents/{id}/confirm"));
        let body = json!({"payment_method": "pm_sandbox_ok"}).to_string();
        let early = bot.post_with(&key, &path, &body).await;
        early.problem(429, "too_many_declines");
        let wait: i64 = early.header("retry-after").unwrap().parse().unwrap();
        assert!((600..=721).contains(&wait), "{wait}");
        assert_eq!(app.count("SELECT count(*) FROM attempts").await, 5);
        app.clock.advance(Duration::seconds(wait));
        // The key is free: nothing was done.
        let paid = bot.post_with(&key, &path, &body).await.expect(200);
        assert_eq!(paid["status"], "succeeded");
        assert_eq!(paid["attempts_blocked_until"], json!(null));
    });
}

#[test]
fn a_page_says_that_there_were_too_many_declines() {
    run_test(async |app| {
        let body = json!({"amount": "3.00", "currency": "EUR", "metadata": notes()});
        let intent = app.merchant.bot.create_intent(&body).await.expect(201);
        let url = intent["pay_url"].as_str().unwrap();
        let payer = Browser::new(&app.anyone);
        let open = app.anyone.open_form(url).await;
        for _ in 0..4 {
            let page = payer.pay(url, DECLINED).await;
            assert!(page.text().contains(Language::En.texts().declined));
        }
        let page = payer.pay(url, DECLINED).await;
        assert_eq!(page.form_token(), None);
        let refused = post(app, url, &open).await;
        assert_eq!(refused.status, 429);
        for page in [&page, &refused] {
            let text = page.text();
            let heading = Language::En.texts().too_many_declines;
            assert!(text.contains(heading), "{text}");
        }
        assert!(refused.header("retry-after").is_some());
        for event in app.merchant.bot.events().await {
            let notes = event["data"]["metadata"].as_object().unwrap().len();
            let is_failure = event["type"] == "payment_intent.payment_failed";
            assert_eq!(notes, if is_failure { 0 } else { 50 }, "{}", event["type"]);
        }
    });
}

#[test]
fn declines_by_a_link_leave_one_payment_behind() {
    run_test(async |app| {
        let link = link(app, &json!({"usage": "multi", "metadata": notes()})).await;
        let url = link["url"].as_str().unwrap();
        for _ in 0..5 {
            let page = Browser::new(&app.anyone).pay(url, DECLINED).await;
            assert!(page.text().contains(Language::En.texts().declined));
            assert!(page.form_token().is_some());
        }
        // Each is told, without the notes; the payment and its page are made once.
        let left = payments(app, &link).await;
        assert_eq!(
            (left.len(), &left[0]["status"]),
            (1, &json!("requires_payment"))
        );
        let of_type = async |name: &str| {
            let events = app.merchant.bot.events().await.into_iter();
            events.filter(|e| e["type"] == name).collect::<Vec<_>>()
        };
        let created = of_type("payment_intent.created").await;
        assert_eq!(
            (created.len(), &created[0]["data"]["metadata"]),
            (1, &json!({}))
        );
        let failed = of_type("payment_intent.payment_failed").await;
        assert_eq!(failed.len(), 5);
        assert!(failed.iter().all(|e| e["data"]["metadata"] == json!({})));
        // The next payer pays, and the one after that has a payment of his own.
        for count in [1, 2] {
            let paid = Browser::new(&app.anyone).pay(url, "pm_sandbox_ok").await;
            assert!(paid.text().contains("Receipt from"), "{}", paid.text());
            let left = payments(app, &link).await;
            assert_eq!(left.len(), count);
            assert!(left.iter().all(|payment| payment["status"] == "succeeded"));
            assert_eq!(left[0]["metadata"], notes());
        }
    });
}

#[test]
fn a_payment_whose_page_somebody_has_is_nobody_else_s() {
    run_test(async |app| {
        let link = link(app, &json!({"usage": "multi"})).await;
        let url = link["url"].as_str().unwrap();
        let first = Browser::new(&app.anyone);
        first.pay(url, "pm_sandbox_requires_action").await;
        let own = payments(app, &link).await[0]["pay_url"].clone();
        first.act(own.as_str().unwrap(), "fail").await;
        Browser::new(&app.anyone).pay(url, "pm_sandbox_ok").await;
        assert_eq!(payments(app, &link).await.len(), 2);
        let page = first.open(own.as_str().unwrap()).await;
        assert!(page.form_token().is_some(), "{}", page.text());
    });
}

#[test]
fn a_link_rests_whatever_its_payers_choose() {
    run_test(async |app| {
        for (usage, most) in [("single", 5), ("multi", 20)] {
            let link = link(
                app,
                &json!({"usage": usage, "tip_options": ["0.00", "1.00"]}),
            )
            .await;
            let url = link["url"].as_str().unwrap();
            let open = app.anyone.open_form(url).await;
            let mut declines = 0;
            while app.anyone.get(url).await.form_token().is_some() {
                let tip = ["0.00", "1.00"][declines % 2];
                let fields = [("payment_method", DECLINED), ("tip", tip)];
                let payer = Browser::new(&app.anyone);
                assert_eq!(payer.submit(url, "pay", &fields).await.status, 303);
                declines += 1;
            }
            assert_eq!(declines, most);
            assert_eq!(post(app, url, &open).await.status, 429);
            let path = format!("/v1/payment_links/{}", link["id"].as_str().unwrap());
            let until = app.merchant.bot.get(&path).await.expect(200);
            let until = until["attempts_blocked_until"].clone();
            assert!(until.is_string(), "{until}");
            let told = app.merchant.bot.events().await;
            let told = &told.last().unwrap()["data"]["attempts_blocked_until"];
            assert_eq!(*told, until);
            // Nor does a payment's own page help.
            let payment = payments(app, &link).await[0].clone();
            let id = payment["id"].as_str().unwrap();
            let refused = app.merchant.bot.confirm(id, "pm_sandbox_ok").await;
            refused.problem(429, "too_many_declines");
            app.clock.advance(Duration::minutes(12));
            let paid = Browser::new(&app.anyone).pay(url, "pm_sandbox_ok").await;
            assert!(paid.text().contains("Receipt from"), "{}", paid.text());
        }
    });
}

#[test]
fn a_decline_after_its_time_ends_an_intent_at_once() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let body = json!({"amount": "3.00", "currency": "EUR", "expires_in": 60});
        let intent = bot.create_intent(&body).await.expect(201);
        let id = intent["id"].as_str().unwrap();
        bot.confirm(id, "pm_sandbox_pending").await.expect(200);
        app.clock.advance(Duration::seconds(61));
        app.expire().await;
        assert_eq!(bot.intent(id).await["status"], "processing");
        let ended = bot.settle(id, "fail").await.expect(200);
        assert_eq!(ended["status"], "expired");
        let told = bot.events().await;
        let told = told.iter().rev().take(2);
        let told: Vec<_> = told.map(|e| (&e["type"], &e["data"]["status"])).collect();
        let expected = ["payment_intent.expired", "payment_intent.payment_failed"];
        let expired = json!("expired");
        assert_eq!(
            told,
            expected
                .map(|name| (json!(name), expired.clone()))
                .iter()
                .map(|(a, b)| (a, b))
                .collect::<Vec<_>>()
        );
    });
}
