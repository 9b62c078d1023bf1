//! More requests than are done: whoever is accepted gets what he asked for once, whoever is
//! refused hears it soon and can rely on it.

use super::{ALONE, Client, House};
use crate::client::Answer;
use futures_util::future::join_all;
use serde_json::json;
use sqlx::{Connection, PgConnection, Row};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Requests at a time: more than the lock holder lets through.
const FLOOD: usize = 1500;
/// How long a client waits for an answer: far less than the lock is held for those who wait.
const DEADLINE: Duration = Duration::from_mins(1);
/// What the process may take, in KiB.
const MEMORY: u64 = 300 * 1024;

fn key(number: usize) -> String {
    format!("flood-{number}")
}

async fn create(bot: &Client, number: usize) -> Answer {
    let body = json!({"amount": "1.00", "currency": "EUR", "reference": key(number)});
    let path = "/v1/payment_intents";
    let request = bot.post_request(&key(number), path, &body.to_string());
    bot.send(request.timeout(DEADLINE)).await
}

/// A refusal says that nothing was done and when to come back.
fn check(answer: &Answer) {
    if answer.status != 201 {
        answer.problem(503, "overloaded");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}

async fn connect(house: &House) -> PgConnection {
    let url = house.service.fact("database_url");
    let mut db = PgConnection::connect(&url).await.unwrap();
    let path = sqlx::query("SET search_path = cell_00");
    path.execute(&mut db).await.unwrap();
    db
}

/// How many intents there are of each reference.
async fn stored(db: &mut PgConnection) -> BTreeMap<String, i64> {
    let sql =
        "SELECT reference, count(*) FROM payment_intents WHERE reference LIKE 'flood-%' GROUP BY 1";
    let rows = sqlx::query(sql).fetch_all(db).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stands_still_makes_refusals_and_nothing_by_half() {
    let _alone = ALONE.lock().await;
    let house = House::start("stands-still").await;
    let bot = &house.bot;
    bot.ask_for("1.00", "EUR").await;
    let files = house.process.files();
    let (mut db, mut other) = (connect(&house).await, connect(&house).await);
    let mut lock = db.begin().await.unwrap();
    let books = sqlx::query("SELECT 1 FROM books FOR UPDATE");
    books.execute(&mut *lock).await.unwrap();

    let begun = Instant::now();
    let mut waiting: Vec<_> = (0..FLOOD)
        .map(|number| {
            let bot = bot.clone();
            tokio::spawn(async move { (number, create(&bot, number).await) })
        })
        .collect();
    // Those of the batch that waits for the lock are not answered before it has it; all others
    // hear that they are refused while the lock is held.
    let mut first = Vec::new();
    while waiting.len() > 256 {
        let (answer, _, left) = futures_util::future::select_all(waiting).await;
        first.push(answer.unwrap());
        waiting = left;
    }
    for path in ["/healthz", "/readyz", "/v1/payment_intents?limit=1"] {
        bot.get(path).await.expect(200);
    }
    assert!(house.process.memory() < MEMORY);
    println!("{} refused after {:?}", first.len(), begun.elapsed());
    assert!(
        stored(&mut other).await.is_empty(),
        "the lock is still held"
    );
    lock.rollback().await.unwrap();

    let rest = join_all(waiting).await;
    first.extend(rest.into_iter().map(Result::unwrap));
    for (_, answer) in &first {
        check(answer);
    }
    let made = |answers: &[(usize, Answer)]| -> BTreeMap<String, i64> {
        let made = answers.iter().filter(|(_, answer)| answer.status == 201);
        made.map(|(number, _)| (key(*number), 1)).collect()
    };
    assert_eq!(stored(&mut other).await, made(&first));

    // It is over as soon as the lock is: whoever comes back is served.
    for some in first.chunks_mut(64) {
        let again = some.iter_mut().map(|(number, answer)| async {
            while answer.status != 201 {
                *answer = create(bot, *number).await;
                check(answer);
            }
        });
        join_all(again).await;
    }
    assert_eq!(stored(&mut other).await, made(&first));
    drop((db, other));
    house.process.has_at_most(files + FLOOD).await;
    house.stop().await;
}
