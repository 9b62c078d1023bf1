//! What strangers can do: send requests of every odd kind, too slowly, too often. It leaves no trace
//! in memory and takes nothing from others.

use super::harness::{TestApp, Wire, run, run_test};
use futures_util::future::join_all;
use serde_json::json;
use std::num::NonZeroU32;
use threadpay::{
    app::config::Config,
    domain::auth::{NewApiKey, Role, store},
};

/// Requests of each odd kind.
const EACH: usize = 200;

/// A word that was never used before.
fn word(number: usize) -> String {
    let letters = format!("{number:b}").replace('0', "A").replace('1', "Z");
    format!("X{letters}")
}

/// Odd requests of all kinds, with the statuses that they may have.
fn odd_requests(number: usize) -> Vec<(String, &'static [u16])> {
    let (odd, long) = (word(number), word(number).repeat(300));
    let key = format!("tp_test_00{number:026}_{}", "x".repeat(43));
    let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nhost: a\r\n{more}\r\n");
    let with = |authorization: &str| format!("authorization: Bearer {authorization}\r\n");
    vec![
        (
            format!("{odd} /healthz HTTP/1.1\r\nhost: a\r\n\r\n"),
            &[501],
        ),
        (format!("{long} /p/x HTTP/1.1\r\nhost: a\r\n\r\n"), &[501]),
        (format!("TRACE /{odd} HTTP/1.1\r\nhost: a\r\n\r\n"), &[404]),
        (get(&format!("/{odd}"), ""), &[404]),
        (get(&format!("/v1/{long}"), ""), &[401]),
        (get(&format!("/p/{number:024}"), ""), &[404]),
        (get("/healthz", &format!("x-{odd}: {long}\r\n")), &[200]),
        (get("/v1/events", &with(&odd)), &[401]),
        (get("/v1/events", &with(&key)), &[401]),
        (
            get("/v1/events", &with(&format!("{odd}.{odd}.{odd}"))),
            &[401],
        ),
        (get(&format!("/docs?{odd}={long}"), ""), &[200, 422]),
    ]
}

#[test]
fn a_thousand_odd_requests_of_every_kind_leave_no_series() {
    run_test(async |app| {
        let limited = TestApp::with(app.database_url.clone(), |config| Config {
            rate_limit: NonZeroU32::new(1_000_000),
            ..config
        });
        let limited = limited.await;
        let mut wire = Wire::open(&limited.base_url).await;
        let mut sizes = Vec::new();
        for round in 0..3 {
            for number in (0..EACH).map(|n| round * EACH + n) {
                for (request, statuses) in odd_requests(number) {
                    let (status, answer) = wire.ask(request.as_bytes()).await;
                    assert!(statuses.contains(&status), "{request}: {answer}");
                }
            }
            let metrics = limited.anyone.get("/metrics").await.text();
            assert!(metrics.contains(r#"method="other""#) && !metrics.contains("XZ"));
            sizes.push(metrics.lines().count());
        }
        assert_eq!(sizes[1], sizes[2], "no series came after the first round");
        assert!(sizes[2] < 600, "{sizes:?}");
        limited.end().await;
    });
}

#[test]
fn a_method_that_http_does_not_know_is_501_at_any_path() {
    run_test(async |app| {
        for path in [
            "/healthz",
            "/v1/payment_intents",
            "/p/x",
            "/nothing",
            "/docs",
        ] {
            let request = app.anyone.request("BREW", path);
            app.anyone
                .send(request)
                .await
                .problem(501, "method_not_implemented");
        }
        let request = app.anyone.request("PUT", "/healthz");
        app.anyone
            .send(request)
            .await
            .problem(405, "method_not_allowed");
    });
}

#[test]
fn operators_paths_have_one_spelling() {
    run_test(async |app| {
        let mut wire = Wire::open(&app.base_url).await;
        for path in ["/metrics", "/healthz", "/readyz"] {
            app.anyone.get(path).await;
            let encoded = format!("/%{:x}{}", path.as_bytes()[1], &path[2..]);
            for odd in [
                encoded,
                format!("/{path}"),
                format!("{path}/"),
                format!("/.{path}"),
            ] {
                let request = format!("GET {odd} HTTP/1.1\r\nhost: a\r\n\r\n");
                let (status, answer) = wire.ask(request.as_bytes()).await;
                assert_eq!(status, 404, "{odd}: {answer}");
            }
        }
    });
}

#[test]
fn a_body_that_comes_too_slowly_is_cut() {
    run_test(async |app| {
        let intent = app.merchant.bot.ask_for("1.00", "EUR").await;
        let url = app.merchant.bot.intent(&intent).await["pay_url"].clone();
        let page = url
            .as_str()
            .unwrap()
            .trim_start_matches(&app.base_url)
            .to_owned();
        let slow = ["/v1/oauth/token".to_owned(), format!("{page}/pay")].map(|path| async move {
            let mut wire = Wire::open(&app.base_url).await;
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\ncontent-type: application/x-www-form-urlencoded\r\n\r\ngrant_"
            );
            wire.send(head.as_bytes()).await;
            wire.answer().await.unwrap().0
        });
        assert_eq!(join_all(slow).await, [408, 408]);
    });
}

/// A service whose limit is so many requests a second.
async fn limited(app: &TestApp, per_second: u32) -> TestApp {
    TestApp::with(app.database_url.clone(), |config| Config {
        rate_limit: NonZeroU32::new(per_second),
        ..config
    })
    .await
}

#[test]
fn a_page_is_counted_however_its_address_is_spelled() {
    run_test(async |app| {
        let few = limited(app, 5).await;
        let url = few.merchant.bot.ask_for("1.00", "EUR").await;
        let url = few.merchant.bot.intent(&url).await["pay_url"].clone();
        let (place, token) = url.as_str().unwrap().rsplit_once('/').unwrap();
        let spellings = (0..token.len()).map(|at| {
            let (before, after) = token.split_at(at);
            format!("{place}/{before}%{:x}{}", after.as_bytes()[0], &after[1..])
        });
        let spellings: Vec<String> = spellings.collect();
        let answers = join_all(spellings.iter().map(|url| few.anyone.get(url))).await;
        let read = answers.iter().filter(|answer| answer.status == 200);
        assert!((1..12).contains(&read.count()), "{answers:?}");
        assert!(answers.iter().any(|answer| answer.status == 429));
        few.end().await;
    });
}

#[test]
fn strangers_are_limited_by_address_and_by_what_they_ask_about() {
    run_test(async |app| {
        let few = limited(app, 5).await;
        let other = NewApiKey::generate(
            &few.ambient,
            few.merchant.id,
            threadpay::base::mode::Mode::Test,
            Role::Bot,
        );
        let (key, _) = other
            .text()
            .rsplit_once('_')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", key.as_str()),
            ("client_secret", "wrong"),
        ];
        let posts = (0..30).map(|_| few.anyone.post_form("/v1/oauth/token", &form));
        let answers = join_all(posts).await;
        let refused: Vec<_> = answers.iter().filter(|a| a.status == 429).collect();
        assert!(refused.len() > 10, "{}", refused.len());
        for answer in refused {
            assert_eq!(answer.json()["error"], "temporarily_unavailable");
            assert!(answer.header("retry-after").is_some() && answer.header("ratelimit").is_some());
        }
        few.end().await;

        let few = limited(app, 5).await;
        let body = json!({"amount": "1.00", "currency": "EUR"});
        let intent = few.merchant.bot.create_intent(&body).await.expect(201);
        let url = intent["pay_url"].as_str().unwrap();
        let pay = format!("{url}/pay");
        let (reads, posts) = tokio::join!(
            join_all((0..30).map(|_| few.anyone.get(url))),
            join_all((0..30).map(|_| few.anyone.post_form(&pay, &[]))),
        );
        for answers in [reads, posts] {
            let refused: Vec<_> = answers.iter().filter(|a| a.status == 429).collect();
            assert!(refused.len() > 10, "{}", refused.len());
            for answer in refused {
                assert!(answer.text().starts_with("<!doctype html>"));
                assert!(answer.header("retry-after").is_some());
            }
        }
        few.end().await;
    });
}

