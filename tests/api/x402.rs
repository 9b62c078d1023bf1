//! Payments by programs: what they are asked, what is taken, and what lost answers, lies and
//! reorganizations cost: nothing. A peer with a memory of its own plays the chain.

use super::harness::{
    Browser,
    chain::{Fault, PAYEE, PAYER, TOKEN, carried, run_with_chain},
};
use serde_json::json;
use threadpay::workers::Worker;
use time::Duration;

#[test]
fn a_program_pays_at_the_address_of_the_page() {
    run_with_chain(async |app, chain| {
        let account = app.add_chain(chain).await;
        assert!(!account.to_string().contains("sesam"), "{account}");
        let checked = format!(
            "/v1/rail_accounts/{}/check",
            account["id"].as_str().unwrap()
        );
        let checked = app
            .merchant
            .owner
            .post(&checked, &json!({}))
            .await
            .expect(200);
        assert_eq!(checked["checked"], "provider");
        let (intent, url, asked) = app.asked().await;
        let offer = &asked["accepts"][0];
        assert_eq!(offer["amount"], "12500000");
        assert_eq!(
            (&offer["asset"], &offer["payTo"]),
            (&json!(TOKEN), &json!(PAYEE))
        );
        assert_eq!(asked["resource"]["url"], url);
        let again = app.anyone.get(&url).await;
        assert_eq!(carried(&again, "payment-required"), asked);
        let payment = chain.sign(&asked, 1);
        let paid = app.anyone.pay_signed(&url, &payment).await;
        let told = paid.expect(200);
        assert_eq!(told["status"], "processing", "two blocks must hold it");
        let response = carried(&paid, "payment-response");
        assert_eq!(
            (&response["success"], &response["payer"]),
            (&json!(true), &json!(PAYER))
        );
        // However often it comes, it is one payment.
        let again = app.anyone.pay_signed(&url, &payment).await;
        assert_eq!(carried(&again, "payment-response"), response);
        let second = chain.sign(&asked, 2);
        let second = app.anyone.pay_signed(&url, &second).await;
        second.problem(409, "invalid_state");
        chain.mine(1);
        app.clock.advance(Duration::seconds(20));
        app.resolve().await;
        assert_eq!(app.status(&intent).await, "succeeded");
        let told = app.anyone.pay_signed(&url, &payment).await.expect(200);
        assert_eq!(told["status"], "succeeded");
        let receipt = app.anyone.get(told["receipt_url"].as_str().unwrap()).await;
        assert_eq!(receipt.status, 200);
        assert_eq!((chain.received(), chain.presented()), (12_500_000, 1));
        let attempts = format!("/v1/payment_intents/{intent}/attempts");
        let attempts = app.merchant.bot.get(&attempts).await.expect(200);
        let attempt = &attempts["data"][0];
        let reference = format!(
            "eip155:8453:{}:{}:0x{}",
            TOKEN.to_lowercase(),
            PAYER.to_lowercase(),
            "01".repeat(32)
        );
        assert_eq!(attempt["rail_reference"], reference, "{attempt}");
        let token = json!({
            "network": "eip155:8453", "asset": TOKEN, "units": "12500000", "rate": "1",
        });
        assert_eq!(attempt["token"], token);
        let refund = app.merchant.owner.refund(&intent, "1.00").await;
        refund.problem(409, "refund_not_possible");
        assert!(app.movements().await.is_empty());
    });
}

#[test]
fn people_see_the_page_and_reading_pays_nothing() {
    run_with_chain(async |app, chain| {
        app.add_chain(chain).await;
        let (intent, url, asked) = app.asked().await;
        let payment = chain.sign(&asked, 1);
        let page = Browser::new(&app.anyone).open(&url).await;
        assert_eq!(page.status, 200);
        assert!(
            !page.text().contains("x402"),
            "people are offered other ways"
        );
        let head = app.anyone.request("HEAD", &url);
        let head = head
            .header("payment-signature", "e30=")
            .header("accept", "*/*");
        assert_eq!(app.anyone.send(head).await.status, 402);
        assert_eq!(app.status(&intent).await, "requires_payment");
        let only = json!({"amount": "1.00", "currency": "EUR", "rails": ["x402"]});
        let only = app.merchant.bot.create_intent(&only).await.expect(201);
        let page = Browser::new(&app.anyone)
            .open(only["pay_url"].as_str().unwrap())
            .await;
        assert!(
            page.text().contains("Only programs can pay here"),
            "{}",
            page.text()
        );
        // Another currency, or a hold: no program is asked for it.
        for other in [
            json!({"amount": "1.00", "currency": "USD"}),
            json!({"amount": "1.00", "currency": "EUR", "capture_method": "manual"}),
            json!({"amount": "1.00", "currency": "EUR", "rails": ["sandbox"]}),
        ] {
            let made = app.merchant.bot.create_intent(&other).await.expect(201);
            let url = made["pay_url"].as_str().unwrap();
            assert_eq!(app.anyone.get(url).await.status, 200);
            let refused = app.anyone.pay_signed(url, &payment).await;
            refused.problem(409, "invalid_state");
        }
        let id = app.merchant.bot.ask_for("12.50", "EUR").await;
        let refused = app.merchant.bot.confirm(&id, "x402").await;
        refused.problem(422, "invalid_payment_method");
        assert_eq!(chain.presented(), 0);
    });
}

