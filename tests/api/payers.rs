//! Payers beside each other: what one begins is that one's, and nobody waits for long for another.

use super::harness::{Answer, Browser, TestApp, run_test};
use serde_json::{Value, json};
use threadpay::base::language::Language;
use time::Duration;

const SOMEBODY_PAYING: &str = Language::En.texts().somebody_paying;

async fn link(app: &TestApp, more: &Value) -> (String, String) {
    let mut body = json!({"amount": "5.00", "currency": "EUR"});
    let fields = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(fields);
    let link = app.merchant.bot.create_link(&body).await;
    let text = |name: &str| link[name].as_str().unwrap().to_owned();
    (text("id"), text("url"))
}

fn has_buttons(page: &Answer) -> bool {
    page.text().contains("<button")
}

#[test]
fn what_a_payer_began_belongs_to_that_browser() {
    run_test(async |app| {
        let (id, url) = link(app, &json!({})).await;
        let (payer, other) = (Browser::new(&app.anyone), Browser::new(&app.anyone));
        let stale = other.open(&url).await.form_token().unwrap();
        let page = payer.pay(&url, "pm_sandbox_requires_action").await;
        assert!(
            page.text().contains("Confirm your payment"),
            "{}",
            page.text()
        );
        let path = format!("/v1/payment_links/{id}/payments");
        let payments = app.merchant.bot.get(&path).await.expect(200);
        let intent = payments["data"][0]["id"].as_str().unwrap();
        let own = payments["data"][0]["pay_url"].as_str().unwrap();
        // At the link's address and at the payment's own.
        for url in [url.as_str(), own] {
            let page = other.open(url).await;
            assert!(page.text().contains(SOMEBODY_PAYING), "{}", page.text());
            assert!(page.text().contains("http-equiv=\"refresh\""));
            assert!(!has_buttons(&page), "{}", page.text());
            assert!(has_buttons(&payer.open(url).await), "{url}");
        }
        let fields = [
            ("csrf", stale.as_str()),
            ("payment_method", "pm_sandbox_ok"),
        ];
        let late = other.post(&format!("{url}/pay"), &fields).await;
        assert_eq!(late.status, 409);
        assert!(late.text().contains(SOMEBODY_PAYING));
        // A form of the page does not help either.
        let form = payer.open(own).await.form_token().unwrap();
        let refusal = [("csrf", form.as_str()), ("outcome", "fail")];
        let refused = other.post(&format!("{own}/action"), &refusal).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        let status = app.merchant.bot.intent(intent).await["status"].clone();
        assert_eq!(status, "requires_action");
        let page = payer.open(&url).await;
        let form = page.form_token().unwrap();
        let accept = [("csrf", form.as_str()), ("outcome", "succeed")];
        let paid = payer.post(&format!("{own}/action"), &accept).await;
        assert!(paid.header("location").unwrap().contains("/r/"));
    });
}

#[test]
fn what_a_bot_began_is_for_whoever_has_the_page() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let body = json!({"amount": "5.00", "currency": "EUR"});
        let intent = bot.create_intent(&body).await.expect(201);
        let id = intent["id"].as_str().unwrap();
        bot.confirm(id, "pm_sandbox_requires_action")
            .await
            .expect(200);
        let url = intent["pay_url"].as_str().unwrap();
        let acted = Browser::new(&app.anyone).act(url, "succeed").await;
        assert_eq!(acted.status, 303, "{}", acted.text());
        assert_eq!(bot.intent(id).await["status"], "succeeded");
    });
}

#[test]
fn a_place_is_not_kept_for_a_payer_who_went_away() {
    run_test(async |app| {
        let fields = json!({"usage": "multi", "max_payments": 2});
        let (id, url) = link(app, &fields).await;
        let payers = [Browser::new(&app.anyone), Browser::new(&app.anyone)];
        for payer in &payers {
            payer.pay(&url, "pm_sandbox_requires_action").await;
        }
        let third = Browser::new(&app.anyone);
        let full = third.open(&url).await;
        assert!(full.text().contains(SOMEBODY_PAYING), "{}", full.text());
        assert!(!full.text().contains("Do not pay again"));
        app.clock.advance(Duration::minutes(14));
        app.resolve().await;
        assert!(!has_buttons(&third.open(&url).await));
        app.clock.advance(Duration::minutes(2));
        app.resolve().await;
        let paid = third.pay(&url, "pm_sandbox_ok").await;
        assert!(paid.text().contains("Receipt from"), "{}", paid.text());
        // Whoever comes back has paid nothing, and may pay as long as there is a place.
        let back = payers[0].open(&url).await;
        assert!(has_buttons(&back), "{}", back.text());
        payers[0].pay(&url, "pm_sandbox_ok").await;
        assert_eq!(payers[1].open(&url).await.status, 410);
        let path = format!("/v1/payment_links/{id}");
        let link = app.merchant.bot.get(&path).await.expect(200);
        let standing = (&link["status"], &link["payments_count"]);
        assert_eq!(standing, (&json!("completed"), &json!(2)));
    });
}

#[test]
fn an_action_in_time_pays_and_one_too_late_takes_nothing() {
    run_test(async |app| {
        for (minutes, status) in [(14, "succeeded"), (16, "requires_payment")] {
            let (id, url) = link(app, &json!({})).await;
            let payer = Browser::new(&app.anyone);
            let page = payer.pay(&url, "pm_sandbox_requires_action").await;
            let csrf = page.form_token().unwrap();
            let path = format!("/v1/payment_links/{id}/payments");
            let payment = app.merchant.bot.get(&path).await.expect(200)["data"][0].clone();
            app.clock.advance(Duration::minutes(minutes));
            app.resolve().await;
            let own = payment["pay_url"].as_str().unwrap();
            let fields = [("csrf", csrf.as_str()), ("outcome", "succeed")];
            payer.post(&format!("{own}/action"), &fields).await;
            let intent = payment["id"].as_str().unwrap();
            let intent = app.merchant.bot.intent(intent).await;
            assert_eq!(intent["status"], status, "after {minutes} minutes");
        }
    });
}
