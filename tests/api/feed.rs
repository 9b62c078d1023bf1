//! The feed by long-polling: who waits is woken by what was asked for, in every process.

use crate::harness::{Client, TestApp, run_test};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

/// What takes so long never comes: twice the longest wait of the API.
const NEVER: Duration = Duration::from_mins(1);

const OTHERS: &str =
    "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
const LISTENS: &str = "query LIKE 'LISTEN%'";
const TELLS: &str = "query LIKE '-- db.tell%'";

/// Sequences, and where to go on.
type Part = (Vec<i64>, i64);

async fn poll(bot: &Client, query: &str) -> Part {
    let answer = bot.get(&format!("/v1/events?{query}")).await.expect(200);
    let events = answer["data"].as_array().unwrap().iter();
    let sequences = events.map(|event| event["sequence"].as_i64().unwrap());
    (sequences.collect(), answer["next_after"].as_i64().unwrap())
}

/// The database as an onlooker sees it, over a connection of its own.
struct Onlooker(PgConnection);

impl Onlooker {
    async fn at(app: &TestApp) -> Self {
        Self(PgConnection::connect(&app.database_url).await.unwrap())
    }

    async fn count(&mut self, sql: &str) -> i64 {
        let count = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        count.fetch_one(&mut self.0).await.unwrap()
    }

    /// Begins a poll, and comes back when it has looked once.
    async fn begin(&mut self, bot: &Client, query: &str) -> JoinHandle<Part> {
        let now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        let now = self.count(now).await;
        let (bot, query) = (bot.clone(), query.to_owned());
        let task = tokio::spawn(async move { poll(&bot, &query).await });
        let looked = "query LIKE '-- feed.events%' AND state = 'idle'";
        let since = format!("extract(epoch FROM query_start) * 1000000 > {now}");
        self.until(1, &format!("{looked} AND {since}")).await;
        task
    }

    /// Waits until so many connections of others to this database are such.
    async fn until(&mut self, count: i64, such: &str) {
        let sql = format!("SELECT count(*) FROM {OTHERS} AND {such}");
        let come = async {
            while self.count(&sql).await < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let found = timeout(NEVER, come).await;
        found.unwrap_or_else(|_| panic!("no {count} connections such that {such}"));
    }

    /// Cuts the connections of others to this database that are such, and waits for their end.
    async fn cut(&mut self, such: &str) {
        let cut = format!("SELECT count(pg_terminate_backend(pid, 30000)) FROM {OTHERS}");
        assert_ne!(self.count(&format!("{cut} AND {such}")).await, 0, "{such}");
    }
}

/// Tells others what is committed here, and hears of them.
fn share(app: &TestApp) {
    let (wake, db) = (&app.app.wake, &app.app.config.database);
    let share = Arc::clone(wake).share(db.clone(), CancellationToken::new());
    tokio::spawn(share);
}

#[test]
fn an_event_ends_the_wait_at_once() {
    run_test(async |app| {
        let (bot, mut onlooker) = (&app.merchant.bot, Onlooker::at(app).await);
        let rounds = async {
            for sequence in 1..=20 {
                let query = format!("after={}&wait=30", sequence - 1);
                let waiting = onlooker.begin(bot, &query).await;
                assert!(!waiting.is_finished());
                bot.ask_for("1.00", "EUR").await;
                assert_eq!(waiting.await.unwrap(), (vec![sequence], sequence));
            }
        };
        // Who is not woken looks by himself every five seconds: that would take longer.
        timeout(NEVER, rounds).await.unwrap();
    });
}

#[test]
fn the_wait_goes_on_until_there_is_what_was_asked_for() {
    run_test(async |app| {
        let (bot, mut onlooker) = (&app.merchant.bot, Onlooker::at(app).await);
        let query = "type=payment_intent.succeeded&wait=30";
        let waiting = onlooker.begin(bot, query).await;
        let other = app.another_merchant().await;
        other.bot.paid("1.00", "EUR").await;
        let id = bot.ask_for("1.00", "EUR").await;
        bot.confirm(&id, "pm_sandbox_declined").await.expect(402);
        assert!(!waiting.is_finished());
        bot.confirm(&id, "pm_sandbox_ok").await.expect(200);
        assert_eq!(waiting.await.unwrap(), (vec![3], 3));

        let thread = json!({"channel": "slack", "conversation": "C1"});
        let body = json!({"amount": "1.00", "currency": "EUR", "thread": thread});
        let waiting = onlooker.begin(bot, "after=3&conversation=C1&wait=30").await;
        bot.ask_for("1.00", "EUR").await;
        bot.create_intent(&body).await.expect(201);
        assert_eq!(waiting.await.unwrap(), (vec![5], 5));
    });
}

#[test]
fn an_answer_says_where_to_go_on_and_skips_nothing() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        assert_eq!(poll(bot, "after=latest").await, (vec![], 0));
        for _ in 0..3 {
            bot.ask_for("1.00", "EUR").await;
        }
        for (query, part) in [
            ("", (vec![1, 2, 3], 3)),
            ("limit=2", (vec![1, 2], 2)),
            ("after=2&limit=1", (vec![3], 3)),
            ("after=latest", (vec![], 3)),
            ("after=9", (vec![], 9)),
            // Nothing of this kind up to 3.
            ("type=refund.failed", (vec![], 3)),
            ("after=1&type=refund.failed&wait=1", (vec![], 3)),
            ("type=payment_intent.created&limit=1", (vec![1], 1)),
        ] {
            assert_eq!(poll(bot, query).await, part, "{query}");
        }
        bot.ask_for("1.00", "EUR").await;
        assert_eq!(poll(bot, "after=3&wait=30").await, (vec![4], 4));
    });
}

