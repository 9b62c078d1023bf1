//! Entries booked by hand: they stand in the books like all others, and nothing else comes of them.

use super::harness::{Client, TestApp, run_test};
use futures_util::future::join_all;
use serde_json::{Value, json};
use threadpay::{
    base::money::Money,
    domain::ledger::{Direction, Draft},
    views::reports::verify::verify,
    writer::{PostingCommand, Reply, Submission},
};
use time::Duration;

const PATH: &str = "/v1/sandbox/journal_entries";
const EXPORT: &str = "/v1/exports/journal?from=2020-01-01&to=2099-01-01&format=jsonl";

fn line(account: &str, direction: &str, amount: &str, currency: &str) -> Value {
    json!({"account": account, "direction": direction, "amount": amount, "currency": currency})
}

/// From one account to another.
fn moved(from: &str, to: &str, amount: &str, currency: &str) -> Value {
    json!({"postings": [line(from, "debit", amount, currency), line(to, "credit", amount, currency)]})
}

async fn rows(app: &TestApp, table: &str) -> i64 {
    app.count(&format!("SELECT count(*) FROM {table}")).await
}

/// The rows of the journal's export: postings, then control totals.
async fn exported(client: &Client) -> (Vec<Value>, Vec<Value>) {
    let export = client.get(EXPORT).await;
    assert_eq!(export.status, 200);
    let rows = export.text();
    let rows = rows.lines().map(|row| serde_json::from_str(row).unwrap());
    // The period is not over, and a row says so.
    let rows = rows.filter(|row: &Value| row["kind"] != "open");
    rows.partition(|row: &Value| row["kind"] != "control_total")
}

fn balances(entry: &Value) -> Vec<&str> {
    let postings = entry["postings"].as_array().unwrap().iter();
    postings
        .map(|posting| posting["balance_after"].as_str().unwrap())
        .collect()
}

#[test]
fn an_entry_is_booked_as_it_is_asked_for() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        let paid = app.merchant.bot.paid("20.00", "EUR").await;
        let events = rows(app, "events").await;
        let body = json!({"effective_date": "2025-12-31", "postings": [
            line("merchant:pending", "debit", "12.50", "EUR"),
            line("merchant:available", "credit", "12.00", "EUR"),
            line("fees:platform", "credit", "0.50", "EUR"),
            line("bank:JPY", "debit", "500", "JPY"),
            line("suspense", "credit", "500", "JPY"),
        ]});
        let entry = owner.post(PATH, &body).await.expect(201);
        assert_eq!(entry["kind"], "adjustment");
        assert_eq!(entry["source"], entry["id"]);
        assert_eq!(entry["effective_date"], "2025-12-31");
        assert_eq!(
            (&entry["sequence"], &entry["thread"]),
            (&json!(2), &Value::Null)
        );
        assert_eq!(balances(&entry), ["7.50", "12.00", "0.50", "500", "500"]);
        let today = owner
            .post(PATH, &moved("suspense", "disputes", "1", "EUR"))
            .await;
        let today = today.expect(201);
        let booked_at = today["booked_at"].as_str().unwrap();
        assert!(booked_at.starts_with(today["effective_date"].as_str().unwrap()));

        // As it was answered, so it is listed, and found by its source alone.
        let list = owner.get("/v1/journal_entries").await.expect(200);
        assert_eq!((&list["data"][0], &list["data"][1]), (&today, &entry));
        let of = async |source: &Value| {
            let path = format!("/v1/journal_entries?source={}", source.as_str().unwrap());
            owner.get(&path).await.expect(200)["data"].clone()
        };
        assert_eq!(of(&entry["id"]).await, json!([entry]));
        let capture = list["data"][2].clone();
        assert_eq!(of(&json!(paid)).await, json!([capture]));
        assert_eq!(of(&capture["id"]).await, json!([]));
        let fees = owner.get("/v1/accounts/fees:platform/balances").await;
        assert_eq!(fees.expect(200)["data"][0]["balance"], "0.50");

        let (lines, totals) = exported(owner).await;
        assert_eq!((lines.len(), totals.len()), (9, 4));
        assert_eq!(lines[2]["source"], entry["id"]);
        assert_eq!(lines[2]["effective_date"], "2025-12-31");
        assert_eq!(totals[0]["amount"], "33.50");
        assert_eq!(rows(app, "events").await, events, "nothing is told");
    });
}

