//! Many payments on Stripe's page with everything going wrong between us and Stripe: in the end the books
//! hold what Stripe's balance says has moved, to the cent. `STRIPE_PAYMENTS` says how many,
//! `STRIPE_SEED` (0 to 255) by which chance.

use super::harness::{
    TestApp,
    stripe::{Fault, StripePeer, run_with_stripe},
};
use proptest::{
    prelude::Rng,
    test_runner::{RngAlgorithm, TestRng},
};
use serde_json::{Value, json};
use time::Duration;

/// How many if nobody says.
const PAYMENTS: usize = 40;

/// What chance decides.
struct Chance(TestRng);

impl Chance {
    fn below(&mut self, end: u32) -> u32 {
        self.0.next_u32() % end
    }

    fn percent(&mut self, share: u32) -> bool {
        self.below(100) < share
    }

    fn fault(&mut self) -> Fault {
        match self.below(4) {
            0 => Fault::LoseAnswer,
            1 => Fault::DropRequest,
            2 => Fault::Status(500),
            _ => Fault::Status(503),
        }
    }
}

/// One payment, from the first call to the last.
struct Course<'a> {
    app: &'a TestApp,
    peer: &'a StripePeer,
    account: &'a Value,
    chance: Chance,
    /// What was not rung for when it happened.
    silent: Vec<[String; 3]>,
}

impl Course<'_> {
    /// Rings once, twice, or later.
    async fn rings(&mut self, [name, object, id]: [&str; 3]) {
        let times = match self.chance.below(10) {
            0..=5 => 1,
            6 | 7 => 2,
            _ => 0,
        };
        for _ in 0..times {
            self.app.ring(self.account, (name, object, id)).await;
        }
        if times == 0 {
            self.silent.push([name, object, id].map(str::to_owned));
        }
    }

    async fn wait(&self) {
        self.app.clock.advance(Duration::minutes(2));
        self.app.resolve().await;
    }

    async fn page(&self, intent: &str) -> Option<String> {
        let path = format!("/v1/payment_intents/{intent}/attempts");
        let attempts = self.app.merchant.bot.get(&path).await.expect(200);
        let charge = attempts["data"].as_array().unwrap().last().unwrap();
        self.peer.session_of(charge["id"].as_str().unwrap())
    }

    async fn run(&mut self) {
        let cents = i64::from(100 + self.chance.below(20_000));
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        let method = if self.chance.percent(20) {
            "manual"
        } else {
            "automatic"
        };
        let asked = json!({"amount": amount, "currency": "EUR", "capture_method": method});
        let intent = self.app.merchant.bot.create_intent(&asked).await.id();
        if self.chance.percent(40) {
            let fault = self.chance.fault();
            self.peer.next("POST /v1/checkout/sessions", fault);
        }
        self.app.merchant.bot.confirm(&intent, "stripe").await;
        self.wait().await;
        let Some(session) = self.page(&intent).await else {
            return;
        };
        // What comes later cannot be held.
        let way = match self.chance.below(10) {
            2 if method == "manual" => 3,
            way => way,
        };
        let paid = match way {
            0 => Some(self.peer.pay_amount(&session, cents - 1)),
            1 => Some(self.peer.pay_amount(&session, cents + 100)),
            2 => {
                let payment = self.peer.pay_later(&session);
                if self.chance.percent(50) {
                    self.peer.fails(&payment);
                    None
                } else {
                    self.peer.arrives(&payment);
                    Some(payment)
                }
            }
            3 => None,
            _ => Some(self.peer.pay(&session)),
        };
        let rung = ["checkout.session.completed", "checkout.session", &session];
        if paid.is_some() {
            self.rings(rung).await;
        }
        if self.chance.percent(20) {
            if self.chance.percent(50) {
                let fault = self.chance.fault();
                self.peer.next("expire", fault);
            }
            self.app.merchant.bot.cancel(&intent).await;
        }
        self.wait().await;
        self.afterwards(&intent, paid.as_deref()).await;
    }

    /// What is done with money that came.
    async fn afterwards(&mut self, intent: &str, payment: Option<&str>) {
        let Some(payment) = payment else {
            return;
        };
        let owner = &self.app.merchant.owner;
        let status = self.app.status(intent).await;
        if status == "requires_capture" && self.chance.percent(60) {
            if self.chance.percent(40) {
                let fault = self.chance.fault();
                self.peer.next("capture", fault);
            }
            owner.capture(intent, &json!({"amount": "0.50"})).await;
            self.wait().await;
        }
        if self.app.status(intent).await == "succeeded" && self.chance.percent(50) {
            if self.chance.percent(40) {
                let fault = self.chance.fault();
                self.peer.next("POST /v1/refunds", fault);
            }
            owner.refund(intent, "0.20").await;
            self.wait().await;
        }
        let is_taken = self.peer.object(payment)["status"] == "succeeded";
        if is_taken && self.chance.percent(20) {
            let refund = self.peer.refund(payment, 10);
            self.rings(["refund.created", "refund", &refund]).await;
        }
        if is_taken && self.chance.percent(10) {
            let dispute = self.peer.dispute(payment, 20);
            self.rings(["charge.dispute.created", "dispute", &dispute])
                .await;
        }
    }
}

#[test]
fn the_books_hold_what_stripes_balance_says() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        let seed = std::env::var("STRIPE_SEED").ok();
        let seed = [seed.map_or(7, |seed| seed.parse().unwrap()); 32];
        let mut course = Course {
            app,
            peer,
            account: &account,
            chance: Chance(TestRng::from_seed(RngAlgorithm::ChaCha, &seed)),
            silent: Vec::new(),
        };
        let count = std::env::var("STRIPE_PAYMENTS").ok();
        let count = count.map_or(PAYMENTS, |count| count.parse().unwrap());
        for _ in 0..count {
            course.run().await;
        }
        // What was not told is told, late and in another order.
        for [name, object, id] in course.silent.iter().rev() {
            app.ring(&account, (name, object, id)).await;
        }
        for _ in 0..6 {
            app.clock.advance(Duration::hours(5));
            app.resolve().await;
            app.listen().await;
        }
        let code = format!("rail:stripe:{}:clearing", account["id"].as_str().unwrap());
        let path = format!("/v1/accounts/{code}/balances");
        let balances = app.merchant.owner.get(&path).await.expect(200);
        let moved = peer.moved();
        let moved = format!("{}.{:02}", moved / 100, moved % 100);
        assert_eq!(balances["data"][0]["balance"], moved, "{balances}");
    });
}
