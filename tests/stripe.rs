//! What we ask Stripe, and what we take from it, for programs that are not ours to judge:
//! `tests/verifiers/stripe_checkout.py` puts questions into the folder that `STRIPE` names, as
//! `asked.jsonl`, and reads the answers there, in `told.jsonl`. Without a folder the questions are a
//! few of our own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{env, fs, path::Path};
use threadpay::{
    base::{
        mode::Mode,
        money::Money,
        net::{Outbound, Policy},
    },
    domain::rails::{
        Heard,
        stripe::{
            Client, Credentials, DEADLINE, EXCHANGE_BYTES, Method, ObjectId, Request, Ring, Secret,
            answers::{
                BalanceTransaction, CallError, Charge, DisputeStatus, Page, Payment, PaymentStatus,
                Refund, RefundStatus, SessionPayment, SessionStatus,
            },
            calls::{self, Capture, NewSession},
            verify,
        },
    },
};
use time::OffsetDateTime;

const OWN: [&str; 2] = [
    r#"{"call": "get_refund", "id": "re_1"}"#,
    r#"{"event": "{}", "header": "t=1,v1=00", "secrets": ["whsec_abcdefgh"], "now": 1}"#,
];

#[tokio::test]
async fn each_question_is_answered() {
    let Ok(folder) = env::var("STRIPE") else {
        let [asked, rung] = OWN.map(|question| serde_json::from_str(question).unwrap());
        assert_eq!(answer(&asked).await["target"], "/v1/refunds/re_1");
        let refused = answer(&rung).await;
        assert!(refused["detail"].as_str().unwrap().contains("not signed"));
        return;
    };
    let asked = fs::read_to_string(Path::new(&folder).join("asked.jsonl")).unwrap();
    let mut told = String::new();
    for question in asked.lines() {
        let answer = answer(&serde_json::from_str(question).unwrap()).await;
        told += &(answer.to_string() + "\n");
    }
    fs::write(Path::new(&folder).join("told.jsonl"), told).unwrap();
}

/// Of a call: what is written, or what is answered by the peer at `base`. Of a webhook: how it
/// rings, or why it is refused. Or the words that we know.
async fn answer(question: &Value) -> Value {
    if question["words"].is_boolean() {
        return json!({
            "session": SessionStatus::WORDS, "session_payment": SessionPayment::WORDS,
            "payment": PaymentStatus::WORDS, "refund": RefundStatus::WORDS,
            "dispute": DisputeStatus::WORDS,
        });
    }
    if question["event"].is_string() {
        return ring(question);
    }
    let request = match request(question) {
        Ok(request) => request,
        Err(detail) => return json!({"detail": detail}),
    };
    if let Some(base) = question["base"].as_str() {
        return send(base, question, &request).await;
    }
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    json!({
        "method": method, "path": request.path, "form": request.form, "target": request.target(),
        "body": request.body(), "key": request.idempotency_key,
    })
}

fn text<'a>(question: &'a Value, name: &str) -> &'a str {
    question[name].as_str().unwrap_or_default()
}

fn id(question: &Value) -> ObjectId {
    ObjectId::parse(text(question, "id")).unwrap()
}

fn moment(question: &Value, name: &str) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(question[name].as_i64().unwrap()).unwrap()
}

fn request(question: &Value) -> Result<Request, String> {
    let attempt = || text(question, "attempt").parse().unwrap();
    let amount = || {
        let currency = text(question, "currency").parse().unwrap();
        Money::parse(text(question, "amount"), currency).unwrap()
    };
    let after = ObjectId::parse(text(question, "after"));
    let made = match text(question, "call") {
        "create_session" => calls::create_session(&NewSession {
            attempt: attempt(),
            amount: amount(),
            capture: match question["held"].as_bool() {
                Some(true) => Capture::ByHand,
                Some(false) | None => Capture::AtOnce,
            },
            label: text(question, "label"),
            expires_at: moment(question, "expires_at"),
            success_url: text(question, "success_url"),
            cancel_url: text(question, "cancel_url"),
        }),
        "get_session" => Ok(calls::get_session(&id(question))),
        "list_sessions" => Ok(calls::list_sessions(
            moment(question, "since"),
            after.as_ref(),
        )),
        "expire_session" => Ok(calls::expire_session(&id(question), attempt())),
        "get_payment" => Ok(calls::get_payment(&id(question))),
        "capture" => calls::capture(&id(question), amount(), attempt()),
        "cancel" => Ok(calls::cancel(&id(question), attempt())),
        "create_refund" => calls::create_refund(&id(question), amount(), attempt()),
        "get_refund" => Ok(calls::get_refund(&id(question))),
        "list_refunds" => Ok(calls::list_refunds(&id(question), after.as_ref())),
        "get_charge" => Ok(calls::get_charge(&id(question))),
        "get_dispute" => Ok(calls::get_dispute(&id(question))),
        "get_balance_transaction" => Ok(calls::get_balance_transaction(&id(question))),
        "get_payout" => Ok(calls::get_payout(&id(question))),
        "list_balance_transactions" => Ok(calls::list_balance_transactions(
            &id(question),
            after.as_ref(),
        )),
        "read_balance" => Ok(calls::read_balance()),
        "read_webhook_endpoints" => Ok(calls::read_webhook_endpoints()),
        other => panic!("no such call: {other}"),
    };
    made.map_err(|refused| refused.to_string())
}

