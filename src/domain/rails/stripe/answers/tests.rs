use super::*;
use crate::base::{ids::AttemptId, mode::Mode, money::Money};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

fn attempt() -> AttemptId {
    AttemptId(Uuid::from_u128(7))
}

fn euros(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().unwrap())
}

/// A page that is complete, with these members changed.
fn session(changes: Value) -> Session {
    let mut session = json!({
        "id": "cs_test_1", "object": "checkout.session", "url": null, "status": "complete",
        "payment_status": "paid", "client_reference_id": attempt(), "livemode": false,
        "amount_total": 1250, "currency": "eur", "payment_intent": "pi_1", "unknown": [{}],
    });
    let Value::Object(changes) = changes else {
        panic!("not an object: {changes}")
    };
    session.as_object_mut().unwrap().extend(changes);
    read(200, Some(session.to_string().as_bytes())).unwrap()
}

/// The page of a payment of that status.
fn with_payment(status: &str) -> Session {
    session(json!({"payment_status": "unpaid", "payment_intent": {
        "id": "pi_1", "status": status, "amount": 1250, "amount_received": 1000,
        "amount_capturable": 1250, "currency": "eur", "metadata": {"threadpay_attempt": attempt()},
        "last_payment_error": {"code": "card_declined", "decline_code": "insufficient_funds"},
        "latest_charge": {"id": "ch_1", "amount": 1250, "amount_refunded": 50, "currency": "eur",
            "captured": true, "disputed": false, "payment_intent": "pi_1",
            "balance_transaction": {"id": "txn_1", "type": "charge", "reporting_category": "charge",
                "amount": 1000, "fee": 54, "net": 946, "currency": "eur", "source": "ch_1",
                "created": 1_796_000_000, "available_on": 1_796_100_000, "exchange_rate": 1.5}},
    }}))
}

fn outcome(session: &Session) -> Outcome {
    let mode = Mode::Test;
    let attempt = attempt();
    session.outcome(&Expected { attempt, mode })
}

#[test]
fn a_page_means_what_its_payment_means() {
    let fee = Some(euros(54));
    let amount = euros(1000);
    let code = Some("insufficient_funds".to_owned());
    let held = euros(1250);
    for (status, wanted) in [
        ("succeeded", Outcome::Paid { amount, fee }),
        ("requires_capture", Outcome::Authorized { amount: held }),
        ("canceled", Outcome::Canceled),
        ("requires_payment_method", Outcome::Failed { code }),
        ("requires_action", Outcome::Pending),
        ("requires_confirmation", Outcome::Pending),
        ("processing", Outcome::Pending),
        ("a_word_of_tomorrow", Outcome::Pending),
    ] {
        assert_eq!(outcome(&with_payment(status)), wanted, "{status}");
    }
    let read = with_payment("succeeded");
    let payment = read.payment().unwrap();
    assert_eq!(payment.attempt(), Some(attempt()));
    assert_eq!(
        payment.charge().unwrap().refunded().money(),
        Some(euros(50))
    );
    let settled = payment.settled().unwrap();
    assert_eq!(settled.net().money(), Some(euros(946)));
    assert_eq!(settled.available_on.unix_timestamp(), 1_796_100_000);
}

#[test]
fn a_page_alone_tells_whether_it_is_paid() {
    let paid = Outcome::Paid {
        amount: euros(1250),
        fee: None,
    };
    let url = Some("https://checkout.example/c/pay".to_owned());
    for (changes, wanted) in [
        (json!({}), paid),
        (json!({"payment_status": "unpaid"}), Outcome::Pending),
        (json!({"payment_status": "half"}), Outcome::Pending),
        (json!({"payment_status": null}), Outcome::Pending),
        (json!({"amount_total": null}), Outcome::Pending),
        (
            json!({"payment_status": "no_payment_required"}),
            Outcome::NotOurs,
        ),
        (json!({"status": "expired"}), Outcome::Expired),
        (json!({"status": "frozen"}), Outcome::Pending),
        (json!({"status": "open", "url": url}), Outcome::Open { url }),
    ] {
        assert_eq!(outcome(&session(changes.clone())), wanted, "{changes}");
    }
}

#[test]
fn pages_of_others_pay_nothing_of_ours() {
    for changes in [
        json!({"client_reference_id": null}),
        json!({"client_reference_id": "pa_00000000000000000000000001"}),
        json!({"client_reference_id": "order 5"}),
        json!({"livemode": true}),
        json!({"currency": "usdc"}),
    ] {
        assert_eq!(
            outcome(&session(changes.clone())),
            Outcome::NotOurs,
            "{changes}"
        );
    }
}

