//! Payment links: as many payments as they may have, and not one more.

use super::harness::{Answer, TestApp, run_test};
use futures_util::future::join_all;
use serde_json::{Value, json};
use time::Duration;

fn url(object: &Value) -> &str {
    let name = if object["object"] == "payment_link" {
        "url"
    } else {
        "pay_url"
    };
    object[name].as_str().unwrap()
}

/// So many payers open the page, and then all send their forms at once.
async fn rush(app: &TestApp, url: &str, payers: usize) -> Vec<Answer> {
    let forms = join_all((0..payers).map(|_| app.anyone.open_form(url))).await;
    let post = |csrf: String| async move {
        let fields = [("csrf", csrf.as_str()), ("payment_method", "pm_sandbox_ok")];
        app.anyone.post_form(&format!("{url}/pay"), &fields).await
    };
    join_all(forms.into_iter().map(post)).await
}

#[test]
fn a_hundred_posts_to_a_single_use_link_make_one_payment() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let link = bot
            .create_link(&json!({"amount": "12.50", "currency": "EUR", "usage": "single"}))
            .await;
        let answers = rush(app, url(&link), 100).await;
        let paid = answers.iter().filter(|answer| answer.status == 303);
        assert_eq!(paid.count(), 1);
        for answer in answers {
            assert!(
                [303, 409, 410].contains(&answer.status),
                "{}",
                answer.text()
            );
        }
        assert_eq!(app.count("SELECT count(*) FROM payment_intents").await, 1);
        let path = format!("/v1/payment_links/{}", link["id"].as_str().unwrap());
        let link = bot.get(&path).await.expect(200);
        assert_eq!(
            (&link["status"], &link["payments_count"]),
            (&json!("completed"), &json!(1))
        );
        let payments = bot.get(&format!("{path}/payments")).await.expect(200);
        assert_eq!(payments["data"].as_array().unwrap().len(), 1);
        assert_eq!(payments["data"][0]["payment_link"], link["id"]);
        assert_eq!(app.anyone.get(url(&link)).await.status, 410);
    });
}

#[test]
fn a_link_for_three_takes_three() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let body =
            json!({"amount": "2.00", "currency": "EUR", "usage": "multi", "max_payments": 3});
        let link = bot.create_link(&body).await;
        let answers = rush(app, url(&link), 12).await;
        assert_eq!(
            answers.iter().filter(|answer| answer.status == 303).count(),
            3
        );
        let path = format!("/v1/payment_links/{}", link["id"].as_str().unwrap());
        let link = bot.get(&path).await.expect(200);
        assert_eq!(
            (&link["status"], &link["payments_count"]),
            (&json!("completed"), &json!(3))
        );
        let completed = bot.events().await;
        let completed = completed
            .iter()
            .filter(|e| e["type"] == "payment_link.completed");
        assert_eq!(completed.count(), 1);
    });
}

#[test]
fn a_place_is_given_back_by_a_payment_that_fails() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let link = bot
            .create_link(&json!({"amount": "2.00", "currency": "EUR"}))
            .await;
        let payer = app
            .anyone
            .pay(url(&link), "pm_sandbox_requires_action")
            .await;
        assert_eq!(payer.status, 303, "{}", payer.text());
        let path = format!("/v1/payment_links/{}", link["id"].as_str().unwrap());
        let payments = bot.get(&format!("{path}/payments")).await.expect(200);
        let first = payments["data"][0]["id"].as_str().unwrap();
        bot.act(first, "fail").await.expect(200);
        let waiting = app
            .anyone
            .pay(url(&link), "pm_sandbox_requires_action")
            .await;
        assert_eq!(waiting.status, 303);
        // While a payer acts, the place is taken.
        let payments = bot.get(&format!("{path}/payments")).await.expect(200);
        let acting = payments["data"][0]["id"].as_str().unwrap().to_owned();
        let failed = payments["data"][1]["id"].as_str().unwrap();
        bot.confirm(failed, "pm_sandbox_ok")
            .await
            .problem(409, "payment_link_taken");
        bot.act(&acting, "fail").await.expect(200);
        bot.confirm(failed, "pm_sandbox_ok").await.expect(200);
        bot.confirm(&acting, "pm_sandbox_ok")
            .await
            .problem(409, "invalid_state");
        assert_eq!(bot.get(&path).await.expect(200)["status"], "completed");
    });
}

