//! The writer against Postgres: concurrency, faults, and the walls that the schema adds.

use super::harness::{Answer, Client, TestApp, eventually, new_key, open, run, run_test, shut};
use futures_util::future::join_all;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use threadpay::{
    base::{
        db::{Db, Use, is_outage},
        ids::MerchantId,
    },
    writer::{PaymentCommand, Submission, WriteError},
};

const INTENTS: &str = "/v1/payment_intents";
const BODY: &str = r#"{"amount":"1.00","currency":"EUR"}"#;

async fn connect(app: &TestApp) -> PgConnection {
    let mut db = PgConnection::connect(&app.database_url).await.unwrap();
    run(&mut db, "SET search_path = cell_00").await;
    db
}

/// Two processes serve one merchant from one database: no gap, no deadlock, no double.
#[test]
fn two_processes_serve_one_merchant() {
    run_test(async |app| {
        let other = TestApp::on(app.database_url.clone()).await;
        let bots = [
            app.merchant.bot.clone(),
            app.merchant.bot.at(&other.base_url),
        ];
        let work = |bot: super::harness::Client| async move {
            let id = bot.paid("2.00", "EUR").await;
            let two = futures_util::future::join(bot.refund(&id, "1.00"), bot.refund(&id, "1.00"));
            let (first, second) = two.await;
            assert_eq!((first.status, second.status), (201, 201));
        };
        let all = (0..60).map(|number| work(bots[number % 2].clone()));
        join_all(all).await;
        let key = new_key();
        let same = (0..20).map(|number| bots[number % 2].post_with(&key, INTENTS, BODY));
        let answers = join_all(same).await;
        for answer in &answers {
            assert_eq!((answer.status, &answer.bytes), (201, &answers[0].bytes));
        }
        assert_eq!(app.count("SELECT count(*) FROM payment_intents").await, 61);
        assert_eq!(
            app.count("SELECT entry_sequence FROM books ORDER BY 1 DESC LIMIT 1")
                .await,
            180
        );
        other.end().await;
    });
}

/// A process that is frozen while it holds the books keeps them for seconds, and learns that its
/// transaction is gone when it goes on.
#[test]
fn a_frozen_process_lets_the_books_go() {
    run_test(async |app| {
        let db = Db::from_url(&app.database_url).unwrap();
        let mut frozen = db.connect(Use::Writer).await.unwrap();
        run(&mut frozen, "BEGIN; SELECT * FROM books FOR UPDATE").await;
        let bot = &app.merchant.bot;
        eventually("an answer", || async {
            let answer = bot.post_with("late", INTENTS, BODY).await;
            (answer.status != 503).then(|| answer.expect(201))
        })
        .await;
        let late = sqlx::query("SELECT 1").execute(&mut frozen).await;
        let late = late.unwrap_err();
        assert!(is_outage(&late), "{late}");
    });
}

/// A row that the writer cannot know of breaks a batch: whose it is fails, and nobody else.
#[test]
fn a_broken_rule_fails_the_command_at_fault_alone() {
    run_test(async |app| {
        let lanes =
            std::thread::available_parallelism().map_or(1, |n| u128::try_from(n.get()).unwrap());
        let lane = |id: MerchantId| id.0.as_u128() % lanes;
        let mut other = app.another_merchant().await;
        while lane(other.id) != lane(app.merchant.id) {
            other = app.another_merchant().await;
        }
        let mut db = connect(app).await;
        let sql = format!(
            "INSERT INTO events (merchant_id, sequence, id, type, payload, created_at) VALUES ('{}', 1, gen_random_uuid(), 'ping', '{{}}', now())",
            app.merchant.id.0
        );
        run(&mut db, &sql).await;
        let broken = join_all((0..20).map(|_| app.merchant.bot.post_with("stuck", INTENTS, BODY)));
        let sound = join_all((0..20).map(|_| async { other.bot.ask_for("1.00", "EUR").await }));
        let (broken, sound) = futures_util::future::join(broken, sound).await;
        for answer in broken {
            answer.problem(500, "internal_error");
        }
        assert_eq!(sound.len(), 20);
        assert_eq!(app.count("SELECT count(*) FROM payment_intents").await, 20);
        run(&mut db, "ALTER TABLE events DISABLE TRIGGER USER; DELETE FROM events WHERE type = 'ping'; ALTER TABLE events ENABLE TRIGGER USER").await;
        app.merchant
            .bot
            .post_with("stuck", INTENTS, BODY)
            .await
            .expect(201);
    });
}

