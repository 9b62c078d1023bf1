//! Payments on Stripe's page: what we ask, what we believe, and what a lost answer costs. A peer with a
//! memory of its own plays Stripe.

use super::harness::{
    Browser,
    stripe::{Fault, run_with_stripe},
};
use serde_json::json;
use time::Duration;

#[test]
fn a_payer_pays_on_stripes_page() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        assert_eq!(account["settings"], json!({}));
        assert!(!account.to_string().contains("sesam"), "{account}");
        let (intent, session) = app.at_stripe(peer, "automatic").await;
        let shown = app.merchant.bot.intent(&intent).await;
        let address = format!("{}/pay/{session}", peer.url());
        assert_eq!(shown["next_action"]["redirect_to_url"]["url"], address);
        assert_eq!(
            (&shown["rail"], &shown["payment_method"]),
            (&json!("stripe"), &json!("stripe"))
        );
        // The payer comes back to the page of the payment, whose address is stored nowhere.
        let form = peer.form_of(&session);
        let back = form.iter().find(|(name, _)| name == "success_url");
        assert_eq!(back.unwrap().1, shown["pay_url"].as_str().unwrap());
        let payment = peer.pay(&session);
        app.ring(
            &account,
            ("checkout.session.completed", "checkout.session", &session),
        )
        .await;
        assert_eq!(app.status(&intent).await, "succeeded");
        app.ring(
            &account,
            ("payment_intent.succeeded", "payment_intent", &payment),
        )
        .await;
        let refund = app.merchant.owner.refund(&intent, "2.50").await.expect(201);
        assert_eq!(refund["status"], "succeeded");
        assert_eq!(peer.refunds_of(&payment).len(), 1);
        assert!(app.movements().await.is_empty());
        let code = format!("rail:stripe:{}:clearing", account["id"].as_str().unwrap());
        let path = format!("/v1/accounts/{code}/balances");
        let balances = app.merchant.owner.get(&path).await.expect(200);
        assert_eq!(balances["data"][0]["balance"], "10.00", "{balances}");
    });
}