#[test]
fn a_link_ends_by_time_or_by_its_owner() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let body = json!({"amount": "2.00", "currency": "EUR", "expires_in": 60});
        let (timed, switched) = (bot.create_link(&body).await, bot.create_link(&body).await);
        let csrf = app.anyone.open_form(url(&switched)).await;
        let path = format!("/v1/payment_links/{}", switched["id"].as_str().unwrap());
        let off = bot
            .post(&format!("{path}/deactivate"), &json!({}))
            .await
            .expect(200);
        assert_eq!(off["status"], "inactive");
        bot.post(&format!("{path}/deactivate"), &json!({}))
            .await
            .problem(409, "invalid_state");
        let fields = [("csrf", csrf.as_str()), ("payment_method", "pm_sandbox_ok")];
        let late = app
            .anyone
            .post_form(&format!("{}/pay", url(&switched)), &fields)
            .await;
        assert_eq!(late.status, 410, "{}", late.text());
        app.clock.advance(Duration::seconds(61));
        assert_eq!(app.anyone.get(url(&timed)).await.status, 410);
        app.expire().await;
        app.expire().await;
        let told: Vec<Value> = bot
            .events()
            .await
            .iter()
            .map(|e| e["type"].clone())
            .collect();
        assert_eq!(
            told[2..],
            ["payment_link.deactivated", "payment_link.expired"]
        );
        assert_eq!(app.count("SELECT count(*) FROM payment_intents").await, 0);
    });
}

#[test]
fn a_payer_chooses_amount_and_tip_within_what_is_offered() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let link = bot
            .create_link(&json!({
                "currency": "EUR", "usage": "multi", "tip_options": ["0.00", "1.00"],
                "amount_options": {"preset": "10.00", "min": "1.00", "max": "100.00"},
            }))
            .await;
        let pay = async |amount: &str, tip: &str| {
            let csrf = app.anyone.open_form(url(&link)).await;
            let fields = [
                ("csrf", csrf.as_str()),
                ("payment_method", "pm_sandbox_ok"),
                ("amount", amount),
                ("tip", tip),
            ];
            app.anyone
                .post_form(&format!("{}/pay", url(&link)), &fields)
                .await
        };
        for (amount, tip) in [("7.50", "1.00"), ("100.00", "0.00")] {
            let paid = pay(amount, tip).await;
            assert!(paid.header("location").unwrap().starts_with("/r/"));
        }
        for (amount, tip) in [
            ("0.99", "0.00"),
            ("100.01", "0.00"),
            ("7.50", "2.00"),
            ("x", "0.00"),
            ("", "0.00"),
        ] {
            let answer = pay(amount, tip).await;
            assert_eq!(answer.status, 303, "{amount} {tip}");
            let page = app.anyone.get(answer.header("location").unwrap()).await;
            assert!(page.text().contains("role=\"alert\""), "{amount} {tip}");
        }
        let path = format!(
            "/v1/payment_links/{}/payments",
            link["id"].as_str().unwrap()
        );
        let payments = bot.get(&path).await.expect(200);
        let sums: Vec<_> = payments["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|intent| (intent["amount"].clone(), intent["tip"].clone()))
            .collect();
        assert_eq!(sums.len(), 2);
        assert_eq!(sums[0].0, "100.00");
        assert_eq!(sums[1], (json!("8.50"), json!("1.00")));
    });
}

#[test]
fn a_link_s_request_is_checked() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let options = json!({"min": "2.00", "max": "1.00"});
        for (body, param) in [
            (json!({"currency": "EUR"}), "/amount"),
            (
                json!({"currency": "EUR", "amount": "1", "amount_options": {"min": "1", "max": "2"}}),
                "/amount_options",
            ),
            (
                json!({"currency": "EUR", "amount_options": options}),
                "/amount_options/max",
            ),
            (
                json!({"currency": "EUR", "amount": "1", "max_payments": 2}),
                "/max_payments",
            ),
            (
                json!({"currency": "EUR", "amount": "1", "usage": "multi", "max_payments": 0}),
                "/max_payments",
            ),
            (
                json!({"currency": "EUR", "amount": "1", "tip_options": ["2", "1"]}),
                "/tip_options",
            ),
            (
                json!({"currency": "EUR", "amount": "1", "expires_in": 1}),
                "/expires_in",
            ),
        ] {
            let problem = bot.post("/v1/payment_links", &body).await.expect(422);
            assert_eq!(problem["param"], param, "{problem}");
        }
        assert_eq!(app.count("SELECT count(*) FROM payment_links").await, 0);
    });
}