#[test]
fn refunds_and_disputes_keep_words_that_nobody_knows_yet() {
    let refund = json!({"id": "re_1", "amount": 500, "currency": "eur", "status": "failed",
        "failure_reason": "lost_or_stolen_card", "payment_intent": {"id": "pi_1"}, "charge": "ch_1",
        "metadata": {"threadpay_attempt": attempt()}, "balance_transaction": null});
    let refund: Refund = read(200, Some(refund.to_string().as_bytes())).unwrap();
    assert_eq!(refund.status, Some(RefundStatus::Failed.into()));
    assert_eq!(refund.attempt(), Some(attempt()));
    assert_eq!(refund.payment_intent.unwrap().0.as_str(), "pi_1");
    for status in DisputeStatus::WORDS.iter().chain(&["paused"]) {
        let dispute = json!({"id": "du_1", "amount": 500, "currency": "eur", "status": status});
        let dispute: Dispute = read(200, Some(dispute.to_string().as_bytes())).unwrap();
        assert_eq!(dispute.status.unwrap().to_string(), *status);
    }
}

fn error(status: u16, error: &Value) -> CallError {
    let body = json!({ "error": error }).to_string();
    read::<Session>(status, Some(body.as_bytes())).unwrap_err()
}

#[test]
fn a_refusal_says_what_follows_from_it() {
    let state = "Only Checkout Sessions with a status in [\"open\"] can be expired.";
    for (status, told, wanted) in [
        (
            401,
            json!({"type": "invalid_request_error"}),
            Reason::Account,
        ),
        (
            403,
            json!({"code": "more_permissions_required"}),
            Reason::Account,
        ),
        (
            404,
            json!({"code": "resource_missing", "param": "id"}),
            Reason::Missing,
        ),
        (400, json!({"message": state}), Reason::State),
        (
            400,
            json!({"code": "charge_already_captured"}),
            Reason::State,
        ),
        (
            400,
            json!({"code": "payment_intent_unexpected_state"}),
            Reason::State,
        ),
        (
            400,
            json!({"code": "parameter_unknown", "param": "a"}),
            Reason::Request,
        ),
        (400, json!({"param": "a"}), Reason::Request),
        (402, json!({"code": "card_declined"}), Reason::Declined),
    ] {
        match error(status, &told) {
            CallError::Refused(refusal) => assert_eq!(refusal.reason, wanted, "{told}"),
            CallError::Unknown(doubt) => panic!("{told}: {doubt}"),
        }
    }
}

#[test]
fn what_may_have_been_done_is_no_refusal() {
    let page: &[u8] = b"<html>Forbidden</html>";
    for (status, body, wanted) in [
        (409, &br#"{"error":{}}"#[..], Doubt::Busy(409)),
        (429, br#"{"error":{}}"#, Doubt::Busy(429)),
        (
            400,
            br#"{"error":{"code":"lock_timeout"}}"#,
            Doubt::Busy(400),
        ),
        (500, br#"{"error":{}}"#, Doubt::Failed(500)),
        (503, page, Doubt::Failed(503)),
        (403, page, Doubt::Unreadable(403)),
        (302, b"", Doubt::Unreadable(302)),
        (200, page, Doubt::Unreadable(200)),
        (200, br#"{"id":"../x"}"#, Doubt::Unreadable(200)),
        (
            400,
            br#"{"error":{"type":"idempotency_error"}}"#,
            Doubt::KeyReused,
        ),
    ] {
        let found = read::<Session>(status, Some(body)).unwrap_err();
        assert_eq!(found, CallError::Unknown(wanted), "{status}");
    }
    let cut = read::<Session>(200, None).unwrap_err();
    assert_eq!(cut, CallError::Unknown(Doubt::Unreadable(200)));
}

#[test]
fn no_error_holds_a_key() {
    let told = "Invalid API Key provided:\u{0} sk_test_****mnop. whsec_abc, ok";
    let found = error(401, &json!({"message": told, "code": "api_key_expired"}));
    let wanted =
        "Stripe refuses (401, api_key_expired): Invalid API Key provided: (a key) (a key) ok";
    assert_eq!(found.to_string(), wanted);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(status: u16, bytes: Vec<u8>) {
        let _ = read::<Session>(status, Some(&bytes));
        let _ = read::<Page<BalanceTransaction>>(status, Some(&bytes));
    }

    #[test]
    fn no_member_makes_it_panic(
        name in "(status|payment_status|currency|amount_total|payment_intent|url|client_reference_id)",
        value in prop_oneof![Just(json!(null)), any::<i64>().prop_map(|n| json!(n)), ".{0,9}".prop_map(|t| json!(t)), Just(json!({"id": "pi_1", "amount": i64::MIN, "currency": "isk", "status": "succeeded"}))],
    ) {
        let body = json!({"id": "cs_1", "status": "complete", "client_reference_id": attempt(), name: value});
        if let Ok(session) = read::<Session>(200, Some(body.to_string().as_bytes())) {
            let _ = outcome(&session);
        }
    }
}
