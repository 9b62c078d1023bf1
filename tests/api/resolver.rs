//! Attempts without an answer: asked about until they are finished, each for itself.

use super::harness::{TestApp, eventually, run_test};
use futures_util::FutureExt;
use serde_json::json;
use sqlx::AssertSqlSafe;
use threadpay::{
    domain::rails::{PaymentMethod, Rail},
    views::reports::verify::verify,
    writer::{PaymentCommand, Submission},
};
use time::Duration;

/// Runs a statement, with the merchant as `$1`.
async fn plant(app: &TestApp, merchant: threadpay::base::ids::MerchantId, sql: &str) {
    let done = sqlx::query(AssertSqlSafe(sql.to_owned()))
        .bind(merchant.0)
        .execute(&app.pool)
        .await
        .unwrap();
    assert!(done.rows_affected() > 0, "{sql}");
}

/// Attempts that cannot be read take nobody's place, are put off, and are counted.
#[test]
fn broken_attempts_are_put_off_and_stop_nobody() {
    run_test(async |app| {
        let other = app.another_merchant().await;
        let broken = "WITH attempt AS (
            INSERT INTO attempts (merchant_id, id, intent_id, kind, status, rail, amount, currency, ask_at, created_at, updated_at)
            SELECT $1, gen_random_uuid(), gen_random_uuid(), 'charge', 'unknown', 'no_such_rail', 1, 'EUR',
                now() - interval '1 day', now(), now() FROM generate_series(1, 300)
            RETURNING merchant_id, id, ask_at)
            INSERT INTO due (merchant_id, kind, subject, at) SELECT merchant_id, 'attempt', id, ask_at FROM attempt";
        plant(app, other.id, broken).await;
        let bot = &app.merchant.bot;
        let id = bot.ask_for("3.00", "EUR").await;
        bot.confirm(&id, "pm_sandbox_timeout").await.expect(200);
        app.clock.advance(Duration::seconds(30));
        app.resolve().await;
        assert_eq!(bot.intent(&id).await["status"], "succeeded");
        let tries = "SELECT count(*) FROM due WHERE tries = 1";
        assert_eq!(app.count(tries).await, 300, "each was taken once");
        // All of them rest now.
        app.resolve().await;
        assert_eq!(app.count(tries).await, 300);
        let left = "SELECT count(*) FROM due WHERE subject IN (SELECT id FROM attempts WHERE rail = 'sandbox')";
        assert_eq!(app.count(left).await, 0, "what is done is due no more");
        let page = app.anyone.get("/metrics").await.text();
        assert!(
            page.contains(r#"threadpay_put_off_total{kind="attempt"} 300"#),
            "{page}"
        );
        plant(app, other.id, "DELETE FROM attempts WHERE merchant_id = $1").await;
        // They are gone, so there is nothing to ask.
        app.clock.advance(Duration::hours(1));
        app.resolve().await;
        assert_eq!(app.count("SELECT count(*) FROM due").await, 0);
    });
}

/// A caller that hangs up at once does not keep the call from being made.
#[test]
fn a_call_is_made_whoever_waits_for_it() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.ask_for("3.00", "EUR").await;
        let method = PaymentMethod::parse(Rail::Sandbox, "pm_sandbox_timeout").unwrap();
        let submission = Submission {
            merchant: app.merchant.id,
            actor: threadpay::base::actor::Actor::Operator,
            command: PaymentCommand::Confirm(id.parse().unwrap(), method.into()).into(),
            claim: None,
            request_id: String::new(),
            bytes: 0,
        };
        // Asked once, and dropped before there can be an answer.
        let asked = Box::pin(app.app.perform(submission)).now_or_never();
        assert!(asked.is_none());
        let unknown = "SELECT count(*) FROM attempts WHERE status = 'unknown'";
        eventually("the call", async || {
            (app.count(unknown).await == 1).then_some(())
        })
        .await;
    });
}

/// What was recorded and perhaps never sent is sent.
#[test]
fn what_was_never_sent_is_sent() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.ask_for("3.00", "EUR").await;
        bot.confirm(&id, "pm_sandbox_timeout").await.expect(200);
        let never_sent = "UPDATE attempts SET status = 'started', payment_method = 'pm_sandbox_ok' WHERE merchant_id = $1";
        plant(app, app.merchant.id, never_sent).await;
        app.clock.advance(Duration::seconds(30));
        app.resolve().await;
        assert_eq!(bot.intent(&id).await["status"], "succeeded");
    });
}

/// An attempt of a process that knows no table of what is due.
#[test]
fn what_the_version_before_left_is_adopted() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.ask_for("3.00", "EUR").await;
        bot.confirm(&id, "pm_sandbox_timeout").await.expect(200);
        plant(
            app,
            app.merchant.id,
            "DELETE FROM due WHERE merchant_id = $1",
        )
        .await;
        app.clock.advance(Duration::seconds(30));
        app.resolve().await;
        assert_eq!(bot.intent(&id).await["status"], "succeeded");
    });
}

/// No sandbox route touches a payment of another rail.
#[test]
fn the_sandbox_touches_its_own_alone() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let cases = [
            ("pm_sandbox_pending", "outcomes"),
            ("pm_sandbox_requires_action", "actions"),
        ];
        for (method, route) in cases {
            let id = bot.ask_for("3.00", "EUR").await;
            bot.confirm(&id, method).await.expect(200);
            let other = "UPDATE attempts SET rail = 'stripe' WHERE merchant_id = $1";
            plant(app, app.merchant.id, other).await;
            let path = format!("/v1/sandbox/{route}/{id}");
            let answer = bot.post(&path, &json!({"outcome": "succeed"})).await;
            assert!(answer.status >= 400, "{}", answer.status);
            let touched = "SELECT count(*) FROM attempts WHERE status = 'succeeded'";
            assert_eq!(app.count(touched).await, 0);
            assert_eq!(app.count("SELECT count(*) FROM journal_entries").await, 0);
            plant(
                app,
                app.merchant.id,
                "UPDATE attempts SET rail = 'sandbox' WHERE merchant_id = $1",
            )
            .await;
        }
    });
}

/// An attempt that should be finished long since is named.
#[test]
fn an_old_attempt_is_a_finding() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.ask_for("3.00", "EUR").await;
        bot.confirm(&id, "pm_sandbox_timeout").await.expect(200);
        verify(&app.pool, None).await.unwrap();
        let age = "UPDATE attempts SET created_at = created_at - interval '2 hours' WHERE merchant_id = $1";
        plant(app, app.merchant.id, age).await;
        let fault = verify(&app.pool, None).await.unwrap_err().to_string();
        assert!(fault.contains("attempt pa_"), "{fault}");
        assert!(
            fault.contains("should be finished long since, and is unknown since"),
            "{fault}"
        );
        app.clock.advance(Duration::seconds(30));
        app.resolve().await;
    });
}
