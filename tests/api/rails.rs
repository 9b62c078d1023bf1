//! One table of behaviors that every rail passes, whoever plays its provider: sent twice, told twice,
//! never told, closed while it is paid, another amount, given back. What a rail cannot do it refuses.

use super::{
    harness::{
        TestApp,
        chain::{self, ChainPeer},
        stripe::{Fault, StripePeer, run_with_stripe},
    },
    transfers::{IBAN, reference},
};
use serde_json::{Value, json};
use threadpay::domain::rails::Rail;
use time::Duration;

const ALL: [Rail; 4] = [Rail::Sandbox, Rail::BankTransfer, Rail::Stripe, Rail::X402];

/// A merchant who has every rail, and those who play the providers.
struct Stage<'a> {
    app: &'a TestApp,
    stripe: &'a StripePeer,
    account: Value,
    chain: ChainPeer,
}

/// A charge that waits for its payer.
struct Open {
    intent: String,
    /// What the payer needs: the reference of a transfer, the page of Stripe, what a program signs.
    means: Value,
}

/// What a cancel comes to when the payer has paid and nobody was told.
#[derive(Debug, PartialEq, Eq)]
enum Cancel {
    /// The payment wins.
    Refused,
    /// It is canceled, and the money stands apart.
    Late,
}

fn cancel_of(rail: Rail) -> Cancel {
    match rail {
        Rail::Sandbox | Rail::Stripe | Rail::X402 => Cancel::Refused,
        Rail::BankTransfer => Cancel::Late,
    }
}

