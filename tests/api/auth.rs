//! Who calls: keys and tokens. What each may do stands in `walls.rs`.

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