#[test]
fn the_pay_page_leads_to_stripes_page_and_back() {
    run_with_stripe(async |app, peer| {
        app.add_stripe(peer).await;
        let asked = json!({"amount": "12.50", "currency": "EUR", "rails": ["stripe"]});
        let made = app.merchant.bot.create_intent(&asked).await.expect(201);
        let url = made["pay_url"].as_str().unwrap();
        let browser = Browser::new(&app.anyone);
        let form = browser.open(url).await.text();
        assert!(
            form.contains(r#"name="payment_method" value="stripe""#),
            "{form}"
        );
        let page = browser.pay(url, "stripe").await.text();
        let session = peer.sessions().pop().unwrap();
        let address = format!("{}/pay/{session}", peer.url());
        assert!(page.contains(&format!(r#"href="{address}""#)), "{page}");
        let leads_on = format!(r#"content="0; url={address}""#);
        assert!(page.contains(&leads_on), "{page}");
        // Who comes back stays, and sees by and by what Stripe has told.
        let back = browser.open(url).await.text();
        assert!(!back.contains(&leads_on) && back.contains(r#"content="10; url="#));
        // Another payer is not led to the page that this one began.
        let other = Browser::new(&app.anyone).open(url).await.text();
        assert!(!other.contains(&session), "{other}");
        // Who goes away leaves the place to others within half an hour.
        peer.expire(&session);
        app.clock.advance(Duration::hours(1));
        app.resolve().await;
        let id = made["id"].as_str().unwrap();
        assert_eq!(app.status(id).await, "requires_payment");
        let short = json!({"amount": "1.00", "currency": "EUR", "expires_in": 600});
        let short = app.merchant.bot.create_intent(&short).await.id();
        let refused = app.merchant.bot.confirm(&short, "stripe").await;
        refused.problem(422, "invalid_payment_method");
    });
}

#[test]
fn a_lost_answer_makes_no_second_page() {
    run_with_stripe(async |app, peer| {
        app.add_stripe(peer).await;
        let bot = &app.merchant.bot;
        for (fault, pages) in [
            (Fault::LoseAnswer, 1),
            (Fault::DropRequest, 2),
            (Fault::Status(500), 3),
        ] {
            peer.next("POST /v1/checkout/sessions", fault);
            let id = bot.ask_for("12.50", "EUR").await;
            let unknown = bot.confirm(&id, "stripe").await.expect(200);
            assert_eq!(unknown["status"], "processing");
            app.clock.advance(Duration::seconds(60));
            app.resolve().await;
            assert_eq!(peer.sessions().len(), pages);
            let session = peer.sessions().pop().unwrap();
            peer.pay(&session);
            assert_eq!(app.status(&id).await, "requires_action");
            // Nobody rings: it is asked now and then.
            app.clock.advance(Duration::hours(1));
            app.resolve().await;
            assert_eq!(app.status(&id).await, "succeeded");
        }
    });
}

#[test]
fn what_is_held_is_taken_let_go_or_closed() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        let bot = &app.merchant.bot;
        let held = async || {
            let (intent, payment) = app.paid_at_stripe((peer, &account), "manual").await;
            assert_eq!(app.status(&intent).await, "requires_capture");
            (intent, payment)
        };
        let (intent, payment) = held().await;
        peer.next("/capture", Fault::LoseAnswer);
        bot.capture(&intent, &json!({"amount": "10.00"}))
            .await
            .expect(200);
        app.clock.advance(Duration::seconds(60));
        app.resolve().await;
        let taken = bot.intent(&intent).await;
        assert_eq!(
            (&taken["status"], &taken["amount_captured"]),
            (&json!("succeeded"), &json!("10.00"))
        );
        app.ring(
            &account,
            ("payment_intent.succeeded", "payment_intent", &payment),
        )
        .await;

        let (intent, _) = held().await;
        assert_eq!(bot.cancel(&intent).await.expect(200)["status"], "canceled");

        let (intent, payment) = held().await;
        peer.cancel(&payment);
        app.ring(
            &account,
            ("payment_intent.canceled", "payment_intent", &payment),
        )
        .await;
        assert_eq!(app.status(&intent).await, "canceled");

        let (intent, payment) = held().await;
        peer.capture(&payment);
        app.ring(
            &account,
            ("payment_intent.succeeded", "payment_intent", &payment),
        )
        .await;
        assert_eq!(app.status(&intent).await, "succeeded");

        let (intent, session) = app.at_stripe(peer, "automatic").await;
        assert_eq!(bot.cancel(&intent).await.expect(200)["status"], "canceled");
        assert_eq!(peer.object(&session)["status"], "expired");
        assert!(app.movements().await.is_empty());
    });
}

#[test]
fn who_has_paid_wins_over_a_cancel() {
    run_with_stripe(async |app, peer| {
        app.add_stripe(peer).await;
        let (intent, session) = app.at_stripe(peer, "automatic").await;
        peer.pay(&session);
        app.merchant
            .bot
            .cancel(&intent)
            .await
            .problem(409, "invalid_state");
        app.resolve().await;
        assert_eq!(app.status(&intent).await, "succeeded");
    });
}

#[test]
fn money_that_nobody_waits_for_stands_apart() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        let (intent, session) = app.at_stripe(peer, "automatic").await;
        let payment = peer.pay_amount(&session, 1000);
        let done = (
            "checkout.session.completed",
            "checkout.session",
            session.as_str(),
        );
        app.ring(&account, done).await;
        assert_eq!(app.status(&intent).await, "requires_payment");
        let movements = app.movements().await;
        assert_eq!(
            (movements.len(), &movements[0]["reason"]),
            (1, &json!("under"))
        );
        app.ring(&account, done).await;
        app.ring(
            &account,
            ("payment_intent.succeeded", "payment_intent", &payment),
        )
        .await;
        assert_eq!(app.movements().await.len(), 1);

        let (intent, payment) = app.paid_at_stripe((peer, &account), "automatic").await;
        let refund = peer.refund(&payment, 250);
        for _ in 0..2 {
            app.ring(&account, ("refund.created", "refund", &refund))
                .await;
            app.ring(
                &account,
                ("charge.refunded", "charge", &peer.charge_of(&payment)),
            )
            .await;
        }
        let movements = app.movements().await;
        assert_eq!(
            (movements.len(), &movements[0]["reason"]),
            (2, &json!("external_refund"))
        );
        assert_eq!(movements[0]["payment_intent"], intent);
    });
}

#[test]
fn a_refund_that_fails_later_is_taken_back() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        let (intent, payment) = app.paid_at_stripe((peer, &account), "automatic").await;
        peer.refunds_wait(true);
        peer.next("POST /v1/refunds", Fault::LoseAnswer);
        let made = app
            .merchant
            .owner
            .refund(&intent, "12.50")
            .await
            .expect(201);
        assert_eq!(made["status"], "pending");
        app.clock.advance(Duration::seconds(60));
        app.resolve().await;
        let [refund] = peer.refunds_of(&payment).try_into().unwrap();
        peer.complete_refund(&refund);
        app.ring(&account, ("refund.updated", "refund", &refund))
            .await;
        let path = format!("/v1/refunds/{}", made["id"].as_str().unwrap());
        let status = async || app.merchant.owner.get(&path).await.expect(200)["status"].clone();
        assert_eq!(status().await, "succeeded");
        peer.fail_refund(&refund);
        app.ring(&account, ("refund.failed", "refund", &refund))
            .await;
        assert_eq!(status().await, "failed");
        assert!(app.movements().await.is_empty());
    });
}

