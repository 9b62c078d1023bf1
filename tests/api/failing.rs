//! Rail accounts whose provider fails: payers are not led to them until it works again, and what is
//! under way goes on.

use super::harness::{
    Merchant, TestApp,
    stripe::{Fault, StripePeer, run_with_stripe},
};
use serde_json::{Value, json};
use std::{
    process::{Command, Output, Stdio},
    slice::from_ref,
};
use time::Duration;

/// Has so many calls made by the merchant's account at Stripe.
async fn call(merchant: &Merchant, count: usize) {
    for _ in 0..count {
        let id = merchant.bot.ask_for("12.50", "EUR").await;
        merchant.bot.confirm(&id, "stripe").await;
    }
}

/// The types of all events about rail accounts, each with the account's id and status.
async fn told(merchant: &Merchant) -> Vec<[String; 3]> {
    let events = merchant.owner.events().await.into_iter();
    let about = events.filter(|event| event["type"].as_str().unwrap().starts_with("rail_account."));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    about
        .map(|event| {
            [
                &event["type"],
                &event["data"]["id"],
                &event["data"]["status"],
            ]
            .map(text)
        })
        .collect()
}

/// The statuses of the rails that a merchant has, but for the sandbox.
async fn statuses(merchant: &Merchant) -> Vec<Value> {
    let rails = merchant.owner.get("/v1/rails").await.expect(200);
    let rails = rails["data"].as_array().unwrap().iter();
    let own = rails.filter(|rail| rail["rail_account"].is_string());
    own.map(|rail| rail["status"].clone()).collect()
}

fn id_of(account: &Value) -> String {
    account["id"].as_str().unwrap().to_owned()
}

/// Whether the page of a new intent offers a payment at Stripe.
async fn is_offered(app: &TestApp) -> bool {
    let asked = json!({"amount": "12.50", "currency": "EUR"});
    let made = app.merchant.bot.create_intent(&asked).await.expect(201);
    let url = made["pay_url"].as_str().unwrap();
    let page = app.anyone.get(url).await.text();
    page.contains("way=stripe")
}

async fn another_account(merchant: &Merchant, peer: &StripePeer) -> String {
    let keys = json!({"secret_key": peer.key(), "webhook_secret": peer.webhook_secret()});
    let body = json!({"rail": "stripe", "credentials": keys});
    let made = merchant.owner.post("/v1/rail_accounts", &body).await;
    id_of(&made.expect(201))
}

#[test]
fn a_failing_account_is_passed_over_and_what_is_open_goes_on() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        let id = id_of(&account);
        let other = app.another_merchant().await;
        another_account(&other, peer).await;
        let (open, session) = app.at_stripe(peer, "automatic").await;
        assert!(is_offered(app).await);
        peer.down(true);
        call(&other, 4).await;
        call(&app.merchant, 4).await;
        assert_eq!(statuses(&app.merchant).await, ["active"]);
        call(&app.merchant, 1).await;
        let failing = [
            "rail_account.failing".to_owned(),
            id.clone(),
            "failing".to_owned(),
        ];
        assert_eq!(told(&app.merchant).await, from_ref(&failing));
        assert_eq!(statuses(&app.merchant).await, ["failing"]);
        let path = format!("/v1/rail_accounts/{id}");
        let shown = app.merchant.owner.get(&path).await.expect(200);
        assert_eq!(shown["status"], "failing");
        assert_eq!(statuses(&other).await, ["active"], "each has its own");
        assert!(!is_offered(app).await);

        // No account is left. Who names it has it tried, and it is told once that it fails.
        let bot = &app.merchant.bot;
        let next = bot.ask_for("12.50", "EUR").await;
        let refused = bot.confirm(&next, "stripe").await;
        let refused = refused.problem(409, "rail_not_available");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("failing"), "{detail}");
        let named = json!({"payment_method": "stripe", "rail_account": id});
        let path = format!("/v1/payment_intents/{next}/confirm");
        let unknown = bot.post(&path, &named).await.expect(200);
        assert_eq!(unknown["status"], "processing");
        assert_eq!(told(&app.merchant).await.len(), 1);

        // Another account takes its place, though it was there first.
        peer.down(false);
        let second = another_account(&app.merchant, peer).await;
        assert!(is_offered(app).await);
        let (next, _) = app.at_stripe(peer, "automatic").await;
        let attempts = bot
            .get(&format!("/v1/payment_intents/{next}/attempts"))
            .await;
        assert_eq!(attempts.expect(200)["data"][0]["rail_account"], second);
        assert_eq!(statuses(&app.merchant).await, ["active", "failing"]);

        // The payer who was led to the first pays, and that shows that it works.
        peer.pay(&session);
        let rung = ("checkout.session.completed", "checkout.session", &*session);
        app.ring(&account, rung).await;
        assert_eq!(app.status(&open).await, "succeeded");
        let recovered = ["rail_account.recovered".to_owned(), id, "active".to_owned()];
        assert_eq!(told(&app.merchant).await, [failing, recovered]);
        assert_eq!(statuses(&app.merchant).await, ["active", "active"]);
    });
}

