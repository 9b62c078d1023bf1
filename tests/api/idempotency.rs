//! One key, one effect, one answer.

use super::harness::{TestApp, new_key, run, run_test};
use futures_util::future::join_all;
use serde_json::json;
use threadpay::{
    base::actor::Actor,
    domain::{
        idempotency::{Claim, Fingerprint},
        rails::{PaymentMethod, Rail, RailAnswer, RailCall, RailFact, SandboxMethod},
    },
    writer::{Command, MovementCommand, PaymentCommand, Reply, Submission},
};
use time::Duration;

const BODY: &str = r#"{"amount":"12.50","currency":"EUR","metadata":{"a":"1","b":"2"}}"#;
const INTENTS: &str = "/v1/payment_intents";

#[test]
fn fifty_creates_with_one_key_make_one_intent() {
    run_test(async |app| {
        let (bot, key) = (&app.merchant.bot, new_key());
        let answers = join_all((0..50).map(|_| bot.post_with(&key, INTENTS, BODY))).await;
        for answer in &answers {
            assert_eq!(answer.status, 201, "{}", answer.text());
            assert_eq!(answer.bytes, answers[0].bytes);
        }
        let first = answers
            .iter()
            .filter(|a| a.header("idempotent-replayed").is_none());
        assert_eq!(first.count(), 1);
        assert_eq!(app.count("SELECT count(*) FROM payment_intents").await, 1);
        assert_eq!(app.count("SELECT count(*) FROM events").await, 1);
    });
}

#[test]
fn fifty_payments_with_one_key_take_money_once() {
    run_test(async |app| {
        let (bot, key) = (&app.merchant.bot, new_key());
        let id = bot.ask_for("5.00", "EUR").await;
        let path = format!("{INTENTS}/{id}/confirm");
        let body = r#"{"payment_method":"pm_sandbox_ok"}"#;
        let answers = join_all((0..50).map(|_| bot.post_with(&key, &path, body))).await;
        let mut bodies = Vec::new();
        for answer in answers {
            if answer.status == 409 {
                answer.problem(409, "idempotency_key_in_use");
                assert_eq!(answer.header("retry-after"), Some("1"));
            } else {
                assert_eq!(answer.status, 200, "{}", answer.text());
                bodies.push(answer.bytes);
            }
        }
        assert!(!bodies.is_empty() && bodies.iter().all(|body| *body == bodies[0]));
        assert_eq!(app.count("SELECT count(*) FROM attempts").await, 1);
        assert_eq!(app.count("SELECT count(*) FROM journal_entries").await, 1);
    });
}

#[test]
fn a_key_stands_for_one_request() {
    run_test(async |app| {
        let (bot, key) = (&app.merchant.bot, new_key());
        let first = bot.post_with(&key, INTENTS, BODY).await;
        let reordered =
            r#" { "metadata" : {"b":"2", "a":"1"}, "currency":"EUR", "amount":"12.50" } "#;
        let again = bot.post_with(&key, INTENTS, reordered).await;
        assert_eq!((again.status, &again.bytes), (201, &first.bytes));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        let other = BODY.replace("12.50", "12.51");
        let other = bot.post_with(&key, INTENTS, &other).await;
        other.problem(422, "idempotency_key_reused");
        let elsewhere = bot.post_with(&key, "/v1/payment_links", BODY).await;
        elsewhere.problem(422, "idempotency_key_reused");
        // The key is the merchant's: with another role it is the same, with another merchant not.
        let owner = app.merchant.owner.post_with(&key, INTENTS, BODY).await;
        assert_eq!(owner.bytes, first.bytes);
        let stranger = app.another_merchant().await;
        let theirs = stranger.bot.post_with(&key, INTENTS, BODY).await;
        assert_ne!(theirs.id(), first.id());
    });
}

#[test]
fn every_answer_of_a_request_that_ran_is_kept() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.ask_for("10.00", "EUR").await;
        let intent = format!("{INTENTS}/{id}");
        let confirm = |method: &str| json!({"payment_method": method}).to_string();
        // Each in turn, as the states allow: path, body, status.
        let steps = [
            ("/confirm", confirm("pm_sandbox_declined"), 402),
            ("/capture", "{}".to_owned(), 409),
            ("/confirm", confirm("pm_sandbox_ok"), 200),
            ("/confirm", confirm("pm_sandbox_ok"), 409),
            ("/refunds", json!({"amount": "4.00"}).to_string(), 201),
            ("/cancel", "{}".to_owned(), 409),
        ];
        let mut answers = Vec::new();
        for (path, body, status) in &steps {
            let (key, path) = (new_key(), format!("{intent}{path}"));
            let answer = bot.post_with(&key, &path, body).await;
            assert_eq!(answer.status, *status, "{path}: {}", answer.text());
            answers.push((key, path, body, answer));
        }
        for (key, path, body, first) in answers {
            let again = bot.post_with(&key, &path, body).await;
            assert_eq!((again.status, &again.bytes), (first.status, &first.bytes));
            assert_eq!(again.header("idempotent-replayed"), Some("true"), "{path}");
            assert_eq!(again.header("content-type"), first.header("content-type"));
        }
    });
}

#[test]
fn a_request_that_did_not_run_leaves_its_key_free() {
    run_test(async |app| {
        let (bot, key) = (&app.merchant.bot, new_key());
        let wrong = BODY.replace("12.50", "12.505");
        bot.post_with(&key, INTENTS, &wrong)
            .await
            .problem(422, "invalid_amount");
        app.merchant
            .finance
            .post_with(&key, INTENTS, BODY)
            .await
            .problem(403, "forbidden");
        app.anyone
            .post_with(&key, INTENTS, BODY)
            .await
            .problem(401, "unauthorized");
        let nowhere = format!("{INTENTS}/pi_00000000000000000000000000/cancel");
        bot.post_with(&key, &nowhere, "{}")
            .await
            .problem(404, "not_found");
        assert_eq!(app.count("SELECT count(*) FROM idempotency_keys").await, 0);
        bot.post_with(&key, INTENTS, BODY).await.expect(201);
    });
}