/// Any number that a sequence can be is a place in the feed.
#[test]
fn nothing_comes_after_the_last_place_that_there_can_be() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        bot.ask_for("1.00", "EUR").await;
        for after in [i64::MAX, i64::MAX - 1, i64::MAX - 20_000] {
            for narrowed in ["", "&type=payment_intent.created", "&wait=1"] {
                let query = format!("after={after}{narrowed}");
                assert_eq!(poll(bot, &query).await, (vec![], after), "{query}");
            }
        }
    });
}

#[test]
fn a_wrong_parameter_is_named() {
    run_test(async |app| {
        for (query, param) in [
            ("wait=31", "/wait"),
            ("wait=-1", "/wait"),
            ("wait=1.5", "/wait"),
            ("wait=long", "/wait"),
            ("after=-1", "/after"),
            ("after=", "/after"),
            ("after=last", "/after"),
            ("after=99999999999999999999", "/after"),
        ] {
            let answer = app.merchant.bot.get(&format!("/v1/events?{query}")).await;
            let problem = answer.problem(422, "invalid_request");
            assert_eq!(problem["param"], param, "{query}");
        }
    });
}

#[test]
fn a_stop_ends_every_wait() {
    run_test(async |app| {
        let (bot, mut onlooker) = (&app.merchant.bot, Onlooker::at(app).await);
        bot.ask_for("1.00", "EUR").await;
        let waiting = onlooker.begin(bot, "after=latest&wait=30").await;
        app.app.stopping.cancel();
        let ended = timeout(Duration::from_secs(20), waiting).await;
        assert_eq!(ended.unwrap().unwrap(), (vec![], 1));
        let answer = bot.get("/v1/events?after=latest&wait=30").await;
        assert_eq!(answer.header("connection"), Some("close"));
    });
}

#[test]
fn other_processes_are_woken_too() {
    run_test(async |app| {
        let (bot, mut onlooker) = (&app.merchant.bot, Onlooker::at(app).await);
        let two = TestApp::on(app.database_url.clone()).await;
        let wake = &two.app.wake;
        let mut mine = wake.feed(app.merchant.id);
        let mut other = wake.feed(two.merchant.id);
        share(app);
        share(&two);
        // Whoever begins to listen looks once.
        timeout(NEVER, other.changed()).await.unwrap().unwrap();
        timeout(NEVER, wake.deliveries.notified()).await.unwrap();
        mine.mark_unchanged();

        bot.create_endpoint("http://127.0.0.1:9/", &["*"]).await;
        bot.ask_for("1.00", "EUR").await;
        timeout(NEVER, mine.changed()).await.unwrap().unwrap();
        timeout(NEVER, wake.deliveries.notified()).await.unwrap();
        assert!(!other.has_changed().unwrap());

        let elsewhere = bot.at(&two.base_url);
        let waiting = onlooker.begin(&elsewhere, "after=1&wait=30").await;
        bot.ask_for("1.00", "EUR").await;
        assert_eq!(waiting.await.unwrap(), (vec![2], 2));
        two.end().await;
    });
}

#[test]
fn a_cut_connection_costs_wake_ups_only_until_it_stands_again() {
    run_test(async |app| {
        let mut onlooker = Onlooker::at(app).await;
        let two = TestApp::on(app.database_url.clone()).await;
        share(app);
        share(&two);
        let mut news = two.app.wake.feed(app.merchant.id);
        for cut in [None, Some(LISTENS), Some(TELLS), Some(LISTENS)] {
            if let Some(such) = cut {
                onlooker.cut(such).await;
            }
            onlooker.until(2, LISTENS).await;
            // One wake-up may be that of the new beginning.
            for _ in 0..3 {
                news.mark_unchanged();
                app.merchant.bot.ask_for("1.00", "EUR").await;
                timeout(NEVER, news.changed()).await.unwrap().unwrap();
            }
        }
        two.end().await;
    });
}
