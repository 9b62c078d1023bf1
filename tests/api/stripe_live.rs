//! Stripe itself, by name: `.ci/run stripe-live` with `STRIPE_TEST_KEY`, a key of its test mode. What is
//! asked of it is asked of the peer, too, in every run.

use super::harness::{TestApp, run_test, stripe::run_with_stripe};
use serde_json::json;
use std::env;

/// A page is made, is found again, and is closed.
async fn ask(app: &TestApp, key: &str) {
    let owner = &app.merchant.owner;
    let account = json!({"rail": "stripe", "credentials": {
        "secret_key": key, "webhook_secret": "whsec_nobodyrings1234",
    }});
    owner.post("/v1/rail_accounts", &account).await.expect(201);
    let id = owner.ask_for("12.50", "EUR").await;
    let begun = owner.confirm(&id, "stripe").await.expect(200);
    assert_eq!(begun["status"], "requires_action", "{begun}");
    let address = &begun["next_action"]["redirect_to_url"]["url"];
    assert!(address.as_str().unwrap().starts_with("http"), "{begun}");
    app.clock.advance(time::Duration::minutes(6));
    app.resolve().await;
    assert_eq!(app.status(&id).await, "requires_action");
    let canceled = owner.cancel(&id).await.expect(200);
    assert_eq!(canceled["status"], "canceled", "{canceled}");
}

#[test]
fn the_peer_passes_what_stripe_is_asked() {
    run_with_stripe(async |app, peer| ask(app, peer.key()).await);
}

#[test]
#[ignore = "asks Stripe itself"]
fn stripe_itself_passes() {
    let key = env::var("STRIPE_TEST_KEY").unwrap();
    run_test(async |app| ask(app, &key).await);
}