#[test]
fn what_is_not_what_was_asked_is_refused_by_its_word() {
    run_with_chain(async |app, chain| {
        app.add_chain(chain).await;
        let (intent, url, asked) = app.asked().await;
        let payment = chain.sign(&asked, 1);
        for (pointer, value, word) in [
            (
                "/payload/authorization/value",
                json!("12499999"),
                "invalid_exact_evm_payload_authorization_value_mismatch",
            ),
            (
                "/payload/authorization/to",
                json!(PAYER),
                "invalid_exact_evm_payload_recipient_mismatch",
            ),
            (
                "/payload/authorization/validBefore",
                json!("1"),
                "invalid_exact_evm_payload_authorization_valid_before",
            ),
            ("/accepted/network", json!("eip155:1"), "invalid_network"),
            ("/accepted/asset", json!(PAYEE), "invalid_asset"),
            (
                "/payload/signature",
                json!("0x"),
                "invalid_exact_evm_payload_signature",
            ),
            ("/x402Version", json!(1), "invalid_x402_version"),
            (
                "/payload/authorization/nonce",
                json!("0x"),
                "invalid_payload",
            ),
        ] {
            let mut slip = payment.clone();
            *slip.pointer_mut(pointer).unwrap() = value;
            let refused = app.anyone.pay_signed(&url, &slip).await.expect(402);
            assert_eq!(refused["error"], word, "{pointer}");
        }
        let request = app
            .anyone
            .request("GET", &url)
            .header("payment-signature", "%");
        let refused = app.anyone.send(request).await.expect(402);
        assert_eq!(refused["error"], "invalid_payload");
        // Nothing is begun while nobody can be asked.
        chain.is_down(true);
        let away = app.anyone.pay_signed(&url, &payment).await;
        away.problem(503, "provider_unavailable");
        assert_eq!(app.status(&intent).await, "requires_payment");
        chain.is_down(false);
        app.anyone.pay_signed(&url, &payment).await.expect(200);
        // What pays one page pays no other.
        let (_, other, _) = app.asked().await;
        let replayed = app.anyone.pay_signed(&other, &payment).await;
        replayed.problem(422, "idempotency_key_reused");
        assert_eq!((chain.received(), chain.presented()), (12_500_000, 1));
        chain.mine(2);
        app.clock.advance(Duration::seconds(20));
        app.resolve().await;
        assert_eq!(app.status(&intent).await, "succeeded");
    });
}

#[test]
fn a_lost_answer_is_found_out_and_the_same_payment_presented_again() {
    run_with_chain(async |app, chain| {
        app.add_chain(chain).await;
        for (nonce, fault, is_seen) in [
            (1, Fault::LoseAnswer, true),
            (2, Fault::DropRequest, false),
            (3, Fault::Refuse("insufficient_funds"), false),
            (4, Fault::Lie, false),
        ] {
            let (intent, url, asked) = app.asked().await;
            chain.next(fault);
            let sent = app
                .anyone
                .pay_signed(&url, &chain.sign(&asked, nonce))
                .await;
            assert_eq!(sent.status, if is_seen { 200 } else { 202 }, "{fault:?}");
            assert_eq!(app.status(&intent).await, "processing");
            if let Fault::Refuse(_) = fault {
                // What a facilitator refuses its payer can bring there all the same.
                chain.bring();
            }
            // It is on the chain, or is presented again: the same bytes.
            app.clock.advance(Duration::seconds(20));
            app.resolve().await;
            assert_eq!(chain.received(), u128::from(nonce) * 12_500_000);
            chain.mine(2);
            app.clock.advance(Duration::seconds(20));
            app.resolve().await;
            assert_eq!(app.status(&intent).await, "succeeded", "{fault:?}");
        }
        assert_eq!(chain.presented(), 6);
        assert!(app.movements().await.is_empty());
    });
}