#[test]
fn what_nobody_knows_is_not_looked_up_again_and_a_new_key_works_at_once() {
    run_test(async |app| {
        let key = NewApiKey::generate(
            &app.ambient,
            app.merchant.id,
            threadpay::base::mode::Mode::Test,
            Role::Bot,
        );
        let bot = app.anyone.with_key(&key.text());
        let mut lock = app.pool.begin().await.unwrap();
        let sql = "LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE";
        bot.get("/v1/events").await.problem(401, "unauthorized");
        sqlx::query(sql).execute(&mut *lock).await.unwrap();
        // Nobody can look a key up by now.
        for odd in ["", "x", "tp_test_x", "tp_test_00_x", "a.b.c", &key.text()] {
            let stranger = app.anyone.with_key(odd);
            stranger
                .get("/v1/events")
                .await
                .problem(401, "unauthorized");
        }
        lock.rollback().await.unwrap();
        let fresh = NewApiKey::generate(
            &app.ambient,
            app.merchant.id,
            threadpay::base::mode::Mode::Test,
            Role::Bot,
        );
        let mut db = app.pool.acquire().await.unwrap();
        store::insert_key(&mut db, &fresh, app.ambient.now())
            .await
            .unwrap();
        let bot = app.anyone.with_key(&fresh.text());
        bot.get("/v1/events").await.expect(200);
    });
}

#[test]
fn a_flood_of_one_unknown_page_costs_no_queries() {
    run_test(async |app| {
        let unknown = "/p/00aaaaaaaaaaaaaaaaaaaaaa";
        let first = app.anyone.get(unknown).await;
        assert_eq!(first.status, 404);
        let mut db = app.pool.acquire().await.unwrap();
        run(&mut db, "ALTER TABLE link_tokens RENAME TO hidden").await;
        let again = app.anyone.get(unknown).await;
        let malformed = app.anyone.get("/p/short").await;
        let other = app.anyone.get("/p/00bbbbbbbbbbbbbbbbbbbbbb").await;
        run(&mut db, "ALTER TABLE hidden RENAME TO link_tokens").await;
        for answer in [&again, &malformed] {
            assert_eq!((answer.status, &answer.bytes), (404, &first.bytes));
        }
        assert_eq!(other.status, 500);
        assert_eq!(
            app.anyone.get("/p/00bbbbbbbbbbbbbbbbbbbbbb").await.status,
            404
        );
    });
}