#[test]
fn money_whose_amount_cannot_be_read_waits_and_is_not_passed_over() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        let (_, payment) = app.paid_at_stripe((peer, &account), "automatic").await;
        let refund = peer.refund(&payment, 200);
        let dispute = peer.dispute(&payment, 300);
        let told = peer.object(&dispute)["balance_transactions"].clone();
        let mut odd = told.clone();
        odd[0]["currency"] = json!("zzz");
        peer.becomes(&dispute, json!({"balance_transactions": odd}));
        peer.becomes(&refund, json!({"currency": "zzz"}));
        app.ring(&account, ("charge.dispute.created", "dispute", &dispute))
            .await;
        app.ring(&account, ("refund.created", "refund", &refund))
            .await;
        assert!(app.movements().await.is_empty());
        peer.becomes(&dispute, json!({"balance_transactions": told}));
        peer.becomes(&refund, json!({"currency": "eur"}));
        app.clock.advance(Duration::minutes(1));
        app.listen().await;
        let amounts: Vec<_> = app
            .movements()
            .await
            .into_iter()
            .map(|m| m["amount"].clone())
            .collect();
        assert_eq!(amounts.len(), 2);
        for amount in ["3.00", "2.00"] {
            assert!(amounts.contains(&json!(amount)), "{amounts:?}");
        }
    });
}

#[test]
fn a_dispute_is_what_it_moved() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        let (intent, payment) = app.paid_at_stripe((peer, &account), "automatic").await;
        let dispute = peer.dispute(&payment, 1250);
        for _ in 0..2 {
            app.ring(&account, ("charge.dispute.created", "dispute", &dispute))
                .await;
        }
        let [taken] = app.movements().await.try_into().unwrap();
        for (name, value) in [
            ("reason", "dispute"),
            ("direction", "out"),
            ("amount", "12.50"),
            ("payment_intent", intent.as_str()),
            ("proposal", "keep"),
        ] {
            assert_eq!(taken[name], value, "{taken}");
        }
        peer.win(&dispute);
        app.ring(&account, ("charge.dispute.closed", "dispute", &dispute))
            .await;
        let movements = app.movements().await;
        assert_eq!(
            (movements.len(), &movements[0]["direction"]),
            (2, &json!("in"))
        );
        for movement in movements {
            let path = format!("/v1/movements/{}/resolve", movement["id"].as_str().unwrap());
            let keep = json!({"action": "keep"});
            app.merchant.owner.post(&path, &keep).await.expect(200);
        }
    });
}
