//! What merchants of one lane owe each other: nothing. A lock, a flood, a row that cannot be read
//! and a bug concern the merchant that has them.

use super::harness::{
    Client, Merchant, TestApp, eventually, new_key, run, run_test, run_test_printing,
};
use futures_util::future::{join, join_all};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use std::time::Duration;
use threadpay::{
    workers::{self, Progress, Worker},
    writer::{PaymentCommand, Rejection, Submission, WriteError},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const INTENTS: &str = "/v1/payment_intents";
const BODY: &str = r#"{"amount":"1.00","currency":"EUR"}"#;

async fn connect(app: &TestApp) -> PgConnection {
    let mut db = PgConnection::connect(&app.database_url).await.unwrap();
    run(&mut db, "SET search_path = cell_00").await;
    db
}

/// A merchant whose commands go the way of the first one's.
async fn neighbour(app: &TestApp) -> Merchant {
    let lanes = std::thread::available_parallelism().map_or(1, usize::from);
    let lane = |merchant: &Merchant| merchant.id.0.as_u128() % u128::try_from(lanes).unwrap();
    loop {
        let other = app.another_merchant().await;
        if lane(&other) == lane(&app.merchant) {
            return other;
        }
    }
}

async fn lock(db: &mut PgConnection, merchant: &Merchant) {
    let books = format!(
        "BEGIN; SELECT 1 FROM books WHERE merchant_id = '{}' FOR UPDATE",
        merchant.id.0
    );
    run(db, &books).await;
}

/// Another process may be slow to commit, or an operator looks at a row and goes for lunch.
#[test]
fn books_that_are_locked_elsewhere_keep_no_neighbour_waiting() {
    run_test(async |app| {
        let (locked, other) = (app.merchant.clone(), neighbour(app).await);
        let mut db = connect(app).await;
        lock(&mut db, &locked).await;
        let key = new_key();
        let stuck = join_all((0..40).map(|_| locked.bot.post_with(&key, INTENTS, BODY)));
        let served = async {
            for _ in 0..20 {
                other.bot.ask_for("1.00", "EUR").await;
            }
        };
        let (stuck, ()) = join(stuck, served).await;
        for answer in stuck {
            answer.problem(503, "overloaded");
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
        // It still waits when the lock is let go, and the neighbour goes on meanwhile.
        let late = async {
            eventually("an answer", || async {
                let answer = locked.bot.post_with(&key, INTENTS, BODY).await;
                (answer.status != 503).then(|| answer.expect(201))
            })
            .await
        };
        let served = async {
            for _ in 0..20 {
                other.bot.ask_for("1.00", "EUR").await;
            }
            run(&mut db, "ROLLBACK").await;
        };
        join(late, served).await;
        assert_eq!(app.count("SELECT count(*) FROM payment_intents").await, 41);
    });
}

/// Commands take the books only, but whoever is at the database may lock any row, and go for lunch.
#[test]
fn rows_that_are_locked_elsewhere_keep_no_neighbour_waiting() {
    const ENTRIES: &str = "/v1/sandbox/journal_entries";
    const MOVES: &str = r#"{"postings":[
        {"account":"merchant:pending","direction":"debit","amount":"1.00","currency":"EUR"},
        {"account":"merchant:available","direction":"credit","amount":"1.00","currency":"EUR"}]}"#;
    run_test(async |app| {
        let (locked, other) = (app.merchant.clone(), neighbour(app).await);
        let id = locked.bot.ask_for("1.00", "EUR").await;
        let bot = &locked.owner;
        bot.post_with(&new_key(), ENTRIES, MOVES).await.expect(201);
        let cancel = format!("{INTENTS}/{id}/cancel");
        let mut db = connect(app).await;
        let cases = [
            ("balances", ENTRIES, MOVES),
            ("payment_intents", &*cancel, "{}"),
        ];
        for (table, path, body) in cases {
            let rows = format!(
                "BEGIN; SELECT 1 FROM {table} WHERE merchant_id = '{}' FOR UPDATE",
                locked.id.0
            );
            run(&mut db, &rows).await;
            let stuck = async {
                for _ in 0..6 {
                    let answer = bot.post_with(&new_key(), path, body).await;
                    answer.problem(503, "overloaded");
                }
            };
            let served = async {
                for _ in 0..200 {
                    other.bot.ask_for("1.00", "EUR").await;
                }
            };
            join(stuck, served).await;
            run(&mut db, "ROLLBACK").await;
            let done = bot.post_with(&new_key(), path, body).await;
            assert!(done.status < 300, "{}", done.text());
        }
    });
}

/// Two processes are busy with the same merchants: neither is kept from any of them for ever.
#[test]
fn no_process_keeps_books_from_another() {
    run_test(async |app| {
        let second = TestApp::on(app.database_url.clone()).await;
        let (one, other) = (app.merchant.clone(), neighbour(app).await);
        let pays = async |bot: Client| {
            for _ in 0..25 {
                bot.ask_for("1.00", "EUR").await;
            }
        };
        let bots = [&one, &other].map(|merchant| merchant.bot.clone());
        let bots = bots
            .iter()
            .flat_map(|bot| [bot.clone(), bot.at(&second.base_url)]);
        join_all(bots.cycle().take(24).map(pays)).await;
        assert_eq!(app.count("SELECT count(*) FROM payment_intents").await, 600);
        second.end().await;
    });
}

