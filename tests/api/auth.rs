//! Who may do what: keys, tokens, roles, and walls between merchants.

use super::harness::run_test;
use serde_json::json;
use time::Duration;

#[test]
fn without_a_valid_key_nothing_is_told() {
    run_test(async |app| {
        let paths = [
            "/v1/payment_intents",
            "/v1/payment_links",
            "/v1/events",
            "/v1/accounts",
            "/v1/trial_balance",
        ];
        let good = app
            .merchant
            .bot
            .request("GET", "/v1/events")
            .build()
            .unwrap();
        let good = good.headers()["authorization"].to_str().unwrap();
        let good = good.trim_start_matches("Bearer ").to_owned();
        let mut wrong = good.clone();
        let last = if wrong.pop() == Some('A') { 'B' } else { 'A' };
        wrong.push(last);
        for key in ["", "x", "tp_test_", "tp_live_00_x", &wrong, &good[..20]] {
            for path in paths {
                let answer = app.anyone.with_key(key).get(path).await;
                answer.problem(401, "unauthorized");
                assert!(
                    answer
                        .header("www-authenticate")
                        .is_some_and(|h| h.starts_with("Bearer"))
                );
            }
        }
        for path in paths {
            app.anyone.get(path).await.problem(401, "unauthorized");
        }
        app.anyone
            .with_key(&good)
            .get("/v1/events")
            .await
            .expect(200);
    });
}

/// Who may call what: bot, merchant, finance.
#[test]
fn roles_may_do_what_is_theirs() {
    run_test(async |app| {
        let merchant = &app.merchant;
        let id = merchant.bot.paid("5.00", "EUR").await;
        for (method, path, allowed) in [
            ("GET", "/v1/payment_intents".to_owned(), [true, true, true]),
            (
                "GET",
                format!("/v1/payment_intents/{id}"),
                [true, true, true],
            ),
            (
                "POST",
                "/v1/payment_intents".to_owned(),
                [true, true, false],
            ),
            (
                "POST",
                format!("/v1/payment_intents/{id}/confirm"),
                [true, true, false],
            ),
            (
                "POST",
                format!("/v1/payment_intents/{id}/refunds"),
                [true, true, false],
            ),
            ("POST", "/v1/payment_links".to_owned(), [true, true, false]),
            (
                "POST",
                "/v1/callback_endpoints".to_owned(),
                [true, true, false],
            ),
            ("GET", "/v1/events".to_owned(), [true, true, false]),
            ("GET", "/v1/accounts".to_owned(), [false, true, true]),
            ("GET", "/v1/trial_balance".to_owned(), [false, true, true]),
            ("GET", "/v1/journal_entries".to_owned(), [false, true, true]),
            (
                "GET",
                "/v1/exports/journal?from=2020-01-01&to=2099-01-01&format=csv".to_owned(),
                [false, true, true],
            ),
        ] {
            for (caller, allowed) in [&merchant.bot, &merchant.owner, &merchant.finance]
                .into_iter()
                .zip(allowed)
            {
                let request = caller
                    .request(method, &path)
                    .header("idempotency-key", "role");
                let request = request
                    .header("content-type", "application/json")
                    .body("{}");
                let answer = caller.send(request).await;
                assert_eq!(
                    answer.status != 403,
                    allowed,
                    "{method} {path} {caller:?}: {}",
                    answer.text()
                );
                assert_ne!(answer.status, 401);
            }
        }
    });
}

#[test]
fn another_merchant_s_things_do_not_exist() {
    run_test(async |app| {
        let (own, other) = (&app.merchant, app.another_merchant().await);
        let body = json!({"amount": "5.00", "currency": "EUR"});
        let intent = own.bot.paid("5.00", "EUR").await;
        let refund = own.bot.refund(&intent, "1.00").await.id();
        let link = own.bot.create_link(&body).await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let endpoint = own.bot.create_endpoint("http://127.0.0.1:9/", &["*"]).await;
        let endpoint = endpoint["id"].as_str().unwrap();
        let event = own.bot.events().await[0]["id"].as_str().unwrap().to_owned();
        for path in [
            format!("/v1/payment_intents/{intent}"),
            format!("/v1/payment_intents/{intent}/refunds"),
            format!("/v1/payment_intents/{intent}/entries"),
            format!("/v1/refunds/{refund}"),
            format!("/v1/payment_links/{link}"),
            format!("/v1/payment_links/{link}/payments"),
            format!("/v1/callback_endpoints/{endpoint}"),
            format!("/v1/callback_endpoints/{endpoint}/deliveries"),
            format!("/v1/events/{event}"),
        ] {
            let found = own.owner.get(&path).await;
            assert_eq!(found.status, 200, "{path}: {}", found.text());
            other.owner.get(&path).await.problem(404, "not_found");
        }
        for path in [
            format!("/v1/payment_intents/{intent}/cancel"),
            format!("/v1/payment_intents/{intent}/capture"),
            format!("/v1/payment_intents/{intent}/refunds"),
            format!("/v1/payment_links/{link}/deactivate"),
        ] {
            other
                .owner
                .post(&path, &json!({}))
                .await
                .problem(404, "not_found");
        }
        for method in ["PATCH", "DELETE"] {
            let path = format!("/v1/callback_endpoints/{endpoint}");
            let request = other
                .owner
                .request(method, &path)
                .header("content-type", "application/json");
            let request = request
                .header("idempotency-key", format!("wall-{method}"))
                .body("{}");
            other.owner.send(request).await.problem(404, "not_found");
        }
        for path in [
            "/v1/payment_intents",
            "/v1/payment_links",
            "/v1/callback_endpoints",
            "/v1/events",
        ] {
            let list = other.owner.get(path).await.expect(200);
            assert_eq!(list["data"], json!([]), "{path}");
        }
        assert_eq!(own.bot.intent(&intent).await["amount_refunded"], "1.00");
    });
}

#[test]
fn a_token_stands_for_its_key_for_a_quarter_of_an_hour() {
    run_test(async |app| {
        let key = app.merchant.bot.request("GET", "/").build().unwrap();
        let key = key.headers()["authorization"]
            .to_str()
            .unwrap()
            .trim_start_matches("Bearer ");
        let (client_id, secret) = key.rsplit_once('_').unwrap();
        let fields = |secret| {
            [
                ("grant_type", "client_credentials"),
                ("client_id", client_id),
                ("client_secret", secret),
            ]
        };
        let wrong = app
            .anyone
            .post_form("/v1/oauth/token", &fields("wrong"))
            .await;
        assert!([400, 401].contains(&wrong.status), "{}", wrong.text());
        let token = app
            .anyone
            .post_form("/v1/oauth/token", &fields(secret))
            .await
            .expect(200);
        assert_eq!(
            (&token["token_type"], &token["expires_in"]),
            (&json!("Bearer"), &json!(900))
        );
        let bot = app.anyone.with_key(token["access_token"].as_str().unwrap());
        bot.ask_for("1.00", "EUR").await;
        bot.get("/v1/trial_balance").await.problem(403, "forbidden");
        let keys = app.anyone.get("/.well-known/jwks.json").await.expect(200);
        assert_eq!(keys["keys"][0]["crv"], "Ed25519");
        app.clock.advance(Duration::seconds(901));
        bot.get("/v1/events").await.problem(401, "unauthorized");
    });
}