#[test]
fn what_creates_or_moves_needs_a_key() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.ask_for("1.00", "EUR").await;
        for path in [
            INTENTS.to_owned(),
            format!("{INTENTS}/{id}/confirm"),
            format!("{INTENTS}/{id}/cancel"),
            "/v1/payment_links".to_owned(),
        ] {
            let request = bot
                .request("POST", &path)
                .header("content-type", "application/json");
            let answer = bot.send(request.body(BODY)).await;
            answer.problem(400, "idempotency_key_required");
        }
        for key in ["a b", "ä", &"k".repeat(256)] {
            let request = bot.request("POST", INTENTS).header("idempotency-key", key);
            let request = request.header("content-type", "application/json");
            assert_eq!(bot.send(request.body(BODY)).await.status, 400, "{key}");
        }
    });
}

#[test]
fn a_key_is_kept_for_a_day_and_then_forgotten() {
    run_test(async |app| {
        let (bot, key) = (&app.merchant.bot, new_key());
        let first = bot.post_with(&key, INTENTS, BODY).await;
        app.clock.advance(Duration::hours(24));
        app.forget().await;
        assert_eq!(bot.post_with(&key, INTENTS, BODY).await.bytes, first.bytes);
        app.clock.advance(Duration::days(7));
        app.forget().await;
        assert_ne!(bot.post_with(&key, INTENTS, BODY).await.id(), first.id());
    });
}

/// A key is kept from the answer on: what a caller waited for is not forgotten as soon as it is
/// there.
#[test]
fn a_key_whose_answer_took_long_is_kept_for_a_day_from_then() {
    run_test(async |app| {
        let id = app.merchant.bot.ask_for("1.00", "EUR").await;
        let method = PaymentMethod::parse(Rail::Sandbox, "pm_sandbox_timeout").unwrap();
        let submission = |command: Command| Submission {
            merchant: app.merchant.id,
            actor: Actor::Operator,
            command,
            claim: Some(Claim {
                key: "slow".parse().unwrap(),
                fingerprint: Fingerprint::of("POST", "/", &json!(null)),
            }),
            request_id: String::new(),
            bytes: 0,
        };
        let confirm: Command = PaymentCommand::Confirm(id.parse().unwrap(), method.into()).into();
        let writer = &app.app.writer;
        let Ok(Reply::Call(call)) = writer.submit(submission(confirm.clone())).await else {
            panic!("the rail is not asked")
        };
        app.clock.advance(Duration::hours(26));
        let finish = Submission {
            claim: None,
            ..submission(paid(&call))
        };
        let answer = writer.submit(finish).await.unwrap();
        for age in [Duration::ZERO, Duration::hours(24)] {
            app.clock.advance(age);
            app.forget().await;
            let again = writer.submit(submission(confirm.clone())).await;
            let (Ok(Reply::Replay(again)), Reply::Answer(answer)) = (again, &answer) else {
                panic!("the key is forgotten after {age}")
            };
            assert_eq!(again, *answer);
        }
        app.clock.advance(Duration::hours(2));
        app.forget().await;
        assert_eq!(app.count("SELECT count(*) FROM idempotency_keys").await, 0);
    });
}

/// The command that brings the answer to a call.
fn paid(call: &RailCall) -> Command {
    let fact = RailFact::answer(call, RailAnswer::Succeeded);
    MovementCommand::Learn(Box::new(fact)).into()
}

/// The command that confirms an intent whose rail's answer is lost, under this key.
fn lost(app: &TestApp, intent: &str, key: &str, request: u8) -> Submission {
    let method = PaymentMethod::Sandbox(SandboxMethod::Timeout);
    Submission {
        merchant: app.merchant.id,
        actor: Actor::Operator,
        command: PaymentCommand::Confirm(intent.parse().unwrap(), method.into()).into(),
        claim: Some(Claim {
            key: key.parse().unwrap(),
            fingerprint: Fingerprint([request; 32]),
        }),
        request_id: "req_1".to_owned(),
        bytes: 0,
    }
}

#[test]
fn an_old_attempts_answer_is_not_kept_under_a_key_that_was_forgotten_and_used_again() {
    run_test(async |app| {
        let (bot, writer, key) = (&app.merchant.bot, &app.app.writer, "order-1042");
        let mut calls = Vec::new();
        for request in [1, 2] {
            let intent = bot.ask_for("5.00", "EUR").await;
            let reply = writer.submit(lost(app, &intent, key, request)).await;
            let Ok(Reply::Call(call)) = reply else {
                panic!("{reply:?}");
            };
            calls.push(call);
            if request == 1 {
                let mut db = app.pool.acquire().await.unwrap();
                run(
                    &mut db,
                    "DELETE FROM idempotency_keys WHERE key = 'order-1042'",
                )
                .await;
            }
        }
        let open =
            "SELECT count(*) FROM idempotency_keys WHERE key = 'order-1042' AND status IS NULL";
        for (call, waiting) in calls.into_iter().zip([1, 0]) {
            let finish = Submission {
                merchant: app.merchant.id,
                actor: Actor::Operator,
                command: paid(&call),
                claim: None,
                request_id: "req_2".to_owned(),
                bytes: 0,
            };
            let reply = writer.submit(finish).await;
            assert!(matches!(reply, Ok(Reply::Answer(_))), "{reply:?}");
            assert_eq!(app.count(open).await, waiting);
        }
    });
}
