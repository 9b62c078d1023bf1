//! A release rolls out while the one before still serves: the schema is the new one's already, and
//! nobody who calls notices.

use super::harness::{Merchant, Sink, TestApp, eventually, run, run_test};
use serde_json::json;
use sqlx::{
    AssertSqlSafe, SqlSafeStr,
    migrate::{Migration, MigrationType},
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use threadpay::{
    app::{App, StartError},
    base::db::{Db, DbError},
    http,
};
use tokio_util::sync::CancellationToken;

fn migration(version: i64, sql: &str, no_tx: bool) -> Migration {
    let sql = AssertSqlSafe(sql.to_owned()).into_sql_str();
    let description = "of the next version".into();
    Migration::new(version, description, MigrationType::Simple, sql, no_tx)
}

/// What the next version may do to the schema.
fn next_version() -> Vec<Migration> {
    let columns = [
        "payment_intents",
        "attempts",
        "refunds",
        "payment_links",
        "idempotency_keys",
        "events",
        "callback_endpoints",
        "endpoint_health",
        "deliveries",
        "journal_entries",
        "postings",
        "balances",
        "books",
        "api_keys",
    ];
    let columns = columns.iter().enumerate().map(|(index, table)| {
        let version = 9_000 + i64::try_from(index).unwrap();
        let sql = format!("ALTER TABLE {table} ADD COLUMN note text NOT NULL DEFAULT 'none'");
        migration(version, &sql, false)
    });
    let index = "CREATE INDEX CONCURRENTLY IF NOT EXISTS intents_note ON payment_intents (note)";
    let others = [
        migration(9_100, index, true),
        migration(9_101, "CREATE TABLE notes (merchant_id uuid)", false),
        migration(
            9_102,
            "ALTER TABLE payment_intents ALTER COLUMN amount_refunded SET DEFAULT 1 - 1",
            false,
        ),
    ];
    columns.chain(others).collect()
}

/// Columns that statements give, as another type: what was prepared before is of no use any more.
fn other_types() -> Vec<Migration> {
    let columns = [
        ("payment_intents", "reference"),
        ("payment_intents", "description"),
        ("attempts", "decline_code"),
        ("refunds", "reason"),
        ("payment_links", "reference"),
        ("idempotency_keys", "key"),
        ("events", "conversation"),
        ("callback_endpoints", "url"),
        ("callback_endpoints", "disabled_reason"),
        ("endpoint_health", "last_error"),
        ("delivery_attempts", "error"),
        ("journal_entries", "source"),
        ("postings", "account"),
        ("balances", "account"),
        ("accounts", "code"),
        ("api_keys", "name"),
        ("api_keys", "role"),
        ("merchants", "name"),
    ];
    let columns = columns.iter().enumerate().map(|(index, (table, column))| {
        let version = 9_200 + i64::try_from(index).unwrap();
        // Without a length Postgres leaves the rows as they are. A table that it writes anew is
        // empty to a snapshot from before, so to an export that runs.
        let sql = format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar");
        migration(version, &sql, false)
    });
    columns.collect()
}

/// Calls the service in all kinds of ways until it is stopped.
struct Load {
    rounds: Arc<AtomicUsize>,
    failed: Arc<Mutex<Vec<String>>>,
    stop: CancellationToken,
    callers: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn start(app: &TestApp) -> Self {
        let mut load = Self {
            rounds: Arc::default(),
            failed: Arc::default(),
            stop: CancellationToken::new(),
            callers: Vec::new(),
        };
        for _ in 0..3 {
            let (rounds, failed) = (Arc::clone(&load.rounds), Arc::clone(&load.failed));
            let (stop, merchant) = (load.stop.clone(), app.merchant.clone());
            load.callers.push(tokio::spawn(async move {
                while !stop.is_cancelled() {
                    round(&merchant, &failed).await;
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
            }));
        }
        load
    }

    /// Waits until everything has been called so many times more.
    async fn goes_on(&self, times: usize) {
        let end = self.rounds.load(Ordering::Relaxed) + times;
        let reached = async || (self.rounds.load(Ordering::Relaxed) >= end).then_some(());
        eventually("calls of all kinds", reached).await;
    }

    async fn stop(self) -> Vec<String> {
        self.stop.cancel();
        for caller in self.callers {
            caller.await.unwrap();
        }
        self.failed.lock().unwrap().clone()
    }
}

async fn round(merchant: &Merchant, failed: &Mutex<Vec<String>>) {
    let note = |what: &str, answer: &super::harness::Answer| {
        // A merchant has one export at a time, and three callers ask for it.
        if answer.status >= 400 && answer.status != 429 {
            let text = format!("{what}: {} {}", answer.status, answer.text());
            failed.lock().unwrap().push(text);
        }
    };
    let bot = &merchant.bot;
    let asked = json!({"amount": "5.00", "currency": "EUR", "reference": "rolling",
        "thread": {"channel": "telegram", "conversation": "1"}});
    let created = bot.create_intent(&asked).await;
    note("create", &created);
    if created.status != 201 {
        return;
    }
    let id = created.id();
    let path = format!("/v1/payment_intents/{id}");
    note("confirm", &bot.confirm(&id, "pm_sandbox_ok").await);
    note("refund", &bot.refund(&id, "1.00").await);
    for path in [
        path.clone(),
        format!("{path}/refunds"),
        "/v1/payment_intents?limit=5&reference=rolling".to_owned(),
        "/v1/payment_links?limit=5".to_owned(),
        "/v1/payment_links?limit=5&reference=rolling".to_owned(),
        "/v1/refunds?limit=5".to_owned(),
        "/v1/events?after=0&limit=5".to_owned(),
        "/v1/events?after=0&limit=5&wait=1".to_owned(),
        "/v1/callback_endpoints".to_owned(),
    ] {
        note(&path, &bot.get(&path).await);
    }
    for path in [
        format!("{path}/entries"),
        "/v1/journal_entries?limit=5&account=merchant:pending".to_owned(),
        "/v1/accounts".to_owned(),
        "/v1/accounts/merchant:pending/balances".to_owned(),
        "/v1/accounts/merchant:pending/balances?at=2026-01-01".to_owned(),
        "/v1/trial_balance".to_owned(),
        "/v1/exports/journal?from=2020-01-01&to=2100-01-01&format=csv".to_owned(),
    ] {
        note(&path, &merchant.finance.get(&path).await);
    }
    let page = created.json()["pay_url"].as_str().unwrap().to_owned();
    note("page", &bot.get(&page).await);
    let lost = bot.ask_for("1.00", "EUR").await;
    note("lose", &bot.confirm(&lost, "pm_sandbox_timeout").await);
}

#[track_caller]
fn nobody(failed: &[String]) {
    assert!(
        failed.is_empty(),
        "{} calls failed: {failed:#?}",
        failed.len()
    );
}

/// Runs migrations while everything is called, and workers work.
async fn migrate_under_load(app: &TestApp, migrations: &[Migration]) {
    let sink = Sink::start(&[]);
    let endpoint = json!({"url": sink.url, "event_types": ["*"]});
    let owner = &app.merchant.owner;
    let endpoint = owner.post("/v1/callback_endpoints", &endpoint).await.id();
    let endpoint = format!("/v1/callback_endpoints/{endpoint}");
    let dispatcher = app.start_dispatcher();
    let load = Load::start(app);
    let resolve = async {
        loop {
            app.resolve().await;
            app.replay().await;
            app.settle().await;
            app.expire().await;
            app.forget().await;
            owner.get(&endpoint).await.expect(200);
            let deliveries = owner.get(&format!("{endpoint}/deliveries?limit=1")).await;
            let delivery = deliveries.expect(200)["data"][0]["id"].clone();
            if let Some(delivery) = delivery.as_str() {
                let delivery = format!("/v1/deliveries/{delivery}");
                owner.get(&delivery).await.expect(200);
                owner
                    .post(&format!("{delivery}/retry"), &json!({}))
                    .await
                    .expect(202);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let migrate = async {
        load.goes_on(6).await;
        let db = Db::from_url(&app.database_url).unwrap();
        for migration in migrations {
            db.run_migrations(std::slice::from_ref(migration))
                .await
                .unwrap();
            load.goes_on(1).await;
        }
        load.goes_on(6).await;
    };
    tokio::select! {
        () = migrate => {}
        () = resolve => {}
    }
    nobody(&load.stop().await);
    app.resolve().await;
    let owed = "SELECT count(*) FROM deliveries WHERE status <> 'delivered'";
    let delivered = async || (app.count(owed).await == 0).then_some(());
    eventually("all callbacks", delivered).await;
    dispatcher.stop().await;
}

#[test]
fn a_migration_under_load_is_noticed_by_nobody() {
    run_test(async |app| migrate_under_load(app, &next_version()).await);
}

#[test]
fn columns_of_another_type_are_noticed_by_nobody() {
    run_test(async |app| migrate_under_load(app, &other_types()).await);
}

/// As a pooler between us and Postgres does it, or `DISCARD ALL`.
#[test]
fn statements_that_are_forgotten_are_prepared_again() {
    run_test(async |app| {
        let load = Load::start(app);
        load.goes_on(6).await;
        for pool in [&app.app.pool, &app.app.worker_pool] {
            let mut held = Vec::new();
            while let Some(connection) = pool.try_acquire() {
                held.push(connection);
            }
            for connection in &mut held {
                run(connection, "DEALLOCATE ALL").await;
            }
        }
        app.resolve().await;
        app.deliver().await;
        load.goes_on(6).await;
        nobody(&load.stop().await);
        app.resolve().await;
    });
}

#[test]
fn a_program_starts_and_serves_on_the_schema_of_the_next_version() {
    run_test(async |app| {
        let db = Db::from_url(&app.database_url).unwrap();
        db.run_migrations(&next_version()).await.unwrap();
        app.anyone.get("/readyz").await.expect(200);
        let other = TestApp::on(app.database_url.clone()).await;
        other.anyone.get("/readyz").await.expect(200);
        let id = other.merchant.bot.ask_for("1.00", "EUR").await;
        other
            .merchant
            .bot
            .confirm(&id, "pm_sandbox_ok")
            .await
            .expect(200);
        db.migrate().await.unwrap();
        other.end().await;
    });
}

#[test]
fn a_program_does_not_start_on_the_schema_of_the_version_before() {
    run_test(async |app| {
        let mut db = app.pool.acquire().await.unwrap();
        run(&mut db, "DELETE FROM _sqlx_migrations WHERE version = 2").await;
        app.anyone
            .get("/readyz")
            .await
            .problem(503, "schema_outdated");
        let (config, ambient) = (app.app.config.clone(), app.ambient.clone());
        let started = App::start(config, ambient, http::rejection::render).await;
        assert!(
            matches!(started, Err(StartError::Db(DbError::Schema))),
            "{started:?}"
        );
    });
}

#[test]
fn a_migration_that_waits_for_a_long_reader_lets_everybody_pass() {
    run_test(async |app| {
        let mut reader = app.pool.begin().await.unwrap();
        run(&mut reader, "SELECT count(*) FROM payment_intents").await;
        let db = Db::from_url(&app.database_url).unwrap();
        let sql = "ALTER TABLE payment_intents ADD COLUMN note text";
        let migrating =
            tokio::spawn(async move { db.run_migrations(&[migration(9_000, sql, false)]).await });
        let tried = "SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND NOT granted
            AND mode = 'AccessExclusiveLock'";
        eventually("the migration", async || {
            (app.count(tried).await > 0).then_some(())
        })
        .await;
        let load = Load::start(app);
        load.goes_on(20).await;
        nobody(&load.stop().await);
        assert!(!migrating.is_finished());
        reader.rollback().await.unwrap();
        migrating.await.unwrap().unwrap();
        app.resolve().await;
    });
}

#[test]
fn an_index_that_was_not_finished_is_made_again() {
    run_test(async |app| {
        let mut db = app.pool.acquire().await.unwrap();
        let made = "CREATE INDEX CONCURRENTLY IF NOT EXISTS intents_rail ON payment_intents (rail)";
        run(&mut db, made).await;
        let broken =
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'intents_rail'::regclass";
        run(&mut db, broken).await;
        let migrate = Db::from_url(&app.database_url).unwrap();
        migrate
            .run_migrations(&[migration(9_000, made, true)])
            .await
            .unwrap();
        let valid = "SELECT count(*) FROM pg_index WHERE indisvalid AND indexrelid = 'intents_rail'::regclass";
        assert_eq!(app.count(valid).await, 1);
    });
}
