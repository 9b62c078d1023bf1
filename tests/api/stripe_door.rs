//! Who comes in as Stripe, and by which credentials we go there.

use super::harness::stripe::{Fault, event, run_with_stripe, sign};
use serde_json::json;
use time::Duration;

#[test]
fn only_the_provider_rings() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        let (intent, session) = app.at_stripe(peer, "automatic").await;
        peer.pay(&session);
        let body = event(
            "checkout.session.completed",
            "checkout.session",
            &session,
            1,
        );
        let (now, old) = (app.ambient.now(), app.ambient.now() - Duration::minutes(6));
        for (signature, said) in [
            (String::new(), body.clone()),
            (sign("{}", now), body.clone()),
            (sign(&body, old), body.clone()),
        ] {
            let refused = app.ring_signed(&account, &said, &signature).await;
            refused.problem(401, "unauthorized");
        }
        let huge = "x".repeat(600 * 1024);
        app.ring_with(&account, &huge)
            .await
            .problem(413, "body_too_large");
        app.ring_with(&account, "{}")
            .await
            .problem(400, "bad_request");
        let nowhere = json!({"webhook_url": format!("{}/webhooks/00/ra_00000000000000000000000000", app.base_url)});
        app.ring_with(&nowhere, &body)
            .await
            .problem(404, "not_found");
        app.listen().await;
        assert_eq!(app.status(&intent).await, "requires_action");
        // Silent for a while, and asked again; the same event counts once.
        peer.down(true);
        for _ in 0..2 {
            app.ring_with(&account, &body).await.expect(200);
        }
        app.listen().await;
        assert_eq!(app.status(&intent).await, "requires_action");
        peer.down(false);
        app.clock.advance(Duration::minutes(1));
        app.listen().await;
        assert_eq!(app.status(&intent).await, "succeeded");
        // What is none of ours is nothing to us.
        let strange = event(
            "payment_intent.succeeded",
            "payment_intent",
            "pi_strange",
            7,
        );
        app.ring_with(&account, &strange).await.expect(200);
        app.listen().await;
        assert!(app.movements().await.is_empty());
    });
}

#[test]
fn credentials_are_tried_and_never_shown() {
    run_with_stripe(async |app, peer| {
        let owner = &app.merchant.owner;
        let with = |key: &str| {
            json!({"rail": "stripe", "credentials": {
                "secret_key": key, "webhook_secret": peer.webhook_secret(),
            }})
        };
        let wrong = owner
            .post("/v1/rail_accounts", &with("sk_test_somebodyelse"))
            .await;
        let said = wrong.problem(422, "credentials_refused");
        assert!(!said.to_string().contains("somebodyelse"), "{said}");
        let live = owner
            .post("/v1/rail_accounts", &with("sk_live_sesamopen1234"))
            .await;
        assert_eq!(
            live.problem(422, "invalid_request")["param"],
            "/credentials/secret_key"
        );
        peer.down(true);
        let away = owner.post("/v1/rail_accounts", &with(peer.key())).await;
        away.problem(503, "provider_unavailable");
        peer.down(false);
        let account = app.add_stripe(peer).await;
        let id = account["id"].as_str().unwrap();
        let path = format!("/v1/rail_accounts/{id}");
        let checked = owner.post(&format!("{path}/check"), &json!({})).await;
        assert_eq!(checked.expect(200)["checked"], "credentials");
        let url = account["webhook_url"].as_str().unwrap();
        let webhook = async || {
            let checked = owner.post(&format!("{path}/check"), &json!({})).await;
            checked.expect(200)["webhook"].clone()
        };
        assert_eq!(webhook().await, "missing");
        for list in ["GET /v1/webhook_endpoints", "GET /v2/core"] {
            peer.next(list, Fault::Refuse(403, "more_permissions_required"));
            assert_eq!(webhook().await, "unknown");
        }
        let made = peer.endpoint(url, &["*"]);
        assert_eq!(webhook().await, "found");
        peer.becomes(&made, json!({"status": "disabled"}));
        assert_eq!(webhook().await, "missing");
        peer.destination(url);
        assert_eq!(webhook().await, "found");
        let change = json!({"credentials": with("sk_test_somebodyelse")["credentials"]});
        owner
            .patch(&path, &change)
            .await
            .problem(422, "credentials_refused");
        let change = json!({"credentials": with(peer.key())["credentials"]});
        let changed = owner.patch(&path, &change).await.expect(200);
        assert!(!changed.to_string().contains("sesam"));
        let rails = owner.get("/v1/rails").await.expect(200);
        let offer = rails["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|rail| rail["name"] == "stripe");
        assert_eq!(offer.unwrap()["how"], "redirect");
    });
}

#[test]
fn what_was_found_out_long_ago_is_forgotten() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        let kept = async || {
            let count = sqlx::query_scalar("SELECT count(*) FROM rail_events");
            let count: i64 = count.fetch_one(&app.pool).await.unwrap();
            count
        };
        let rung = ("checkout.session.completed", "checkout.session", "cs_9");
        app.ring(&account, rung).await;
        app.clock.advance(Duration::days(29));
        app.forget().await;
        assert_eq!(kept().await, 1);
        app.clock.advance(Duration::days(2));
        app.forget().await;
        assert_eq!(kept().await, 0);
    });
}
