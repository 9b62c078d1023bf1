//! What Stripe pays out: kept with all that it is the sum of, once, and whether it adds up or not.

use super::harness::{
    Merchant, TestApp,
    stripe::{Fault, StripePeer, run_with_stripe},
};
use serde_json::{Value, json};
use threadpay::{
    base::{actor::Actor, money::Money},
    domain::settlements::{ToldPage, ToldPayout},
    writer::{Reply, SettlementCommand, Submission},
};
use time::Duration;

impl TestApp {
    /// The id of a settlement of a merchant that pays out nothing.
    pub async fn settlement_of(&self, merchant: &Merchant, account: &str) -> String {
        let now = self.ambient.now();
        let told = ToldPayout {
            account: account.parse().unwrap(),
            external_id: "po_0".to_owned(),
            amount: Money::zero("EUR".parse().unwrap()),
            status: "paid".to_owned(),
            arrives_on: now.date(),
            occurred_at: now,
            page: Some(ToldPage {
                after: None,
                lines: Vec::new(),
                next: None,
            }),
        };
        let submission = Submission {
            merchant: merchant.id,
            actor: Actor::Worker("listen"),
            command: SettlementCommand::Keep(Box::new(told)).into(),
            claim: None,
            request_id: String::new(),
            bytes: 0,
        };
        let Reply::Answer(answer) = self.app.writer.submit(submission).await.unwrap() else {
            panic!("no answer");
        };
        let kept: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(kept["status"], "balanced");
        kept["id"].as_str().unwrap().to_owned()
    }

    async fn settlements(&self) -> Vec<Value> {
        let listed = self.merchant.finance.get("/v1/settlements").await;
        listed.expect(200)["data"].as_array().unwrap().clone()
    }

    async fn settlement_lines(&self, settlement: &Value) -> Vec<Value> {
        let id = settlement["id"].as_str().unwrap();
        let path = format!("/v1/settlements/{id}/lines?limit=100");
        let listed = self.merchant.finance.get(&path).await.expect(200);
        listed["data"].as_array().unwrap().clone()
    }

    /// Stripe says that it knows all that a payout pays out.
    async fn ring_payout(&self, account: &Value, payout: &str) {
        let rung = ("payout.reconciliation_completed", "payout", payout);
        self.ring(account, rung).await;
    }

    /// A payment that is paid out, and its payout.
    async fn paid_out(&self, (peer, account): (&StripePeer, &Value)) -> (String, String) {
        let (intent, payment) = self.paid_at_stripe((peer, account), "automatic").await;
        (intent, peer.payout(&[&payment]))
    }
}

/// What a line says of money and of whose it is.
fn said(line: &Value) -> [&str; 6] {
    let members = [
        "type",
        "reporting_category",
        "amount",
        "fee",
        "net",
        "payment_intent",
    ];
    members.map(|member| line[member].as_str().unwrap_or("none"))
}

#[test]
fn a_payout_is_kept_with_all_that_it_pays_out() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        let shop = (peer, &account);
        let (first, payment) = app.paid_at_stripe(shop, "automatic").await;
        let (second, disputed) = app.paid_at_stripe(shop, "automatic").await;
        let (third, _) = app.paid_at_stripe(shop, "automatic").await;
        let owner = &app.merchant.owner;
        owner.refund(&first, "2.50").await.expect(201);
        peer.refund(&payment, 100);
        peer.dispute(&disputed, 1250);
        peer.take_fee(200);
        let payout = peer.payout(&[]);
        // However long the list is, it is read page by page.
        peer.pages_of(2);
        app.ring_payout(&account, &payout).await;
        let [settlement] = &app.settlements().await[..] else {
            panic!("not one settlement");
        };
        for (member, value) in [
            ("object", json!("settlement")),
            ("rail_account", account["id"].clone()),
            ("external_id", json!(payout)),
            ("status", json!("balanced")),
            ("payout_status", json!("in_transit")),
            ("amount", json!("3.21")),
            ("gross", json!("19.50")),
            ("fee", json!("16.29")),
            ("net", json!("3.21")),
            ("currency", json!("EUR")),
            ("lines_count", json!(7)),
        ] {
            assert_eq!(settlement[member], value, "{member} of {settlement}");
        }
        let lines = app.settlement_lines(settlement).await;
        let [first, second, third] = [&*first, &*second, &*third];
        assert_eq!(
            lines.iter().map(said).collect::<Vec<_>>(),
            [
                ["charge", "charge", "12.50", "0.43", "12.07", first],
                ["charge", "charge", "12.50", "0.43", "12.07", second],
                ["charge", "charge", "12.50", "0.43", "12.07", third],
                ["refund", "refund", "-2.50", "0.00", "-2.50", first],
                ["refund", "refund", "-1.00", "0.00", "-1.00", first],
                ["adjustment", "dispute", "-12.50", "15.00", "-27.50", second],
                ["stripe_fee", "fee", "-2.00", "0.00", "-2.00", "none"],
            ]
        );
        // A refund of ours is told with its own attempt, one at Stripe with that of its charge.
        let path = format!("/v1/payment_intents/{first}/attempts");
        let attempts = owner.get(&path).await.expect(200);
        let of = |kind: &str| {
            let mut attempts = attempts["data"].as_array().unwrap().iter();
            attempts.find(|a| a["kind"] == kind).unwrap()["id"].clone()
        };
        let told = [0, 3, 4].map(|at: usize| lines[at]["attempt"].clone());
        assert_eq!(told, [of("charge"), of("refund"), of("charge")]);
        assert_eq!(lines[0]["source"], peer.charge_of(&payment));

        // The same again changes nothing, and its arrival only how far it is.
        app.ring_payout(&account, &payout).await;
        assert_eq!(app.settlements().await[0], *settlement);
        assert_eq!(app.settlement_lines(settlement).await, lines);
        peer.becomes(&payout, json!({"status": "paid"}));
        app.ring(&account, ("payout.paid", "payout", &payout)).await;
        let paid = app.settlements().await;
        assert_eq!(paid[0]["payout_status"], "paid");
        assert_eq!(app.settlement_lines(&paid[0]).await, lines);
    });
}

