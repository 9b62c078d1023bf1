//! A merchant who is paid by Stripe, which the peer plays.

use super::{StripePeer, event, sign};
use crate::harness::{Answer, TestApp, new_database, new_key, runtime};
use serde_json::{Value, json};
use threadpay::app::config::Config;

/// Runs a test against a service of its own and a peer that plays Stripe, and proves the books when it
/// is over.
pub fn run_with_stripe<F>(test: F)
where
    F: AsyncFnOnce(&TestApp, &StripePeer),
{
    let runtime = runtime();
    runtime.block_on(async {
        let peer = StripePeer::start();
        let stripe_url = peer.url().to_owned();
        let on_peer = |config| Config {
            stripe_url,
            ..config
        };
        let app = TestApp::with(new_database().await, on_peer).await;
        peer.goes_by(&app.ambient);
        test(&app, &peer).await;
        app.end().await;
    });
    runtime.shutdown_background();
}

impl TestApp {
    /// The merchant's account at Stripe.
    pub async fn add_stripe(&self, peer: &StripePeer) -> Value {
        let body = json!({"rail": "stripe", "credentials": {
            "secret_key": peer.key(), "webhook_secret": peer.webhook_secret(),
        }});
        let made = self.merchant.owner.post("/v1/rail_accounts", &body).await;
        made.expect(201)
    }

    /// An intent that waits for its payer on Stripe's page, and that page.
    pub async fn at_stripe(&self, peer: &StripePeer, capture_method: &str) -> (String, String) {
        let bot = &self.merchant.bot;
        let asked = json!({
            "amount": "12.50", "currency": "EUR", "capture_method": capture_method,
            "description": "2 × flat white",
        });
        let id = bot.create_intent(&asked).await.id();
        let waiting = bot.confirm(&id, "stripe").await.expect(200);
        assert_eq!(waiting["status"], "requires_action", "{waiting}");
        (id, peer.sessions().pop().unwrap())
    }

    /// An intent that was paid on Stripe's page, and its payment there.
    pub async fn paid_at_stripe(
        &self,
        (peer, account): (&StripePeer, &Value),
        capture_method: &str,
    ) -> (String, String) {
        let (intent, session) = self.at_stripe(peer, capture_method).await;
        let payment = peer.pay(&session);
        let rung = ("checkout.session.completed", "checkout.session", &*session);
        self.ring(account, rung).await;
        (intent, payment)
    }

    /// The provider rings.
    pub async fn ring(&self, account: &Value, (name, object, id): (&str, &str, &str)) {
        // Each event is another.
        let number = new_key().trim_start_matches("key-").parse().unwrap();
        let body = event(name, object, id, number);
        self.ring_with(account, &body).await.expect(200);
        self.listen().await;
    }

    /// The provider says this, signed now.
    pub async fn ring_with(&self, account: &Value, body: &str) -> Answer {
        let signature = sign(body, self.ambient.now());
        self.ring_signed(account, body, &signature).await
    }

    /// Somebody says this with this signature.
    pub async fn ring_signed(&self, account: &Value, body: &str, signature: &str) -> Answer {
        let url = account["webhook_url"].as_str().unwrap();
        let request = self.anyone.request("POST", url);
        let request = request.header("stripe-signature", signature);
        self.anyone.send(request.body(body.to_owned())).await
    }

    /// The status of an intent.
    pub async fn status(&self, intent: &str) -> Value {
        self.merchant.bot.intent(intent).await["status"].clone()
    }

    /// All movements, newest first.
    pub async fn movements(&self) -> Vec<Value> {
        let listed = self.merchant.owner.get("/v1/movements").await.expect(200);
        listed["data"].as_array().unwrap().clone()
    }
}
