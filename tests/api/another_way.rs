//! A payer who has begun to pay at Stripe and takes another way on the pay page.

use super::harness::{
    Browser, TestApp,
    stripe::{StripePeer, run_with_stripe},
};
use serde_json::{Value, json};
use time::Duration;

/// An intent that a payer has begun to pay at Stripe: the intent, its page's address, the payer's
/// browser and the page there.
async fn begun(app: &TestApp, peer: &StripePeer) -> (String, String, Browser, String) {
    let asked = json!({"amount": "12.50", "currency": "EUR", "rails": ["stripe", "sandbox"]});
    let made = app.merchant.bot.create_intent(&asked).await.expect(201);
    let url = made["pay_url"].as_str().unwrap().to_owned();
    let browser = Browser::new(&app.anyone);
    browser.pay(&url, "stripe").await;
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(app.status(&id).await, "requires_action");
    (id, url, browser, peer.sessions().pop().unwrap())
}

/// Takes the other way on a page, and gives the page that this leads to.
async fn take(browser: &Browser, url: &str) -> String {
    let fields = [("way", "sandbox")];
    let landed = browser.submit(url, "another", &fields).await;
    assert_eq!(landed.status, 303, "{}", landed.text());
    browser
        .open(landed.header("location").unwrap())
        .await
        .text()
}

/// The statuses of an intent's charges, the last first.
async fn charges(app: &TestApp, intent: &str) -> Vec<Value> {
    let path = format!("/v1/payment_intents/{intent}/attempts");
    let listed = app.merchant.bot.get(&path).await.expect(200);
    let all = listed["data"].as_array().unwrap().iter();
    let charges = all.filter(|attempt| attempt["kind"] == "charge");
    charges.map(|charge| charge["status"].clone()).collect()
}

#[test]
fn the_payer_gives_up_one_way_and_takes_another() {
    run_with_stripe(async |app, peer| {
        app.add_stripe(peer).await;
        let (id, url, browser, session) = begun(app, peer).await;
        let page = browser.open(&url).await.text();
        assert!(page.contains(r#"name="way" value="sandbox""#), "{page}");
        let csrf = browser.open(&url).await.form_token().unwrap();
        let fields = [("csrf", csrf.as_str()), ("way", "sandbox")];
        let another = format!("{url}/another");
        // Nobody else gives up what this payer began.
        let stranger = Browser::new(&app.anyone);
        assert_eq!(stranger.post(&another, &fields).await.status, 403);
        let forged = [("csrf", "forged"), ("way", "sandbox")];
        assert_eq!(browser.post(&another, &forged).await.status, 403);
        assert_eq!(app.status(&id).await, "requires_action");
        // Pressed twice, it is one.
        for _ in 0..2 {
            let landed = browser.post(&another, &fields).await;
            assert_eq!(landed.header("location").unwrap(), way_to(&url));
        }
        assert_eq!(app.status(&id).await, "requires_payment");
        let events = app.merchant.bot.events().await;
        assert_eq!(
            events.last().unwrap()["type"],
            "payment_intent.requires_payment"
        );
        assert_eq!(peer.object(&session)["status"], "expired");
        let form = browser.open(&format!("{url}?way=sandbox")).await.text();
        assert!(form.contains("pm_sandbox_ok") && form.contains("way=stripe"));
        browser.pay(&url, "pm_sandbox_ok").await;
        assert_eq!(app.status(&id).await, "succeeded");
        assert_eq!(charges(app, &id).await, ["succeeded", "closed"]);
        assert!(app.movements().await.is_empty());
    });
}

/// Where the other way is chosen, as a path.
fn way_to(url: &str) -> String {
    let path = &url[url.find("/p/").unwrap()..];
    format!("{path}?way=sandbox")
}

#[test]
fn nobody_begins_and_gives_up_without_end() {
    run_with_stripe(async |app, peer| {
        app.add_stripe(peer).await;
        let (_, url, browser, _) = begun(app, peer).await;
        for _ in 0..4 {
            take(&browser, &url).await;
            browser.pay(&url, "stripe").await;
        }
        let page = take(&browser, &url).await;
        assert!(!page.contains("<form"), "{page}");
        assert_eq!(peer.sessions().len(), 5);
    });
}

#[test]
fn who_has_paid_meanwhile_has_paid() {
    run_with_stripe(async |app, peer| {
        app.add_stripe(peer).await;
        let (id, url, browser, session) = begun(app, peer).await;
        peer.pay(&session);
        take(&browser, &url).await;
        app.resolve().await;
        assert_eq!(app.status(&id).await, "succeeded");
        assert_eq!(charges(app, &id).await, ["succeeded"]);
        let page = browser.open(&url).await.text();
        assert!(page.contains("/r/"), "{page}");
    });
}

#[test]
fn a_provider_that_is_away_keeps_nobody_from_another_way() {
    run_with_stripe(async |app, peer| {
        app.add_stripe(peer).await;
        let (id, url, browser, session) = begun(app, peer).await;
        peer.down(true);
        take(&browser, &url).await;
        assert_eq!(app.status(&id).await, "requires_payment");
        browser.pay(&url, "pm_sandbox_ok").await;
        assert_eq!(app.status(&id).await, "succeeded");
        peer.down(false);
        app.clock.advance(Duration::seconds(60));
        app.resolve().await;
        assert_eq!(peer.object(&session)["status"], "expired");
        assert_eq!(charges(app, &id).await, ["succeeded", "closed"]);

        // Who pays both ways has the second apart.
        let (id, url, browser, session) = begun(app, peer).await;
        peer.down(true);
        take(&browser, &url).await;
        browser.pay(&url, "pm_sandbox_ok").await;
        peer.down(false);
        peer.pay(&session);
        app.clock.advance(Duration::hours(1));
        app.resolve().await;
        assert_eq!(app.status(&id).await, "succeeded");
        let movements = app.movements().await;
        assert_eq!(movements.len(), 1);
        assert_eq!(movements[0]["reason"], "duplicate");
    });
}

#[test]
fn a_link_has_its_place_again() {
    run_with_stripe(async |app, peer| {
        app.add_stripe(peer).await;
        let terms = json!({"amount": "12.50", "currency": "EUR", "rails": ["stripe", "sandbox"]});
        let link = app.merchant.bot.create_link(&terms).await;
        let url = link["url"].as_str().unwrap();
        let browser = Browser::new(&app.anyone);
        browser.pay(url, "stripe").await;
        let intents = app
            .merchant
            .bot
            .get("/v1/payment_intents")
            .await
            .expect(200);
        let own = intents["data"][0]["pay_url"].as_str().unwrap();
        take(&browser, own).await;
        let other = Browser::new(&app.anyone);
        let paid = other.pay(url, "pm_sandbox_ok").await.text();
        assert!(paid.contains("jws"), "{paid}");
        assert_eq!(peer.object(&peer.sessions()[0])["status"], "expired");
    });
}