#[test]
fn an_entry_is_booked_once_for_a_key() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        let body = moved("suspense", "disputes", "3.00", "EUR").to_string();
        let same = join_all((0..8).map(|_| owner.post_with("k", PATH, &body))).await;
        for answer in &same {
            answer.expect(201);
            assert_eq!(answer.bytes, same[0].bytes);
        }
        let other = moved("suspense", "disputes", "3.01", "EUR").to_string();
        let reused = owner.post_with("k", PATH, &other).await;
        reused.problem(422, "idempotency_key_reused");
        let request = owner.request("POST", PATH).body(other);
        let request = request.header("content-type", "application/json");
        let keyless = owner.send(request).await;
        keyless.problem(400, "idempotency_key_required");
        assert_eq!(rows(app, "journal_entries").await, 1);
    });
}

#[test]
fn what_is_no_entry_writes_nothing() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        let good = || line("suspense", "debit", "1.00", "EUR");
        let two = |other: Value| json!({"postings": [good(), other]});
        let cases = [
            (two(good()), "unbalanced_entry", "/postings"),
            (
                two(line("suspense", "credit", "1.00", "USD")),
                "unbalanced_entry",
                "/postings",
            ),
            (
                two(line("cash", "credit", "1.00", "EUR")),
                "invalid_request",
                "/postings/1/account",
            ),
            (
                two(line("suspense", "left", "1.00", "EUR")),
                "invalid_request",
                "/postings/1/direction",
            ),
            (
                two(line("suspense", "credit", "-1.00", "EUR")),
                "invalid_amount",
                "/postings/1/amount",
            ),
            (
                two(line("bank:USD", "credit", "1.00", "EUR")),
                "invalid_currency",
                "/postings/1/currency",
            ),
            (
                two(json!({"account": "suspense", "balance_after": "1"})),
                "unknown_field",
                "/postings/1/balance_after",
            ),
            (
                json!({"postings": vec![good(); 21]}),
                "invalid_request",
                "/postings",
            ),
            (
                json!({"postings": [good(), good()], "effective_date": "tomorrow"}),
                "invalid_request",
                "/effective_date",
            ),
        ];
        for (body, code, param) in cases {
            let problem = owner.post(PATH, &body).await.problem(422, code);
            assert_eq!(problem["param"], param, "{problem}");
        }
        for table in [
            "journal_entries",
            "accounts",
            "balances",
            "idempotency_keys",
        ] {
            assert_eq!(rows(app, table).await, 0, "{table}");
        }
    });
}

/// Books the most that an amount can be, three times: no account's sums fit 64 bits after that.
async fn overfill(app: &TestApp, debit: &str, credit: &str) {
    let most = Money::new(i64::MAX, "EUR".parse().unwrap());
    let lines = [(debit, Direction::Debit), (credit, Direction::Credit)];
    let lines = lines.map(|(code, side)| (code.parse().unwrap(), side, most));
    for _ in 0..3 {
        let entry = Submission {
            command: PostingCommand::Post(Draft::adjustment(lines.to_vec(), None).unwrap()).into(),
            ..posting(app)
        };
        app.app.writer.submit(entry).await.unwrap();
    }
}