#[test]
fn a_failing_account_recovers_though_nobody_pays_by_it() {
    run_with_stripe(async |app, peer| {
        app.add_stripe(peer).await;
        peer.down(true);
        call(&app.merchant, 5).await;
        let calls = peer.calls().len();
        app.probe().await;
        assert_eq!(peer.calls().len(), calls, "it rests first");
        app.clock.advance(Duration::seconds(31));
        app.probe().await;
        assert_eq!(peer.calls().len(), calls + 1);
        assert_eq!(statuses(&app.merchant).await, ["failing"]);
        peer.down(false);
        app.clock.advance(Duration::seconds(120));
        app.probe().await;
        assert_eq!(statuses(&app.merchant).await, ["active"]);
        assert_eq!(told(&app.merchant).await.len(), 2);
        assert!(is_offered(app).await);
        let due = "SELECT count(*) FROM due WHERE kind = 'rail_account'";
        assert_eq!(app.count(due).await, 0);
    });
}

#[test]
fn only_calls_that_the_provider_does_not_take_count() {
    run_with_stripe(async |app, peer| {
        let id = id_of(&app.add_stripe(peer).await);
        let sessions = "POST /v1/checkout/sessions";
        for (status, code) in [(402, "card_declined"), (429, "rate_limit")] {
            for _ in 0..7 {
                peer.next(sessions, Fault::Refuse(status, code));
                call(&app.merchant, 1).await;
            }
        }
        // One success ends a row.
        for _ in 0..2 {
            for fault in [Fault::Status(500), Fault::DropRequest] {
                peer.next(sessions, fault);
                peer.next(sessions, fault);
                call(&app.merchant, 2).await;
            }
            call(&app.merchant, 1).await;
        }
        assert!(told(&app.merchant).await.is_empty());
        let revoked = async || {
            for _ in 0..5 {
                peer.next(sessions, Fault::Refuse(401, "api_key_expired"));
                call(&app.merchant, 1).await;
            }
            assert_eq!(statuses(&app.merchant).await, ["failing"]);
        };
        // A check shows that it works, and so do new keys.
        let owner = &app.merchant.owner;
        let path = format!("/v1/rail_accounts/{id}");
        revoked().await;
        peer.down(true);
        let check = format!("{path}/check");
        let away = owner.post(&check, &json!({})).await;
        away.problem(503, "provider_unavailable");
        assert_eq!(statuses(&app.merchant).await, ["failing"]);
        peer.down(false);
        let checked = owner.post(&check, &json!({})).await.expect(200);
        assert_eq!(checked["status"], "active");
        revoked().await;
        let keys = json!({"secret_key": peer.key(), "webhook_secret": peer.webhook_secret()});
        let changed = owner.patch(&path, &json!({"credentials": keys})).await;
        assert_eq!(changed.expect(200)["status"], "active");
        revoked().await;
        let gone = owner.send(owner.request("DELETE", &path)).await;
        gone.expect(200);
        assert_eq!(statuses(&app.merchant).await, ["disabled"]);
        let types: Vec<String> = told(&app.merchant)
            .await
            .into_iter()
            .map(|[kind, ..]| kind)
            .collect();
        let turns = ["rail_account.failing", "rail_account.recovered"];
        assert_eq!(types, [&turns[..], &turns, &turns[..1]].concat());
    });
}

/// Runs `threadpay rail check`.
async fn check(app: &TestApp, peer: &StripePeer, id: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_threadpay"));
    command
        .args(["rail", "check", id])
        .args(["--merchant", &app.merchant.id.to_string()])
        .env("DATABASE_URL", &app.database_url)
        .env(
            "THREADPAY_MASTER_KEY",
            "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        )
        .env("THREADPAY_ALLOW_PRIVATE_CALLBACKS", "true")
        .env("THREADPAY_STRIPE_API", peer.url())
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    output.await.unwrap()
}

#[test]
fn the_operator_checks_a_failing_account() {
    run_with_stripe(async |app, peer| {
        let id = id_of(&app.add_stripe(peer).await);
        peer.down(true);
        call(&app.merchant, 5).await;
        assert!(!check(app, peer, &id).await.status.success());
        assert_eq!(statuses(&app.merchant).await, ["failing"]);
        peer.down(false);
        let checked = check(app, peer, &id).await;
        let said = String::from_utf8_lossy(&checked.stdout);
        assert!(said.contains("  active  "), "{said} {checked:?}");
        assert_eq!(told(&app.merchant).await.len(), 2);
    });
}
