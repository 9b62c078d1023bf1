//! Payments by bank transfer: what the payer is told, how long it is waited for, and what else can
//! pay meanwhile.

use super::harness::{Browser, TestApp, run_test};
use serde_json::{Value, json};
use time::Duration;

pub const IBAN: &str = "DE89370400440532013000";

impl TestApp {
    /// An intent that waits for its transfer.
    pub async fn awaited(&self, amount: &str) -> Value {
        let bot = &self.merchant.bot;
        let asked = json!({"amount": amount, "currency": "EUR"});
        let made = bot.create_intent(&asked).await.id();
        let body = json!({"payment_method": "bank_transfer"});
        let path = format!("/v1/payment_intents/{made}/confirm");
        let waiting = bot.post(&path, &body).await.expect(200);
        assert_eq!(waiting["status"], "processing");
        waiting
    }
}

/// What the payer gives with the transfer.
pub fn reference(intent: &Value) -> &str {
    intent["next_action"]["display_bank_transfer"]["reference"]
        .as_str()
        .unwrap()
}

#[test]
fn a_payer_is_told_how_to_pay_by_transfer() {
    run_test(async |app| {
        let account = app.merchant.owner.add_bank(IBAN).await;
        let intent = app.awaited("12.50").await;
        let told = &intent["next_action"]["display_bank_transfer"];
        assert_eq!(intent["next_action"]["type"], "display_bank_transfer");
        for (name, value) in [
            ("scheme", "epc"),
            ("name", "Café"),
            ("account", IBAN),
            ("amount", "12.50"),
            ("currency", "EUR"),
        ] {
            assert_eq!(told[name], value);
        }
        assert!(
            told["payload"]
                .as_str()
                .unwrap()
                .contains(reference(&intent))
        );
        assert_eq!(
            (&intent["rail"], &intent["payment_method"]),
            (&json!("bank_transfer"), &json!("bank_transfer"))
        );
        let id = intent["id"].as_str().unwrap();
        let bot = &app.merchant.bot;
        let attempts = bot.get(&format!("/v1/payment_intents/{id}/attempts")).await;
        let attempt = attempts.expect(200)["data"][0].clone();
        assert_eq!(
            (&attempt["rail_account"], &attempt["status"]),
            (&account["id"], &json!("pending"))
        );
        // On the page of any browser, as text and as the scheme's code.
        let url = intent["pay_url"].as_str().unwrap();
        let page = Browser::new(&app.anyone).open(url).await.text();
        for text in ["€12.50", "DE89 3704 0044 0532 0130 00", "Café"] {
            assert!(page.contains(text), "{text}: {page}");
        }
        for (name, kind) in [
            ("transfer.svg", "image/svg+xml"),
            ("transfer.png", "image/png"),
        ] {
            let picture = app.anyone.get(&format!("{url}/{name}")).await;
            assert_eq!(picture.header("content-type"), Some(kind));
        }
        // Who comes back is told the same, and asks for nothing new.
        let again = json!({"payment_method": "bank_transfer"});
        let path = format!("/v1/payment_intents/{id}/confirm");
        bot.post(&path, &again).await.problem(409, "invalid_state");
    });
}

#[test]
fn a_transfer_is_for_what_its_account_takes() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let confirm = async |asked: &Value, with: &Value| {
            let id = bot.create_intent(asked).await.id();
            bot.post(&format!("/v1/payment_intents/{id}/confirm"), with)
                .await
        };
        let transfer = json!({"payment_method": "bank_transfer"});
        let euro = json!({"amount": "1.00", "currency": "EUR"});
        let without = confirm(&euro, &transfer).await;
        without.problem(409, "rail_not_available");
        let account = app.merchant.owner.add_bank(IBAN).await;
        let dollar = json!({"amount": "1.00", "currency": "USD"});
        confirm(&dollar, &transfer)
            .await
            .problem(409, "rail_not_available");
        let chosen = json!({"payment_method": "bank_transfer", "rail_account": account["id"]});
        let problem = confirm(&dollar, &chosen).await;
        let problem = problem.problem(422, "invalid_payment_method");
        assert_eq!(problem["param"], "/rail_account");
        let held = json!({"amount": "1.00", "currency": "EUR", "capture_method": "manual"});
        confirm(&held, &transfer)
            .await
            .problem(422, "invalid_payment_method");
        let other = json!({"amount": "1.00", "currency": "EUR", "rails": ["sandbox"]});
        confirm(&other, &transfer)
            .await
            .problem(422, "invalid_payment_method");
        let path = format!("/v1/rail_accounts/{}", account["id"].as_str().unwrap());
        let off = json!({"enabled": false});
        app.merchant.owner.patch(&path, &off).await.expect(200);
        confirm(&euro, &transfer)
            .await
            .problem(409, "rail_not_available");
    });
}

