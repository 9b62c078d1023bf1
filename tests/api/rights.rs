//! The role that the service runs under: it serves, and has no right to anything else.

use super::harness::{Sink, TestApp, eventually, new_database, run, run_test};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::process::{Command, Stdio};
use threadpay::{app::config::Config, base::db::Db};
use time::Duration;

/// The URL of the same database for a new role that was granted nothing.
async fn new_role(database_url: &str, role: &str) -> String {
    let mut db = PgConnection::connect(database_url).await.unwrap();
    run(
        &mut db,
        &format!("CREATE ROLE {role} LOGIN PASSWORD 'a-password-1'"),
    )
    .await;
    db.close().await.unwrap();
    let (_, server) = database_url.split_once('@').unwrap();
    format!("postgres://{role}:a-password-1@{server}")
}

/// Runs a command on a database; whether it succeeds, and what it says.
async fn command(database_url: &str, line: &str) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_threadpay"));
    command
        .args(line.split(' '))
        .env("DATABASE_URL", database_url)
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

async fn refused(database_url: &str, line: &str, sentence: &str) {
    let (succeeds, said) = command(database_url, line).await;
    assert!(!succeeds && said.contains(sentence), "{line}: {said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!said.contains("a-password-1"), "{said}");
}

const MERCHANT: &str = "mer_01jd8x0000000000000000000a";

#[test]
fn a_database_that_was_not_migrated_is_said_to_be_so() {
    run_test(async |app| {
        let mut db = app.pool.acquire().await.unwrap();
        run(&mut db, "CREATE DATABASE empty_one").await;
        let (server, query) = app.database_url.split_once('?').unwrap();
        let (server, _) = server.rsplit_once('/').unwrap();
        let url = format!("{server}/empty_one?{query}");
        for line in [
            "merchant create --name Cafe".to_owned(),
            "merchant list".to_owned(),
            format!("key create --merchant {MERCHANT} --role bot"),
            format!("key revoke key_{}", &MERCHANT[4..]),
            format!("export --merchant {MERCHANT} --from 2026-01-01 --to 2026-02-01 --format csv"),
            "verify".to_owned(),
        ] {
            refused(&url, &line, "run `threadpay migrate`").await;
        }
    });
}

#[test]
fn a_refused_log_in_is_told_in_the_words_of_postgres_alone() {
    run_test(async |app| {
        let url = new_role(&app.database_url, "logs_in").await;
        let wrong = url.replace("a-password-1", "another-1");
        let sentence = "password authentication failed for user \"logs_in\"\n";
        refused(&wrong, "merchant list", sentence).await;
        let (server, _) = url.split_once('?').unwrap();
        let (server, _) = server.rsplit_once('/').unwrap();
        let sentence = "database \"not_here\" does not exist\n";
        refused(&format!("{server}/not_here"), "verify", sentence).await;
    });
}

#[test]
fn a_role_without_rights_is_told_which_it_lacks() {
    run_test(async |app| {
        let url = new_role(&app.database_url, "without_rights").await;
        let sentence = "the role without_rights may not use the schema cell_00: let the owner of \
                        the tables run `threadpay migrate --grant-to without_rights`";
        refused(&url, "merchant list", sentence).await;
        refused(&url, "verify", sentence).await;
        refused(&url, "migrate", "as the owner of the database").await;
        let owner = &app.database_url;
        refused(
            owner,
            "migrate --grant-to nobody_1",
            "there is no role nobody_1",
        )
        .await;
        refused(owner, "migrate --grant-to threadpay", "owns the tables").await;
        let mut db = app.pool.acquire().await.unwrap();
        run(&mut db, "GRANT USAGE ON SCHEMA cell_00 TO without_rights").await;
        let sentence = "permission denied for table _sqlx_migrations: let the owner";
        refused(&url, "merchant list", sentence).await;
        let (granted, said) = command(owner, "migrate --grant-to without_rights --json").await;
        assert!(
            granted && said.contains(r#""granted_to":"without_rights""#),
            "{said}"
        );
        let (listed, said) = command(&url, "merchant list").await;
        assert!(listed, "{said}");
        refused(&url, "migrate", "as the owner of the database").await;
    });
}

/// Everything that the service does, some of it by workers.
async fn serve(app: &TestApp) {
    let bot = &app.merchant.bot;
    let sink = Sink::start(&[500, 200]);
    let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
    let endpoint = endpoint["id"].as_str().unwrap();
    let dispatcher = app.start_dispatcher();
    let paid = bot.paid("12.50", "EUR").await;
    bot.refund(&paid, "2.50").await.expect(201);
    let held = json!({"amount": "5.00", "currency": "EUR", "capture_method": "manual"});
    let held = bot.create_intent(&held).await.id();
    bot.confirm(&held, "pm_sandbox_ok").await.expect(200);
    bot.cancel(&held).await.expect(200);
    let lost = bot.ask_for("3.00", "EUR").await;
    bot.confirm(&lost, "pm_sandbox_timeout").await;
    app.clock.advance(Duration::minutes(5));
    app.resolve().await;
    assert_eq!(bot.intent(&lost).await["status"], "succeeded");
    let link = json!({"amount": "1.00", "currency": "EUR", "usage": "single"});
    let link = bot.create_link(&link).await;
    app.anyone
        .pay(link["url"].as_str().unwrap(), "pm_sandbox_ok")
        .await;
    bot.ask_for("1.00", "EUR").await;
    let all = async || (sink.received().len() > 12).then_some(());
    eventually("the callbacks", all).await;
    let path = format!("/v1/callback_endpoints/{endpoint}");
    bot.post(&format!("{path}/rotate_secret"), &json!({}))
        .await
        .expect(200);
    bot.post(&format!("{path}/replay"), &json!({"after_sequence": 0}))
        .await;
    app.replay().await;
    let unpaid = bot.ask_for("1.00", "EUR").await;
    app.clock.advance(Duration::days(40));
    app.expire().await;
    assert_eq!(bot.intent(&unpaid).await["status"], "expired");
    app.settle().await;
    app.forget().await;
    app.app.authenticator.note_uses().await.unwrap();
    app.merchant
        .finance
        .get("/v1/trial_balance")
        .await
        .expect(200);
    // What a commit has just handed to a dispatcher that stops waits for its lease to end.
    let leased = "SELECT count(*) FROM deliveries WHERE lease_id IS NOT NULL";
    let at_rest = async || (app.count(leased).await == 0).then_some(());
    eventually("what was handed over", at_rest).await;
    dispatcher.stop().await;
}

#[test]
fn a_role_with_just_its_rights_serves_and_cannot_change_what_is_booked() {
    run_test(async |_| {
        let owner = new_database().await;
        let url = new_role(&owner, "only_serves").await;
        let mut db = PgConnection::connect(&owner).await.unwrap();
        // Whatever it was given before is taken away.
        run(
            &mut db,
            "GRANT ALL ON ALL TABLES IN SCHEMA cell_00 TO only_serves",
        )
        .await;
        Db::from_url(&owner)
            .unwrap()
            .grant_to("only_serves")
            .await
            .unwrap();
        let under_role = |config| Config {
            database: Db::from_url(&url).unwrap(),
            ..config
        };
        let app = TestApp::with(owner.clone(), under_role).await;
        app.anyone.get("/readyz").await.expect(200);
        serve(&app).await;
        let mut db = PgConnection::connect(&url).await.unwrap();
        for sql in [
            "UPDATE cell_00.journal_entries SET kind = kind",
            "DELETE FROM cell_00.postings",
            "TRUNCATE cell_00.events",
            "DROP TRIGGER events_append_only ON cell_00.events",
            "ALTER TABLE cell_00.postings DISABLE TRIGGER ALL",
            "ALTER TABLE cell_00.journal_entries ADD COLUMN note text",
            "DROP TABLE cell_00.events",
            "CREATE TABLE cell_00.mine (id int)",
            "CREATE FUNCTION cell_00.refuse_change() RETURNS trigger LANGUAGE plpgsql AS ''",
            "SET session_replication_role = replica",
            "UPDATE cell_00.keyring SET sealed = sealed",
            "DELETE FROM cell_00.payment_intents",
            "DELETE FROM cell_00._sqlx_migrations",
            "GRANT SELECT ON cell_00.keyring TO PUBLIC",
        ] {
            let tried = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut db).await;
            let Err(error) = tried else {
                // What nobody may give on is a warning, and not given.
                assert!(sql.starts_with("GRANT"), "{sql}");
                continue;
            };
            let code = error.as_database_error();
            let code = code.and_then(sqlx::error::DatabaseError::code).unwrap();
            assert_eq!(code, "42501", "{sql}: {error}");
        }
        app.end().await;
    });
}