/// What a rail says is never refused for what was booked before: sums have no end.
#[test]
fn full_accounts_take_payments_and_refunds() {
    run_test(async |app| {
        let (bot, owner) = (&app.merchant.bot, &app.merchant.owner);
        overfill(app, "rail:sandbox:clearing", "merchant:pending").await;
        let paid = bot.paid("12.50", "EUR").await;
        bot.refund(&paid, "2.50").await.expect(201);
        let late = bot.ask_for("1.00", "EUR").await;
        bot.confirm(&late, "pm_sandbox_timeout").await.expect(200);
        app.clock.advance(Duration::seconds(60));
        app.resolve().await;
        assert_eq!(bot.intent(&late).await["status"], "succeeded");

        // Three times 92233720368547758.07, and 12.50 - 2.50 + 1.00.
        let balance = "276701161105643285.21";
        let path = "/v1/accounts/merchant:pending/balances";
        let now = owner.get(path).await.expect(200);
        assert_eq!(now["data"][0]["balance"], balance);
        let entries = owner.get("/v1/journal_entries").await.expect(200);
        assert_eq!(balances(&entries["data"][0]), [balance; 2]);
        let trial = owner.get("/v1/trial_balance").await.expect(200);
        assert_eq!(trial["balanced"], true);
        let pending = &trial["data"][0];
        assert_eq!(pending["account"], "merchant:pending");
        assert_eq!(pending["credits"], "276701161105643287.71");
        assert_eq!(pending["debits"], "2.50");
        let (lines, totals) = exported(owner).await;
        assert_eq!(lines.last().unwrap()["balance_after"], balance);
        assert_eq!(totals[0]["amount"], "276701161105643290.21");
        let proof = verify(&app.app.pool, Some(app.merchant.id)).await.unwrap();
        assert_eq!(proof.totals["EUR"].to_string(), "276701161105643290.21");
    });
}

/// A process of the version before knows the narrow columns alone: it must not count on.
#[test]
fn what_outgrows_64_bits_is_full_to_the_version_before() {
    run_test(async |app| {
        overfill(app, "suspense", "disputes").await;
        let full = "SELECT count(*) FROM balances WHERE debits = 9223372036854775807 AND credits = 9223372036854775807";
        assert_eq!(app.count(full).await, 2);
    });
}

fn posting(app: &TestApp) -> Submission {
    let amount = Money::new(5, "EUR".parse().unwrap());
    let lines = [
        ("suspense", Direction::Debit),
        ("disputes", Direction::Credit),
    ];
    let lines = lines.map(|(code, side)| (code.parse().unwrap(), side, amount));
    Submission {
        merchant: app.merchant.id,
        actor: threadpay::base::actor::Actor::Operator,
        command: PostingCommand::Post(Draft::adjustment(lines.to_vec(), None).unwrap()).into(),
        claim: None,
        request_id: "req_1".to_owned(),
        bytes: 0,
    }
}

/// Without a key an entry leaves rows in the books and nowhere else, also where it shares
/// batches with payments, whose events move the same books.
#[test]
fn an_entry_without_a_key_leaves_nothing_but_itself() {
    run_test(async |app| {
        let post = |_| app.app.writer.submit(posting(app));
        for reply in join_all((0..20).map(post)).await {
            assert!(matches!(reply, Ok(Reply::Answer(answer)) if answer.status == 201));
        }
        for table in ["events", "idempotency_keys", "payment_intents"] {
            assert_eq!(rows(app, table).await, 0, "{table}");
        }
        let payments = join_all((0..10).map(|_| app.merchant.bot.paid("1.00", "EUR")));
        let posts = join_all((0..20).map(post));
        let (_, posts) = futures_util::future::join(payments, posts).await;
        assert!(posts.iter().all(Result::is_ok));
        assert_eq!(rows(app, "journal_entries").await, 50);
        assert_eq!(rows(app, "postings").await, 100);
        let head = "SELECT entry_sequence FROM books ORDER BY 1 DESC LIMIT 1";
        assert_eq!(app.count(head).await, 50);
    });
}

/// A large batch is recorded in parts, the first of them before the last is decided.
#[test]
fn a_crowd_of_entries_and_payments_keeps_the_books_true() {
    run_test(async |app| {
        let posts = (0..600).map(|_| app.app.writer.submit(posting(app)));
        let payments = (0..20).map(|_| app.merchant.bot.paid("1.00", "EUR"));
        let all = futures_util::future::join(join_all(posts), join_all(payments));
        let (posts, _) = all.await;
        assert!(posts.iter().all(Result::is_ok));
        assert_eq!(rows(app, "journal_entries").await, 620);
        let verified = verify(&app.app.pool, Some(app.merchant.id)).await.unwrap();
        assert_eq!(verified.entries, 620);
        let balances = app.merchant.owner.get("/v1/accounts/suspense/balances");
        assert_eq!(balances.await.expect(200)["data"][0]["balance"], "-30.00");
    });
}