#[test]
fn a_flood_is_refused_and_a_neighbour_is_not() {
    run_test(async |app| {
        let (flooder, other) = (app.merchant.id, neighbour(app).await);
        let submit = |_| {
            app.app.writer.submit(Submission {
                merchant: flooder,
                actor: threadpay::base::actor::Actor::Operator,
                command: PaymentCommand::Expire(app.ambient.id()).into(),
                claim: None,
                request_id: String::new(),
                bytes: 0,
            })
        };
        let flood = join_all((0..12_000).map(submit));
        let served = async {
            for _ in 0..4 {
                join_all((0..16).map(|_| other.bot.ask_for("1.00", "EUR"))).await;
            }
        };
        let (flood, ()) = join(flood, served).await;
        assert!(flood.contains(&Err(WriteError::Overloaded)));
        let not_found = Err(WriteError::Rejected(Rejection::NotFound("payment intent")));
        assert!(flood.contains(&not_found));
    });
}

/// A batch that fails in our own code lets the books go before it is answered, so that no other
/// process waits for them and no other batch meets what it left.
#[test]
fn a_row_that_cannot_be_read_leaves_no_books_locked() {
    run_test(async |app| {
        let (broken, other) = (app.merchant.clone(), neighbour(app).await);
        let id = broken.bot.ask_for("1.00", "EUR").await;
        let mut db = connect(app).await;
        let set = |currency: &str| {
            let merchant = broken.id.0;
            format!(
                "UPDATE payment_intents SET currency = '{currency}' WHERE merchant_id = '{merchant}'"
            )
        };
        run(&mut db, &set("???")).await;
        for _ in 0..5 {
            let pay = broken.bot.confirm(&id, "pm_sandbox_ok").await;
            assert_eq!(pay.status, 500, "{}", pay.text());
            run(&mut db, "BEGIN; SELECT 1 FROM books FOR UPDATE NOWAIT").await;
            run(&mut db, "ROLLBACK").await;
            other.bot.ask_for("1.00", "EUR").await;
        }
        run(&mut db, &set("EUR")).await;
        broken.bot.confirm(&id, "pm_sandbox_ok").await.expect(200);
    });
}

/// A bug that panics costs the command that meets it.
#[test]
fn a_panic_ends_no_lane() {
    let printing = |rejection: &Rejection, request_id: &str| {
        assert!(!matches!(rejection, Rejection::Intent(_)), "a bug");
        threadpay::http::rejection::render(rejection, request_id)
    };
    run_test_printing(printing, async |app| {
        let (unlucky, other) = (app.merchant.clone(), neighbour(app).await);
        let id = unlucky.bot.ask_for("1.00", "EUR").await;
        let cancel = format!("{INTENTS}/{id}/cancel");
        unlucky
            .bot
            .post_with(&new_key(), &cancel, "{}")
            .await
            .expect(200);
        // Each panic prints where it was, which takes a busy machine long: then some are refused.
        let insist = async |caller: &Client, path: &str, body: &str| {
            let key = new_key();
            loop {
                let answer = caller.post_with(&key, path, body).await;
                if answer.status != 503 {
                    return answer;
                }
            }
        };
        let ask = json!({"amount": "1.00", "currency": "EUR"}).to_string();
        for _ in 0..3 {
            let served = join_all((0..20).map(|_| insist(&other.bot, INTENTS, &ask)));
            let again = insist(&unlucky.bot, &cancel, "{}");
            let (again, served) = join(again, served).await;
            again.problem(500, "internal_error");
            for answer in served {
                answer.expect(201);
            }
        }
        insist(&unlucky.bot, INTENTS, &ask).await.expect(201);
        app.anyone.get("/readyz").await.expect(200);
    });
}

/// A worker that panics is one that nobody starts again: load balancers and people learn of it.
#[test]
fn a_worker_that_has_stopped_is_told() {
    struct Broken;
    impl Worker for Broken {
        const NAME: &'static str = "broken";
        const PERIOD: Duration = Duration::from_secs(1);
        type Error = String;

        async fn tick(&mut self) -> Result<Progress, String> {
            panic!("a bug");
        }
    }
    run_test(async |app| {
        let dispatcher = app.start_dispatcher();
        dispatcher.stop().await;
        app.anyone.get("/readyz").await.expect(200);
        let beat = app.app.pulse.enter(Broken::NAME, Broken::PERIOD);
        let (wake, ambient) = (Notify::new(), app.ambient.clone());
        let run = async move {
            workers::run(Broken, &wake, &ambient, CancellationToken::new(), beat).await;
        };
        assert!(tokio::spawn(run).await.is_err());
        let problem = app.anyone.get("/readyz").await.problem(503, "not_working");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains("the worker `broken` has stopped"),
            "{detail}"
        );
        app.anyone.get("/healthz").await.expect(200);
    });
}