#[test]
fn a_list_is_of_one_account_and_goes_page_by_page() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        let (_, payout) = app.paid_out((peer, &account)).await;
        app.ring_payout(&account, &payout).await;
        let finance = &app.merchant.finance;
        for (of, count) in [
            (account["id"].as_str().unwrap(), 1),
            ("ra_01m8110y3cf2qrd5w8k6n4t7vb", 0),
        ] {
            let path = format!("/v1/settlements?rail_account={of}");
            let listed = finance.get(&path).await.expect(200);
            assert_eq!(listed["data"].as_array().unwrap().len(), count);
        }
        let settlement = app.settlements().await.remove(0);
        let id = settlement["id"].as_str().unwrap();
        let path = format!("/v1/settlements/{id}");
        assert_eq!(finance.get(&path).await.expect(200), settlement);
        let line = app.settlement_lines(&settlement).await.remove(0);
        let after = line["id"].as_str().unwrap();
        let path = format!("{path}/lines?after={after}");
        let rest = finance.get(&path).await.expect(200);
        assert_eq!(rest["data"], json!([]));
    });
}

#[test]
fn what_stripe_does_not_tell_is_asked_again() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        let (_, payout) = app.paid_out((peer, &account)).await;
        // A key that may not read payouts keeps no payer from paying.
        for _ in 0..6 {
            peer.next(
                "GET /v1/payouts",
                Fault::Refuse(403, "more_permissions_required"),
            );
        }
        app.ring_payout(&account, &payout).await;
        for _ in 0..5 {
            app.clock.advance(Duration::hours(1));
            app.listen().await;
        }
        let path = format!("/v1/rail_accounts/{}", account["id"].as_str().unwrap());
        let shown = app.merchant.owner.get(&path).await.expect(200);
        assert_eq!(shown["status"], "active");
        for fault in [Fault::Status(500), Fault::LoseAnswer] {
            peer.next("GET /v1/balance_transactions", fault);
            app.clock.advance(Duration::hours(1));
            app.listen().await;
            assert!(app.settlements().await.is_empty(), "{fault:?}");
        }
        app.clock.advance(Duration::hours(1));
        app.listen().await;
        assert_eq!(app.settlements().await[0]["status"], "balanced");
    });
}

#[test]
fn lines_are_read_once_stripe_knows_all_of_them() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        let (_, payout) = app.paid_out((peer, &account)).await;
        for status in ["in_progress", "not_applicable"] {
            peer.becomes(&payout, json!({"reconciliation_status": status}));
            app.ring_payout(&account, &payout).await;
            assert!(app.settlements().await.is_empty(), "{status}");
        }
        // Whichever event comes first then.
        peer.becomes(&payout, json!({"reconciliation_status": "completed"}));
        app.ring(&account, ("payout.updated", "payout", &payout))
            .await;
        assert_eq!(app.settlements().await.len(), 1);
        app.ring_payout(&account, "po_nosuch").await;
        assert_eq!(app.settlements().await.len(), 1);
    });
}

#[test]
fn what_does_not_add_up_is_kept_and_said() {
    run_with_stripe(async |app, peer| {
        let account = app.add_stripe(peer).await;
        let (_, payout) = app.paid_out((peer, &account)).await;
        peer.becomes(&payout, json!({"amount": 1206}));
        app.ring_payout(&account, &payout).await;
        let settlement = app.settlements().await.remove(0);
        assert_eq!(settlement["status"], "unbalanced");
        assert_eq!(settlement["amount"], "12.06");
        // The payout's own line says another amount than the payout, so that it is kept, too.
        assert_eq!(settlement["net"], "0.00");
        assert_eq!(app.settlement_lines(&settlement).await.len(), 2);
    });
}