#[test]
fn a_transfer_is_waited_for_as_long_as_the_merchant_says() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let intent = app.awaited("12.50").await;
        let id = intent["id"].as_str().unwrap();
        let bot = &app.merchant.bot;
        // The intent's own day is over, the week of the transfer is not.
        app.clock.advance(Duration::days(6));
        app.expire().await;
        app.resolve().await;
        assert_eq!(bot.intent(id).await["status"], "processing");
        app.clock.advance(Duration::days(1) + Duration::hours(1));
        app.resolve().await;
        let over = bot.intent(id).await;
        assert_eq!(over["status"], "expired");
        assert_eq!(over["last_error"]["decline_code"], "not_paid_in_time");
        assert_eq!(over["next_action"], Value::Null);
    });
}

#[test]
fn while_a_transfer_is_waited_for_other_ways_pay() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let intent = app.awaited("12.50").await;
        let url = intent["pay_url"].as_str().unwrap();
        let browser = Browser::new(&app.anyone);
        let form = browser.open(&format!("{url}?way=sandbox")).await;
        let csrf = form.form_token().unwrap();
        let fields = [("csrf", csrf.as_str()), ("payment_method", "pm_sandbox_ok")];
        let landed = browser.post(&format!("{url}/pay"), &fields).await;
        assert_eq!(landed.status, 303);
        let paid = app
            .merchant
            .bot
            .intent(intent["id"].as_str().unwrap())
            .await;
        assert_eq!(
            (&paid["status"], &paid["rail"]),
            (&json!("succeeded"), &json!("sandbox"))
        );
        // And it can be called off, which asks no bank.
        let other = app.awaited("3.00").await;
        let path = format!(
            "/v1/payment_intents/{}/cancel",
            other["id"].as_str().unwrap()
        );
        let canceled = app.merchant.bot.post(&path, &json!({})).await.expect(200);
        assert_eq!(canceled["status"], "canceled");
    });
}

#[test]
fn a_page_offers_the_ways_that_fit() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let offered = async |asked: Value| {
            let made = app.merchant.bot.create_intent(&asked).await.expect(201);
            let page = app
                .anyone
                .get(made["pay_url"].as_str().unwrap())
                .await
                .text();
            let first = if page.contains("value=\"bank_transfer\"") {
                "bank_transfer"
            } else {
                "sandbox"
            };
            let others = ["bank_transfer", "sandbox"]
                .into_iter()
                .filter(|way| page.contains(&format!("?way={way}")));
            (first, others.collect::<Vec<_>>())
        };
        let asked = |rails: Value, more: Value| {
            let mut body = json!({"amount": "1.00", "currency": "EUR", "rails": rails});
            body.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            body
        };
        let none = json!({});
        for (body, first, others) in [
            (
                asked(json!(null), none.clone()),
                "sandbox",
                vec!["bank_transfer"],
            ),
            (
                asked(json!(["bank_transfer", "sandbox"]), none.clone()),
                "bank_transfer",
                vec!["sandbox"],
            ),
            (
                asked(json!(["bank_transfer"]), none.clone()),
                "bank_transfer",
                vec![],
            ),
            (asked(json!(["sandbox"]), none), "sandbox", vec![]),
            (
                asked(json!(null), json!({"currency": "JPY", "amount": "100"})),
                "sandbox",
                vec![],
            ),
            (
                asked(json!(null), json!({"capture_method": "manual"})),
                "sandbox",
                vec![],
            ),
        ] {
            assert_eq!(offered(body.clone()).await, (first, others), "{body}");
        }
    });
}

#[test]
fn a_transfer_through_a_link_keeps_nobody_from_paying() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let bot = &app.merchant.bot;
        let link = bot
            .create_link(&json!({"amount": "5.00", "currency": "EUR"}))
            .await;
        let url = link["url"].as_str().unwrap();
        let slow = Browser::new(&app.anyone);
        let told = slow.pay(url, "bank_transfer").await.text();
        assert!(told.contains("DE89 3704"), "{told}");
        // Its payer finds it again where they came from.
        assert!(slow.open(url).await.text().contains("DE89 3704"));
        let quick = Browser::new(&app.anyone);
        quick.pay(url, "pm_sandbox_ok").await;
        let path = format!("/v1/payment_links/{}", link["id"].as_str().unwrap());
        let used = bot.get(&path).await.expect(200);
        assert_eq!(
            (&used["status"], &used["payments_count"]),
            (&json!("completed"), &json!(1))
        );
        // The money comes all the same: the link was for one payment.
        let listed = bot.get(&format!("{path}/payments")).await.expect(200);
        let mut payments = listed["data"].as_array().unwrap().iter();
        let waiting = payments.find(|p| p["status"] == "processing").unwrap();
        let lines = [("5.00", reference(waiting), "B1")];
        let statement = app.import(&lines).await;
        assert_eq!(statement["counts"]["data_mismatch"], 1, "{statement}");
        let movements = bot.get("/v1/movements").await.expect(200);
        assert_eq!(movements["data"][0]["reason"], "late");
        assert_eq!(bot.get(&path).await.expect(200)["payments_count"], 1);
        let id = waiting["id"].as_str().unwrap();
        assert_eq!(bot.intent(id).await["status"], "requires_payment");
    });
}