fn run_on_stage(test: &impl AsyncFn(&Stage<'_>, Rail)) {
    run_with_stripe(async |app, stripe| {
        let account = app.add_stripe(stripe).await;
        let chain = ChainPeer::start(&app.ambient);
        app.add_chain(&chain).await;
        app.merchant.owner.add_bank(IBAN).await;
        let stage = Stage {
            app,
            stripe,
            account,
            chain,
        };
        for rail in ALL {
            println!("{rail}");
            test(&stage, rail).await;
        }
    });
}

impl Stage<'_> {
    /// Begins a charge of 12.50 EUR; the answer of the provider may be lost.
    async fn begin(&self, rail: Rail, is_lost: bool) -> Open {
        let (app, bot) = (self.app, &self.app.merchant.bot);
        match rail {
            Rail::Sandbox => {
                let first = if is_lost { "lost" } else { "pending" };
                let method = format!("pm_sandbox_scenario.{first}.60s.succeeded.twice");
                let intent = bot.ask_for("12.50", "EUR").await;
                bot.confirm(&intent, &method).await.expect(200);
                Open {
                    intent,
                    means: Value::Null,
                }
            }
            Rail::BankTransfer => {
                let waiting = app.awaited("12.50").await;
                Open {
                    intent: waiting["id"].as_str().unwrap().to_owned(),
                    means: json!(reference(&waiting)),
                }
            }
            Rail::Stripe => {
                if is_lost {
                    self.stripe
                        .next("POST /v1/checkout/sessions", Fault::LoseAnswer);
                }
                let intent = bot.ask_for("12.50", "EUR").await;
                bot.confirm(&intent, "stripe").await.expect(200);
                if is_lost {
                    self.asked().await;
                }
                Open {
                    intent,
                    means: json!(self.stripe.sessions().pop().unwrap()),
                }
            }
            Rail::X402 => {
                if is_lost {
                    self.chain.next(chain::Fault::LoseAnswer);
                }
                let (intent, url, asked) = app.asked().await;
                let nonce = u8::try_from(self.chain.presented() + 1).unwrap();
                Open {
                    intent,
                    means: json!({"url": url, "payment": self.chain.sign(&asked, nonce)}),
                }
            }
        }
    }

    /// The payer pays, and nobody is told.
    async fn pays(&self, rail: Rail, open: &Open) {
        match rail {
            Rail::Sandbox => self.later("1m").await,
            // Money is on its way when the bank says so.
            Rail::BankTransfer => {}
            Rail::Stripe => drop(self.stripe.pay(open.means.as_str().unwrap())),
            Rail::X402 => {
                let (url, payment) = (open.means["url"].as_str().unwrap(), &open.means["payment"]);
                self.app.anyone.pay_signed(url, payment).await.expect(200);
                self.chain.mine(2);
            }
        }
    }

    /// The provider tells of it, once more each time.
    async fn told(&self, rail: Rail, open: &Open) {
        match rail {
            Rail::Sandbox => self.app.play().await,
            Rail::BankTransfer => {
                let reference = open.means.as_str().unwrap();
                let file = super::statements::camt(
                    &[("12.50", reference, reference)],
                    10_000,
                    &self.app.today(),
                );
                let account = self.bank().await;
                let path = format!("/v1/statements?account={account}");
                self.app.merchant.finance.upload(&path, &file).await;
            }
            Rail::Stripe => {
                let session = open.means.as_str().unwrap();
                let rung = ("checkout.session.completed", "checkout.session", session);
                self.app.ring(&self.account, rung).await;
            }
            // Nobody tells: the chain is asked.
            Rail::X402 => self.asked().await,
        }
    }

    /// Time passes, and the rail is asked.
    async fn asked(&self) {
        self.app.clock.advance(Duration::minutes(61));
        self.app.resolve().await;
    }

    async fn later(&self, by: &str) {
        let body = json!({"advance": by});
        let bot = &self.app.merchant.bot;
        bot.post("/v1/sandbox/clock", &body).await.expect(200);
    }

    async fn bank(&self) -> String {
        let listed = self
            .app
            .merchant
            .owner
            .get("/v1/rail_accounts")
            .await
            .expect(200);
        let all = listed["data"].as_array().unwrap();
        let bank = all
            .iter()
            .find(|account| account["rail"] == "bank_transfer");
        bank.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// It is paid, by one charge and one entry, and nothing stands apart.
    async fn is_paid_once(&self, rail: Rail, open: &Open) {
        let (bot, id) = (&self.app.merchant.bot, &open.intent);
        let paid = bot.intent(id).await;
        assert_eq!(
            (&paid["status"], &paid["rail"]),
            (&json!("succeeded"), &json!(rail)),
            "{rail}"
        );
        let attempts = bot
            .get(&format!("/v1/payment_intents/{id}/attempts"))
            .await
            .expect(200);
        let all = attempts["data"].as_array().unwrap();
        let charges = all
            .iter()
            .filter(|a| a["kind"] == "charge" && a["status"] == "succeeded");
        assert_eq!(charges.count(), 1, "{rail}");
        let entries = format!("/v1/payment_intents/{id}/entries");
        let entries = self.app.merchant.owner.get(&entries).await.expect(200);
        let entries = entries["data"].as_array().unwrap();
        assert_eq!(
            entries.iter().filter(|e| e["kind"] == "capture").count(),
            1,
            "{rail}"
        );
    }
}

#[test]
fn a_lost_answer_is_no_second_charge() {
    run_on_stage(&async |stage, rail| {
        let open = stage.begin(rail, true).await;
        stage.pays(rail, &open).await;
        stage.asked().await;
        stage.told(rail, &open).await;
        stage.is_paid_once(rail, &open).await;
        assert!(stage.app.movements().await.is_empty(), "{rail}");
    });
}

#[test]
fn what_is_told_twice_is_booked_once() {
    run_on_stage(&async |stage, rail| {
        let open = stage.begin(rail, false).await;
        stage.pays(rail, &open).await;
        for _ in 0..3 {
            stage.told(rail, &open).await;
        }
        stage.asked().await;
        stage.is_paid_once(rail, &open).await;
        assert!(stage.app.movements().await.is_empty(), "{rail}");
    });
}

#[test]
fn what_nobody_tells_is_asked_for() {
    run_on_stage(&async |stage, rail| {
        let open = stage.begin(rail, false).await;
        stage.pays(rail, &open).await;
        stage.asked().await;
        if rail.is_push() {
            // A bank is not asked: its statement comes.
            stage.told(rail, &open).await;
        }
        stage.is_paid_once(rail, &open).await;
    });
}

#[test]
fn who_has_paid_is_not_lost_by_a_cancel() {
    run_on_stage(&async |stage, rail| {
        let (app, open) = (stage.app, stage.begin(rail, false).await);
        stage.pays(rail, &open).await;
        let before = app.movements().await.len();
        let canceled = app.merchant.bot.cancel(&open.intent).await;
        stage.told(rail, &open).await;
        match cancel_of(rail) {
            Cancel::Refused => {
                canceled.problem(409, "invalid_state");
                stage.asked().await;
                stage.is_paid_once(rail, &open).await;
            }
            Cancel::Late => {
                canceled.expect(200);
                let movements = app.movements().await;
                assert_eq!(movements.len(), before + 1, "{rail}");
                assert_eq!(movements[0]["reason"], "late", "{rail}");
            }
        }
    });
}

#[test]
fn never_more_goes_back_than_came() {
    run_on_stage(&async |stage, rail| {
        let open = stage.begin(rail, false).await;
        stage.pays(rail, &open).await;
        stage.told(rail, &open).await;
        stage.asked().await;
        let owner = &stage.app.merchant.owner;
        let first = owner.refund(&open.intent, "5.00").await;
        if !rail.refunds() {
            first.problem(409, "refund_not_possible");
            return;
        }
        first.expect(201);
        owner.refund(&open.intent, "7.50").await.expect(201);
        let third = owner.refund(&open.intent, "0.01").await;
        third.problem(422, "amount_too_large");
    });
}