/// The lanes' connections die again and again under load: who is told 503 tries again with the
/// same key, and every effect is there once.
#[test]
fn lost_connections_lose_and_double_nothing() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let stubborn = |number: usize| async move {
            let (create, pay) = (new_key(), new_key());
            let id = insist(app, &create, INTENTS, BODY, 201).await;
            let method = ["pm_sandbox_ok", "pm_sandbox_declined"][number % 2];
            let status = [200, 402][number % 2];
            let body = json!({"payment_method": method}).to_string();
            insist(app, &pay, &format!("{INTENTS}/{id}/confirm"), &body, status).await;
        };
        let load = join_all((0..80).map(stubborn));
        let mut db = connect(app).await;
        let killer = async {
            for _ in 0..15 {
                run(&mut db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").await;
                bot.get("/healthz").await;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        let resolver = async {
            loop {
                app.clock.advance(time::Duration::seconds(1));
                app.resolve_if_possible().await;
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        let all = futures_util::future::join(load, killer);
        futures_util::future::select(Box::pin(all), Box::pin(resolver)).await;
        assert_eq!(app.count("SELECT count(*) FROM payment_intents").await, 80);
        assert_eq!(app.count("SELECT count(*) FROM attempts").await, 80);
        assert_eq!(
            app.count("SELECT count(*) FROM payment_intents WHERE status = 'succeeded'")
                .await,
            40
        );
        assert_eq!(
            app.count("SELECT count(*) FROM idempotency_keys WHERE status IS NULL")
                .await,
            0
        );
    });
}

/// Sends until there is an answer of the service itself, and gives the id in it.
async fn insist(app: &TestApp, key: &str, path: &str, body: &str, status: u16) -> String {
    let answer = eventually("an answer", || async {
        let answer = app.merchant.bot.post_with(key, path, body).await;
        // The first half is done, and nobody came to do the second: the resolver will.
        let running = answer.status == 409;
        if running {
            answer.problem(409, "idempotency_key_in_use");
        }
        (!running && answer.status != 503).then_some(answer)
    });
    let answer = answer.await;
    assert_eq!(answer.status, status, "{}", answer.text());
    answer.json()["id"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_database_that_is_away_is_503_and_comes_back() {
    run_test(async |app| {
        let (bot, key) = (&app.merchant.bot, new_key());
        app.anyone.get("/readyz").await.expect(200);
        bot.ask_for("1.00", "EUR").await;
        shut(&app.database_url).await;
        for answer in [
            bot.post_with(&key, INTENTS, BODY).await,
            bot.get(INTENTS).await,
        ] {
            answer.problem(503, "unavailable");
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
        assert_eq!(
            app.anyone.get("/p/00aaaaaaaaaaaaaaaaaaaaaa").await.status,
            503
        );
        assert_eq!(app.anyone.get("/readyz").await.status, 503);
        assert_eq!(app.anyone.get("/healthz").await.status, 200);
        open(&app.database_url).await;
        eventually("an answer", || async {
            let answer = bot.post_with(&key, INTENTS, BODY).await;
            (answer.status != 503).then(|| answer.expect(201))
        })
        .await;
        app.anyone.get("/readyz").await.expect(200);
        assert_eq!(app.count("SELECT count(*) FROM payment_intents").await, 2);
    });
}

#[test]
fn a_full_queue_refuses_at_once() {
    run_test(async |app| {
        let mut db = connect(app).await;
        let mut lock = db.begin().await.unwrap();
        run(&mut lock, "SELECT * FROM books FOR UPDATE").await;
        let submit = || {
            app.app.writer.submit(Submission {
                merchant: app.merchant.id,
                actor: threadpay::base::actor::Actor::Operator,
                command: PaymentCommand::Expire(app.ambient.id()).into(),
                claim: None,
                request_id: String::new(),
                bytes: 0,
            })
        };
        let mut waiting = Vec::new();
        let refused = loop {
            let mut answer = Box::pin(submit());
            match futures_util::poll!(&mut answer) {
                std::task::Poll::Pending => waiting.push(answer),
                std::task::Poll::Ready(refused) => break refused,
            }
            assert!(waiting.len() < 10_000, "the queue has no end");
        };
        assert_eq!(refused, Err(WriteError::Overloaded));
        lock.rollback().await.unwrap();
        for answer in join_all(waiting).await {
            assert!(matches!(answer, Err(WriteError::Rejected(_))), "{answer:?}");
        }
    });
}

#[test]
fn the_journal_and_the_feed_are_append_only() {
    run_test(async |app| {
        app.merchant.bot.paid("1.00", "EUR").await;
        let mut db = connect(app).await;
        for table in ["journal_entries", "postings", "events"] {
            for sql in [
                format!("UPDATE {table} SET merchant_id = merchant_id"),
                format!("DELETE FROM {table}"),
                format!("DELETE FROM {table} WHERE false"),
                format!("TRUNCATE {table}"),
                format!("TRUNCATE {table} CASCADE"),
            ] {
                let error = sqlx::raw_sql(AssertSqlSafe(sql.clone()))
                    .execute(&mut db)
                    .await;
                let error = error.unwrap_err().to_string();
                assert!(error.contains("append-only"), "{sql}: {error}");
            }
        }
        let unbalanced = "INSERT INTO postings SELECT merchant_id, 2, 1, account, 'debit', 5, 'EUR', 5, now() FROM postings LIMIT 1";
        let error = sqlx::raw_sql(unbalanced)
            .execute(&mut db)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("does not balance"), "{error}");
    });
}

/// The tables that grow without end and that the writer reads or changes.
const GROWING: &str = "('payment_intents', 'attempts', 'refunds', 'payment_links', 'idempotency_keys', 'journal_entries', 'postings', 'events', 'deliveries', 'link_tokens')";

/// The writer's statements are planned on empty tables. They must not read whole tables when
/// these have grown.
#[test]
fn plans_made_on_empty_tables_stay_good() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let all = async || {
            let body = json!({"amount": "2.00", "currency": "EUR", "capture_method": "manual"});
            let id = bot.create_intent(&body).await.id();
            bot.confirm(&id, "pm_sandbox_ok").await.expect(200);
            bot.capture(&id, &json!({})).await.expect(200);
            bot.refund(&id, "1.00").await.expect(201);
            // A call whose answer does not come at once is recorded twice.
            let id = bot.ask_for("1.00", "EUR").await;
            bot.confirm(&id, "pm_sandbox_timeout").await.expect(200);
            let link = bot
                .create_link(&json!({"amount": "1.00", "currency": "EUR"}))
                .await;
            app.anyone
                .pay(link["url"].as_str().unwrap(), "pm_sandbox_ok")
                .await;
        };
        // Prepared, and past the five plans that are made to measure.
        for _ in 0..8 {
            all().await;
        }
        let mut db = connect(app).await;
        for table in ["payment_intents", "attempts", "refunds", "payment_links"] {
            run(&mut db, &format!(
                "CREATE TEMP TABLE copy AS SELECT * FROM {table} LIMIT 1;
                INSERT INTO {table} SELECT (json_populate_record(c, json_build_object('id', gen_random_uuid()))).* FROM copy c, generate_series(1, 4000);
                DROP TABLE copy"
            )).await;
        }
        run(&mut db, "INSERT INTO idempotency_keys SELECT merchant_id, 'filler-' || n, fingerprint, status, answer, created_at
            FROM (SELECT * FROM idempotency_keys LIMIT 1) k, generate_series(1, 4000) n").await;
        let read = "SELECT coalesce(sum(seq_tup_read), 0)::bigint FROM pg_stat_user_tables WHERE relname IN ";
        let looked = "SELECT coalesce(sum(idx_scan), 0)::bigint FROM pg_stat_user_tables WHERE relname = 'idempotency_keys'";
        let quiet = async |at_least: i64| {
            eventually("the counters of Postgres", || async {
                all().await;
                let now = app.count(looked).await;
                (now > at_least).then_some(now)
            })
            .await
        };
        let start = quiet(app.count(looked).await).await;
        let before = app.count(&format!("{read}{GROWING}")).await;
        quiet(start).await;
        let after = app.count(&format!("{read}{GROWING}")).await;
        assert!(
            after - before < 4_000,
            "whole tables were read: {} rows",
            after - before
        );
        // The filling is no merchant's doing: it goes before the books are proved.
        run(&mut db, "DELETE FROM payment_intents WHERE id NOT IN (SELECT intent_id FROM link_tokens WHERE intent_id IS NOT NULL);
            DELETE FROM payment_links WHERE id NOT IN (SELECT link_id FROM link_tokens WHERE link_id IS NOT NULL);
            DELETE FROM refunds r WHERE NOT EXISTS (SELECT 1 FROM attempts a WHERE a.refund_id = r.id);
            DELETE FROM attempts WHERE refund_id IS NULL AND kind = 'charge' AND id NOT IN (
                SELECT unnest(ARRAY[charge_attempt_id, open_attempt_id]) FROM payment_intents
                EXCEPT SELECT NULL)").await;
    });
}

async fn read(bot: &Client, id: &str) -> Answer {
    bot.get(&format!("/v1/payment_intents/{id}")).await
}

/// A row that says a word of a later version.
#[test]
fn a_row_that_cannot_be_read_fails_alone() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let ids = join_all((0..8).map(|_| bot.ask_for("1.00", "EUR"))).await;
        let mut db = connect(app).await;
        let set = |rail: &str| {
            let id = "(SELECT min(id::text)::uuid FROM payment_intents)";
            format!("UPDATE payment_intents SET rail = '{rail}' WHERE id = {id}")
        };
        run(&mut db, &set("pigeon")).await;
        let paid = join_all(ids.iter().map(|id| bot.confirm(id, "pm_sandbox_ok"))).await;
        let mut statuses: Vec<u16> = paid.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 500]);
        let read = join_all(ids.iter().map(|id| read(bot, id))).await;
        for (read, paid) in read.iter().zip(&paid) {
            assert_eq!(read.status, paid.status);
        }
        run(&mut db, &set("sandbox")).await;
        let late = ids.iter().zip(&paid).find(|(_, paid)| paid.status == 500);
        bot.confirm(late.unwrap().0, "pm_sandbox_ok")
            .await
            .expect(200);
    });
}

#[test]
fn the_schema_refuses_a_second_capture_of_an_intent() {
    run_test(async |app| {
        app.merchant.bot.paid("5.00", "EUR").await;
        let second = sqlx::query(
            "INSERT INTO journal_entries (merchant_id, sequence, id, kind, source, payment_intent_id,
                booked_at, effective_date, previous_hash, hash)
            SELECT merchant_id, sequence + 1, gen_random_uuid(), kind, source, payment_intent_id,
                booked_at, effective_date, previous_hash, hash
            FROM journal_entries",
        );
        let refused = second.execute(&app.pool).await.unwrap_err();
        let refused = refused.as_database_error().unwrap();
        assert_eq!(refused.constraint(), Some("journal_entries_capture_key"));
    });
}