fn credentials(webhook_secret: &str) -> Credentials {
    let keys = json!({"secret_key": "sk_test_notarealkey", "webhook_secret": webhook_secret});
    Credentials::parse("", &keys, Mode::Test).unwrap()
}

fn ring(question: &Value) -> Value {
    let secrets = question["secrets"].as_array().unwrap().iter();
    let secrets: Vec<Secret> = secrets
        .map(|secret| credentials(secret.as_str().unwrap()).webhook_secret)
        .collect();
    let secrets: Vec<&Secret> = secrets.iter().collect();
    let (header, body) = (text(question, "header"), text(question, "event").as_bytes());
    if let Err(refused) = verify(header, body, &secrets, moment(question, "now")) {
        return json!({"detail": refused.to_string()});
    }
    match Ring::read(body) {
        Ok(ring) => json!({
            "event_id": ring.event_id.as_str(), "kind": format!("{:?}", ring.kind),
            "event_type": ring.event_type, "object_type": ring.object_type,
            "object_id": ring.object_id.map(|id| id.to_string()), "livemode": ring.livemode,
        }),
        Err(refused) => json!({"detail": refused.to_string()}),
    }
}

async fn send(base: &str, question: &Value, request: &Request) -> Value {
    let outbound = Outbound::with_bound(Policy::private(), None, DEADLINE, EXCHANGE_BYTES);
    let keys = credentials("whsec_notarealsecret");
    let client = Client {
        outbound: &outbound.unwrap(),
        base,
        key: &keys.secret_key,
        heard: &Heard::default(),
    };
    match text(question, "call") {
        "get_payment" | "capture" | "cancel" => told(&client, request, payment).await,
        "create_refund" | "get_refund" => told(&client, request, refund).await,
        "list_refunds" => {
            let list = |page: &Page<Refund>| {
                let next = page.next().map(ToString::to_string);
                json!({"next": next, "data": page.data.iter().map(refund).collect::<Vec<_>>()})
            };
            told(&client, request, list).await
        }
        "get_charge" => told(&client, request, charge).await,
        "get_balance_transaction" => told(&client, request, movement).await,
        other => panic!("nothing sends {other}"),
    }
}

async fn told<T: DeserializeOwned>(
    client: &Client<'_>,
    request: &Request,
    tell: impl FnOnce(&T) -> Value,
) -> Value {
    match client.call(request).await {
        Ok(answer) => tell(&answer),
        Err(CallError::Refused(refusal)) => {
            json!({"refused": refusal.status, "reason": format!("{:?}", refusal.reason)})
        }
        Err(CallError::Unknown(doubt)) => json!({"unknown": doubt.to_string()}),
    }
}

fn payment(payment: &Payment) -> Value {
    json!({
        "id": payment.id.as_str(), "attempt": payment.attempt(),
        "status": payment.status.as_ref().map(ToString::to_string),
        "amount": payment.amount().money().unwrap().to_string(),
        "charge": payment.charge().map(charge),
        "settled": payment.settled().map(movement),
    })
}

fn charge(charge: &Charge) -> Value {
    json!({
        "id": charge.id.as_str(), "captured": charge.captured,
        "payment": charge.payment_intent.as_ref().map(|link| link.0.to_string()),
        "amount": charge.amount().money().unwrap().to_string(),
        "refunded": charge.refunded().money().unwrap().to_string(),
    })
}

fn refund(refund: &Refund) -> Value {
    json!({
        "id": refund.id.as_str(), "status": refund.status.as_ref().map(ToString::to_string),
        "attempt": refund.attempt(), "amount": refund.amount().money().unwrap().to_string(),
        "payment": refund.payment_intent.as_ref().map(|link| link.0.to_string()),
        "movement": refund.balance_transaction.as_ref().map(|link| link.0.to_string()),
    })
}

fn movement(movement: &BalanceTransaction) -> Value {
    let printed = |seen: threadpay::domain::rails::stripe::Seen| seen.money().unwrap().to_string();
    json!({
        "id": movement.id.as_str(), "kind": movement.kind,
        "amount": printed(movement.amount()), "fee": printed(movement.fee()),
        "net": printed(movement.net()),
        "source": movement.source.as_ref().map(|source| source.id.to_string()),
    })
}