#[test]
fn what_never_came_fails_when_it_has_ended_on_the_chain() {
    run_with_chain(async |app, chain| {
        app.add_chain(chain).await;
        let (intent, url, asked) = app.asked().await;
        chain.next(Fault::DropRequest);
        app.anyone
            .pay_signed(&url, &chain.sign(&asked, 1))
            .await
            .expect(202);
        // Nobody can be asked until it has ended: it may be on the chain all the same.
        chain.is_down(true);
        app.clock.advance(Duration::seconds(100));
        app.resolve().await;
        app.clock.advance(Duration::seconds(50));
        app.resolve().await;
        assert_eq!(app.status(&intent).await, "processing");
        chain.is_down(false);
        chain.mine(2);
        app.clock.advance(Duration::hours(2));
        app.resolve().await;
        let failed = app.merchant.bot.intent(&intent).await;
        assert_eq!(chain.presented(), 1);
        assert_ne!(failed["status"], "processing", "{failed}");
        assert_eq!(
            failed["last_error"]["decline_code"], "not_paid_in_time",
            "{failed}"
        );
    });
}

#[test]
fn a_block_that_goes_takes_the_payment_with_it_and_the_same_is_presented_again() {
    run_with_chain(async |app, chain| {
        app.add_chain(chain).await;
        let (intent, url, asked) = app.asked().await;
        let payment = chain.sign(&asked, 1);
        let paid = app.anyone.pay_signed(&url, &payment).await;
        let first = carried(&paid, "payment-response")["transaction"].clone();
        chain.reorganize(1);
        assert_eq!(chain.received(), 0);
        app.clock.advance(Duration::seconds(20));
        app.resolve().await;
        assert_eq!((chain.received(), chain.presented()), (12_500_000, 2));
        assert_eq!(app.status(&intent).await, "processing");
        chain.mine(2);
        app.clock.advance(Duration::seconds(20));
        app.resolve().await;
        assert_eq!(app.status(&intent).await, "succeeded");
        let paid = app.anyone.pay_signed(&url, &payment).await;
        let second = carried(&paid, "payment-response")["transaction"].clone();
        assert_ne!(first, second, "it is in another block");
    });
}

#[test]
fn a_link_is_paid_by_programs_too() {
    run_with_chain(async |app, chain| {
        app.add_chain(chain).await;
        let link = json!({
            "currency": "EUR", "usage": "multi", "tip_options": ["0.00", "1.00"],
            "amount_options": {"preset": "10.00", "min": "1.00", "max": "100.00"},
        });
        let url = app.merchant.bot.create_link(&link).await["url"]
            .as_str()
            .unwrap()
            .to_owned();
        let asked = app.anyone.get(&url).await.expect(402);
        assert_eq!(asked["accepts"][0]["amount"], "10000000");
        let chosen = format!("{url}?amount=2.50&tip=1.00");
        let asked = app.anyone.get(&chosen).await.expect(402);
        assert_eq!(asked["accepts"][0]["amount"], "3500000");
        let too_much = app.anyone.get(&format!("{url}?amount=100.01")).await;
        assert_eq!(too_much.status, 422);
        let payment = chain.sign(&asked, 1);
        app.anyone.pay_signed(&chosen, &payment).await.expect(200);
        // Sent again it is the same payment, and not the next one.
        app.anyone.pay_signed(&chosen, &payment).await.expect(200);
        app.anyone
            .pay_signed(
                &url,
                &chain.sign(&app.anyone.get(&url).await.expect(402), 2),
            )
            .await
            .expect(200);
        chain.mine(2);
        app.clock.advance(Duration::seconds(20));
        app.resolve().await;
        assert_eq!((chain.received(), chain.presented()), (13_500_000, 2));
        let made = app
            .merchant
            .bot
            .get("/v1/payment_intents?status=succeeded")
            .await
            .expect(200);
        let amounts: Vec<_> = made["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["amount"].clone())
            .collect();
        assert_eq!(amounts, [json!("10.00"), json!("3.50")]);
    });
}

#[test]
fn a_node_that_keeps_silent_makes_nobody_else_wait() {
    run_with_chain(async |app, chain| {
        app.add_chain(chain).await;
        let (_, url, asked) = app.asked().await;
        chain.next(Fault::DropRequest);
        let payment = chain.sign(&asked, 1);
        app.anyone.pay_signed(&url, &payment).await.expect(202);
        app.clock.advance(Duration::seconds(20));
        chain.keep_silent(true);
        let mut resolver = app.resolver();
        resolver.tick().await.unwrap();
        assert_eq!(
            chain.waiting(),
            1,
            "the tick is over, and the node was asked"
        );
        // Another merchant's attempt is found out meanwhile.
        let other = app.another_merchant().await.bot;
        let id = other.ask_for("12.50", "EUR").await;
        other.confirm(&id, "pm_sandbox_timeout").await.expect(200);
        app.clock.advance(Duration::seconds(20));
        resolver.tick().await.unwrap();
        assert_eq!(other.intent(&id).await["status"], "succeeded");
        chain.keep_silent(false);
        resolver.stop().await;
    });
}
